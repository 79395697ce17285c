import Basics
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
