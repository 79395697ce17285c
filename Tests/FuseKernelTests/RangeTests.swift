import Basics
import Glibc
import TestSupport
import Testing
import VFS

@testable import FuseKernel

/// Room, holes and copies.
@Suite(.enabled(if: hasFuseDevice, "needs /dev/fuse"), .timeLimit(.minutes(1)))
struct RangeTests {
    let fileSystem = WritableFileSystem()
    private static let keepSize: Int32 = 1
    private static let punchHole: Int32 = 2
    private static let collapse: Int32 = 8
    private static let zero: Int32 = 16
    private static let block = 4096

    @Test func roomAndHoles() async throws {
        let ones = [UInt8](repeating: 1, count: Self.block)
        try await withMount(fileSystem, writable()) { mount in
            let sizes = try await calling {
                try Call.with(mount("file"), O_RDWR | O_CREAT) { file in
                    var sizes: [Int] = []
                    func allocate(_ mode: Int32, _ offset: Int, _ length: Int) throws {
                        try Call.allocate(file, mode: mode, offset, length)
                        sizes.append(try Call.status(mount("file")).st_size)
                    }
                    try allocate(0, 0, 2 * Self.block)
                    try allocate(Self.keepSize, 0, 9 * Self.block)
                    try Call.write(file, ones + ones, at: 0)
                    try allocate(Self.punchHole | Self.keepSize, 0, Self.block)
                    try allocate(Self.zero | Self.keepSize, Self.block, 100)
                    try allocate(Self.zero, Self.block, 3 * Self.block)
                    return sizes
                }
            }
            #expect(sizes == [2, 2, 2, 2, 4].map { $0 * Self.block })
            #expect(fileSystem.calls[.allocate] == 5)
            #expect(fileSystem.bytes("file") == [UInt8](repeating: 0, count: 4 * Self.block))
            await #expect(throws: CallError(EOPNOTSUPP)) {
                try await calling {
                    try Call.with(mount("file"), O_RDWR) {
                        try Call.allocate($0, mode: Self.collapse, 0, Self.block)
                    }
                }
            }
        }
    }

    @Test func dataAndHolesAreFound() async throws {
        try await withMount(fileSystem, writable()) { mount in
            let found = try await calling {
                try Call.with(mount("file"), O_RDWR | O_CREAT) { file in
                    try Call.write(file, "x", at: 2 * Self.block)
                    try Call.check(ftruncate(file, 5 * Self.block))
                    return [
                        try Call.check(lseek(file, 0, Call.seekData)), try Call.check(lseek(file, 0, Call.seekHole)),
                        try Call.check(lseek(file, 2 * Self.block + 1, Call.seekHole)),
                        try Call.check(lseek(file, 0, SEEK_END)),
                    ]
                }
            }
            #expect(found == [2, 0, 3, 5].map { $0 * Self.block })
            await #expect(throws: CallError(ENXIO)) {
                try await calling {
                    try Call.with(mount("file"), O_RDONLY) {
                        try Call.check(lseek($0, 3 * Self.block, Call.seekData))
                    }
                }
            }
        }
    }

    /// A filesystem that knows nothing of holes has only data, and a hole at the end.
    @Test func withoutHolesEverythingIsData() async throws {
        fileSystem.add("file", "0123456789")
        fileSystem.fail(.seek, with: .notSupported)
        try await withMount(fileSystem) { mount in
            let found = try await calling {
                try Call.with(mount("file"), O_RDONLY) { file in
                    [try Call.check(lseek(file, 4, Call.seekData)), try Call.check(lseek(file, 4, Call.seekHole))]
                }
            }
            #expect(found == [4, 10])
            await #expect(throws: CallError(ENXIO)) {
                try await calling {
                    try Call.with(mount("file"), O_RDONLY) { try Call.check(lseek($0, 10, Call.seekData)) }
                }
            }
        }
    }

    @Test func aRangeIsCopiedFromFileToFile() async throws {
        fileSystem.add("source", "0123456789")
        fileSystem.add("target", "abc")
        try await withMount(fileSystem, writable()) { mount in
            let copied = try await calling {
                try Call.with(mount("source"), O_RDONLY) { source in
                    try Call.with(mount("target"), O_RDWR) { target in
                        let copied = [
                            try Call.copy(source, at: 2, to: target, at: 1, count: 4),
                            try Call.copy(source, at: 8, to: target, at: 5, count: 100),
                            try Call.copy(source, at: 10, to: target, at: 0, count: 1),
                        ]
                        return (copied, try Call.read(target, 100))
                    }
                }
            }
            #expect(copied.0 == [4, 2, 0])
            #expect(copied.1 == Array("a234589".utf8))
            #expect(fileSystem.calls[.copy] > 0)
            #expect(fileSystem.calls[.write] == 0)
        }
    }

    /// What cannot be copied inside is copied by the kernel.
    @Test func aCopyThatIsNotSupportedIsReadAndWritten() async throws {
        fileSystem.add("source", "0123456789")
        fileSystem.fail(.copy, with: .notSupported)
        try await withMount(fileSystem, writable()) { mount in
            #expect(await Child.run("cp", mount("source"), mount("target")).status == 0)
            #expect(fileSystem.bytes("target") == Array("0123456789".utf8))
        }
    }
}
