import Basics
import Glibc
import TestSupport
import Testing
import VFS

@testable import FuseKernel

@Suite(.enabled(if: hasFuseDevice, "needs /dev/fuse"), .timeLimit(.minutes(1)))
struct ListingTests {
    @Test func tenThousandEntriesEachOnceInSmallBuffers() async throws {
        let fileSystem = SyntheticFileSystem()
        let folder = fileSystem.add("many", .directory)
        for number in 0..<10_000 { fileSystem.add(FileName("entry-\(number)"), .bytes([]), in: folder) }
        try await withMount(fileSystem) { mount in
            let path = mount("many")
            let names = await onThread { Self.names(in: path, bufferBytes: 600) }
            #expect(names.count == 10_002)
            #expect(Set(names) == Set((0..<10_000).map { FileName("entry-\($0)") } + [".", ".."]))
            // Small buffers really came to the bridge: a page holds about 22 entries with their attributes.
            #expect(fileSystem.calls[.readDirectory] > 300)
        }
    }

    @Test func aLongListingAsksForNoEntryByItself() async throws {
        let fileSystem = SyntheticFileSystem()
        let folder = fileSystem.add("many", .directory)
        for number in 0..<1000 { fileSystem.add(FileName("entry-\(number)"), .pattern(Int64(number)), in: folder) }
        try await withMount(fileSystem) { mount in
            let before = fileSystem.calls[.lookup]
            let listing = await Child.run("ls", "-l", mount("many"))
            #expect(listing.text.split(separator: "\n").count == 1001)
            // One lookup: the folder itself.
            #expect(fileSystem.calls[.lookup] - before == 1)
            #expect(fileSystem.calls[.attributes] <= 2)
        }
    }

    @Test func oddNamesPassUnchanged() async throws {
        let names: [FileName] = [
            "with space", "new\nline", "-dash", "中文 名字", "🙂", "e\u{301}", "\u{e9}", "back\\slash",
            "\u{1}\u{7f}",
            FileName(bytes: [0xff, 0xfe, 0x80]), FileName(bytes: [UInt8](repeating: UInt8(ascii: "n"), count: 255)),
        ]
        let fileSystem = SyntheticFileSystem()
        for (number, name) in names.enumerated() { fileSystem.add(name, .bytes([UInt8(number)])) }
        try await withMount(fileSystem) { mount in
            let found = await onThread { Self.names(in: mount.path, bufferBytes: 32_768) }
            #expect(Set(found) == Set(names + [".", ".."]))
            let sizes = await Child.run("find", mount.path, "-type", "f", "-size", "1c", "-printf", "x")
            #expect(sizes.text.count == names.count)
        }
    }

    @Test func aNameTheKernelCannotTakeIsLeftOutAndNothingElse() async throws {
        let fileSystem = SyntheticFileSystem()
        fileSystem.add("before", .bytes([]))
        fileSystem.add("sl/ash", .bytes([]))
        fileSystem.add(FileName(bytes: [UInt8](repeating: 1, count: 300)), .bytes([]))
        fileSystem.add("after", .bytes([]))
        try await withMount(fileSystem) { mount in
            #expect(await Child.run("ls", mount.path).text == "after\nbefore\n")
            #expect(mount.session.statistics.namesLeftOut == 2)
            // Their credits came back at once.
            #expect(fileSystem.held.values.reduce(0, +) == 2)
        }
    }

    @Test func anErrorInTheMiddleComesAfterTheEntriesBeforeIt() async throws {
        let fileSystem = SyntheticFileSystem()
        for number in 0..<10 { fileSystem.add(FileName("entry-\(number)"), .bytes([])) }
        fileSystem.failListing(at: 7)
        try await withMount(fileSystem) { mount in
            let outcome = await Child.run("ls", mount.path)
            #expect(outcome.status == 2)
            #expect(outcome.text.contains("Network is unreachable"))
            #expect(outcome.text.contains("entry-4"))
            #expect(!outcome.text.contains("entry-5"))
            // It was told once, and the listing is whole again.
            #expect(await Child.run("ls", mount.path).text.split(separator: "\n").count == 10)
        }
    }

    @Test func aCachedListingIsReadOnceUntilItIsInvalidated() async throws {
        var trust = SyntheticFileSystem.Trust()
        trust.cachesListings = true
        let fileSystem = SyntheticFileSystem(trust: trust)
        fileSystem.add("one", .bytes([]))
        try await withMount(fileSystem) { mount in
            _ = await Child.run("ls", mount.path)
            let calls = fileSystem.calls[.readDirectory]
            #expect(await Child.run("ls", mount.path).text == "one\n")
            #expect(fileSystem.calls[.readDirectory] == calls)
            fileSystem.add("two", .bytes([]))
            fileSystem.kernel?.invalidate(.root, content: true)
            try await mount.whenNotificationsAreDelivered()
            #expect(await Child.run("ls", mount.path).text == "one\ntwo\n")
        }
    }

    /// What getdents64 returns when called with a buffer of this size; runs on a thread of its own.
    private static func names(in path: String, bufferBytes: Int) -> [FileName] {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferBytes, alignment: 8)
        defer { buffer.deallocate() }
        guard let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return [] }
        var names: [FileName] = []
        var base: off_t = 0
        while true {
            let count = getdirentries(descriptor, start, bufferBytes, &base)
            if count <= 0 { return names }
            var at = 0
            while at < count {
                // struct linux_dirent64: inode, offset, 16-bit length, type, name.
                let length = Int(buffer.loadUnaligned(fromByteOffset: at + 16, as: UInt16.self))
                names.append(FileName(bytes: buffer[at + 19..<at + length].prefix { $0 != 0 }))
                at += length
            }
        }
    }
}
