import Basics
import Glibc
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
            #expect(await Child.run("ls", mount.path).text == "empty\nhello\n")
        }
    }
}
