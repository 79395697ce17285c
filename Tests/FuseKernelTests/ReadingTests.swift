import Basics
import Glibc
import TestSupport
import Testing
import VFS

@testable import FuseKernel

@Suite(.enabled(if: hasFuseDevice, "needs /dev/fuse"), .timeLimit(.minutes(1)))
struct ReadingTests {
    @Test func aSmallFileReadsAsItIs() async throws {
        let fileSystem = SyntheticFileSystem()
        fileSystem.add("hello", .bytes(Array("hello, world\n".utf8)))
        fileSystem.add("empty", .bytes([]))
        try await withMount(fileSystem) { mount in
            #expect(await Child.run("cat", mount("hello")).text == "hello, world\n")
            #expect(await Child.run("cat", mount("empty")).output == [])
        }
    }

    /// 33 MiB and a bit: many full reads, one short one, and pages that end in the middle.
    @Test func aLargeFileReadsAsItIsInEveryWay() async throws {
        let fileSystem = SyntheticFileSystem()
        let size = (33 << 20) + 4321
        fileSystem.add("large", .pattern(Int64(size)))
        try await withMount(fileSystem) { mount in
            let expected = await sum(ofPattern: size)
            #expect(await Child.run("sha256sum", mount("large")).text.hasPrefix(expected))
            let direct = await Child.run(
                "sh", "-c", "dd if=\(mount("large")) iflag=direct bs=3M status=none | sha256sum")
            #expect(direct.text.hasPrefix(expected))
            let tail = await Child.run("tail", "-c", "5", mount("large"))
            #expect(tail.output == (size - 5..<size).map { SyntheticFileSystem.pattern(Int64($0)) })
            #expect(mount.session.statistics.bytesRead >= UInt64(size))
        }
    }

    @Test func eightReadersAtOnceGetTheSameBytes() async throws {
        let fileSystem = SyntheticFileSystem()
        let size = 8 << 20
        for number in 0..<8 { fileSystem.add(FileName("file-\(number)"), .pattern(Int64(size))) }
        var options = FuseOptions()
        // Fewer buffers than readers: some have to queue for one.
        options.largeBuffersMax = 2
        options.smallBuffersMax = 2
        try await withMount(fileSystem, options) { mount in
            let expected = await sum(ofPattern: size)
            let sums = await withTaskGroup(of: String.self) { group in
                for number in 0..<8 {
                    group.addTask { await Child.run("sha256sum", mount("file-\(number)")).text }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(sums.count == 8)
            #expect(sums.allSatisfy { $0.hasPrefix(expected) })
            #expect(mount.session.statistics.readsParked == 0)
        }
    }

    @Test func theSecondOpenOfAKeptFileReadsNothing() async throws {
        let fileSystem = SyntheticFileSystem()
        fileSystem.add("kept", .pattern(1 << 20))
        try await withMount(fileSystem) { mount in
            _ = await Child.run("cat", mount("kept"))
            let reads = fileSystem.calls[.read]
            _ = await Child.run("cat", mount("kept"))
            #expect(reads > 0)
            #expect(fileSystem.calls[.read] == reads)
            #expect(fileSystem.calls[.open] == 2)
        }
    }

    @Test func withoutKeepingTheSecondOpenReadsAgain() async throws {
        var trust = SyntheticFileSystem.Trust()
        trust.keepsCache = false
        let fileSystem = SyntheticFileSystem(trust: trust)
        fileSystem.add("fresh", .pattern(1 << 20))
        try await withMount(fileSystem) { mount in
            _ = await Child.run("cat", mount("fresh"))
            let reads = fileSystem.calls[.read]
            _ = await Child.run("cat", mount("fresh"))
            #expect(fileSystem.calls[.read] > reads)
        }
    }

    @Test func everyOpenIsReleased() async throws {
        let fileSystem = SyntheticFileSystem()
        fileSystem.add("hello", .bytes([1, 2, 3]))
        try await withMount(fileSystem) { mount in
            for _ in 0..<3 { _ = await Child.run("cat", mount("hello")) }
            _ = await Child.run("ls", mount.path)
            // A release is sent after close has returned.
            try await fileSystem.calls.wait(for: .release, count: 3)
            try await fileSystem.calls.wait(for: .releaseDirectory, count: 1)
            #expect(fileSystem.openCount == 0)
        }
    }

    @Test func writingIsRefusedByTheKernel() async throws {
        let fileSystem = SyntheticFileSystem()
        fileSystem.add("hello", .bytes([1]))
        try await withMount(fileSystem) { mount in
            let outcome = await Child.run("touch", mount("new"))
            #expect(outcome.status == 1)
            #expect(outcome.text.contains("Read-only file system"))
        }
    }

    /// The SHA-256 of the pattern, by a program that reads it from its standard input.
    private func sum(ofPattern size: Int) async -> String {
        await withPatternFile(size) { path in
            String(await Child.run("sha256sum", path).text.prefix(64))
        }
    }

    /// A file outside the mount that holds the pattern.
    private func withPatternFile(_ size: Int, _ body: (String) async -> String) async -> String {
        let path = "/tmp/fusekernel-pattern-\(getpid())-\(size)-\(UInt64.random(in: 0..<(.max)))"
        await onThread {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
            defer { buffer.deallocate() }
            SyntheticFileSystem.fill(buffer, from: 0)
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            defer { close(descriptor) }
            var done = 0
            while done < size {
                let count = write(descriptor, buffer.baseAddress?.advanced(by: done), size - done)
                if count <= 0 { break }
                done += count
            }
        }
        let answer = await body(path)
        unlink(path)
        return answer
    }
}
