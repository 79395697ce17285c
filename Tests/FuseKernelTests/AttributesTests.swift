import Basics
import Glibc
import TestSupport
import Testing
import VFS

@testable import FuseKernel

@Suite(.enabled(if: hasFuseDevice, "needs /dev/fuse"), .timeLimit(.minutes(1)))
struct AttributesTests {
    @Test func statShowsWhatTheFilesystemSays() async throws {
        let fileSystem = SyntheticFileSystem()
        let file = fileSystem.add("file", .pattern(12_345))
        let folder = fileSystem.add("folder", .directory)
        try await withMount(fileSystem) { mount in
            let format = "%F|%s|%b|%a|%h|%i|%o|%y"
            let shown = await Child.run("env", "TZ=UTC", "stat", "-c", format, mount("file"), mount("folder"))
            let time = "2020-09-13 12:26:40.123456789 +0000"
            #expect(
                shown.text == """
                    regular file|12345|25|640|1|\(file.rawValue)|\(FuseOptions().blockSizeBytes)|\(time)
                    directory|0|0|755|2|\(folder.rawValue)|\(FuseOptions().blockSizeBytes)|\(time)

                    """)
        }
    }

    @Test func attributesWithoutTimeAreAskedForEachTime() async throws {
        var trust = SyntheticFileSystem.Trust()
        trust.attributes = .zero
        let fileSystem = SyntheticFileSystem(trust: trust)
        fileSystem.add("file", .bytes([]))
        try await withMount(fileSystem) { mount in
            _ = await Child.run("stat", mount("file"))
            let asked = fileSystem.calls[.attributes]
            _ = await Child.run("stat", mount("file"))
            #expect(fileSystem.calls[.attributes] > asked)
            #expect(fileSystem.calls[.lookup] == 1)
        }
    }

    @Test func statfsShowsTheSpace() async throws {
        try await withMount(SyntheticFileSystem()) { mount in
            let shown = await Child.run("stat", "-f", "-c", "%S %b %a %l", mount.path)
            #expect(shown.text == "4096 \((1 << 40) / 4096) \((1 << 39) / 4096) 255\n")
        }
    }

    @Test(.enabled(if: access("/usr/bin/getfattr", X_OK) == 0, "needs getfattr, of the package attr"))
    func extendedAttributesAreRead() async throws {
        let fileSystem = SyntheticFileSystem()
        let inode = fileSystem.add("file", .bytes([]))
        try await withMount(fileSystem) { mount in
            let names = await Child.run("getfattr", "--absolute-names", mount("file")).text
            #expect(names.contains("\nuser.aliyun.file_id\nuser.aliyun.name\n"))
            let value = await Child.run(
                "getfattr", "--absolute-names", "--only-values", "-n", "user.aliyun.file_id", mount("file"))
            #expect(value.text == "id-\(inode.rawValue)")
            let missing = await Child.run("getfattr", "--absolute-names", "-n", "user.other", mount("file"))
            #expect(missing.text.contains("No such attribute"))
        }
    }

    @Test func theMountTableNamesTheFilesystem() async throws {
        try await withMount(SyntheticFileSystem()) { mount in
            let table = await Child.run("cat", "/proc/self/mountinfo").text
            let line = table.split(separator: "\n").first { $0.contains(" \(mount.path) ") }
            #expect(line?.contains(" - fuse.test aliyunfs ro,") == true)
            #expect(line?.contains("default_permissions") == true)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root may write the device's read-ahead"))
    func theKernelsReadAheadIsRaised() async throws {
        try await withMount(SyntheticFileSystem()) { mount in
            _ = await Child.run("ls", mount.path)
            let device = await Child.run("stat", "-c", "%Hd:%Ld", mount.path).text.trimmed
            let path = "/sys/class/bdi/\(device)/read_ahead_kb"
            var shown = ""
            while shown != "1024" {
                try await SystemTime().sleep(for: .milliseconds(10))
                shown = await Child.run("cat", path).text.trimmed
            }
        }
    }
}

extension String {
    fileprivate var trimmed: String { String(split(separator: "\n").first ?? "") }
}
