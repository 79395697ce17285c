import Basics
import CFuse
import Glibc
import Testing
import VFS

@testable import FuseKernel

@Suite struct KernelValuesTests {
    @Test func durationsBecomeSecondsAndNeverNegativeOnes() {
        #expect(Duration.seconds(60).kernelSeconds == 60)
        #expect(Duration.milliseconds(1500).kernelSeconds == 1.5)
        #expect(Duration.zero.kernelSeconds == 0)
        #expect((Duration.zero - .seconds(3)).kernelSeconds == 0)
    }

    @Test func openFlagsAreRecognised() {
        #expect(OpenFlags(kernelFlags: O_RDONLY) == [])
        #expect(OpenFlags(kernelFlags: O_WRONLY) == .write)
        #expect(OpenFlags(kernelFlags: O_RDWR | O_TRUNC | O_APPEND) == [.write, .truncate, .append])
    }

    @Test func renameFlagsAreRecognised() {
        #expect([0, 1, 2].map { RenameMode(kernelFlags: $0) } == [.replace, .refuse, .exchange])
        #expect([3, 4, 5, 1 << 31].allSatisfy { RenameMode(kernelFlags: $0) == nil })
    }

    @Test func allocationFlagsAreRecognised() {
        let known: [(Int32, AllocationMode)] = [
            (0, .allocate(keepSize: false)), (1, .allocate(keepSize: true)), (3, .punchHole),
            (16, .zero(keepSize: false)), (17, .zero(keepSize: true)),
        ]
        for (flags, mode) in known { #expect(AllocationMode(kernelFlags: flags) == mode) }
        // A hole that lengthens the file, collapsed and inserted ranges, unshared ones.
        #expect([2, 8, 32, 64, 18].allSatisfy { AllocationMode(kernelFlags: $0) == nil })
    }

    @Test func onlyWhatIsToBeSetIsTakenFromAttributes() {
        var attributes = stat()
        attributes.st_size = 7
        attributes.st_mode = S_IFREG | 0o6755
        attributes.st_uid = 12
        attributes.st_gid = 34
        attributes.st_atim = timespec(tv_sec: -1, tv_nsec: 999_999_999)
        attributes.st_mtim = timespec(tv_sec: 1 << 33, tv_nsec: 0)
        let (mode, size) = (FUSE_SET_ATTR_MODE, FUSE_SET_ATTR_SIZE)
        let (access, modification) = (FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_MTIME)
        let now = FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME_NOW
        #expect(AttributeChange(attributes, toSet: 0) == AttributeChange())
        // The change time, and bits of capabilities that we did not ask for.
        #expect(AttributeChange(attributes, toSet: 1 << 10 | 1 << 11 | 1 << 12) == AttributeChange())
        #expect(AttributeChange(attributes, toSet: mode | size) == AttributeChange(size: 7, permissions: 0o6755))
        #expect(
            AttributeChange(attributes, toSet: FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)
                == AttributeChange(userID: 12, groupID: 34))
        #expect(
            AttributeChange(attributes, toSet: access | modification)
                == AttributeChange(
                    accessed: .at(UnixTime(seconds: -1, nanoseconds: 999_999_999)),
                    modified: .at(UnixTime(seconds: 1 << 33))))
        #expect(
            AttributeChange(attributes, toSet: access | modification | now)
                == AttributeChange(accessed: .now, modified: .now))
    }

    @Test(arguments: [
        ("a", true), ("", false), ("a/b", false), ("a\0b", false), (String(repeating: "n", count: 255), true),
        (String(repeating: "n", count: 256), false), ("\n", true),
    ])
    func namesForTheKernel(name: String, isFine: Bool) {
        #expect(FileName(name).isKernelName == isFine)
    }

    @Test func noErrorTellsTheKernelToStopAsking() {
        #expect(FSError.notSupported.errno == EOPNOTSUPP)
    }

    @Test func theArgumentsForLibfuse() {
        var options = FuseOptions()
        options.access = .everybody
        options.extraOptions = ["noatime"]
        #expect(
            options.arguments == [
                "aliyunfs", "-o", "fsname=aliyunfs", "-o", "subtype=aliyunfs", "-o", "max_read=1048576", "-o",
                "allow_other", "-o", "default_permissions", "-o", "ro", "-o", "noatime",
            ])
        options.access = .ownerAndRoot
        options.readOnly = false
        #expect(options.arguments.contains("allow_root"))
        #expect(!options.arguments.contains("ro"))
    }
}
