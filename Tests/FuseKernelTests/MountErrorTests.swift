import Basics
import Glibc
import TestSupport
import Testing
import VFS

@testable import FuseKernel

@Suite(.enabled(if: hasFuseDevice, "needs /dev/fuse"), .timeLimit(.minutes(1)))
struct MountErrorTests {
    @Test func aMissingMountPoint() async {
        await #expect(throws: MountError.mountPointMissing("/tmp/fusekernel-is-not-here")) {
            try await mount(at: "/tmp/fusekernel-is-not-here")
        }
    }

    @Test func aMountPointThatIsAFile() async {
        await #expect(throws: MountError.mountPointNotADirectory("/etc/hostname")) {
            try await mount(at: "/etc/hostname")
        }
        await #expect(throws: MountError.mountPointNotADirectory("/etc/hostname/below")) {
            try await mount(at: "/etc/hostname/below")
        }
    }

    @Test func aMountPointMayBeRelative() async throws {
        try await withFolder { path in
            let relative = "../../../../../../../..\(path)"
            let session = try await FuseSession.mount(
                SyntheticFileSystem(), at: relative, time: SystemTime(), logger: quietLogger())
            #expect(await Child.run("cat", "/proc/self/mountinfo").text.contains(" \(path) "))
            session.requestExit()
            _ = try await session.end()
            #expect(await !Child.run("cat", "/proc/self/mountinfo").text.contains(" \(path) "))
        }
    }

    @Test func anOptionThatNobodyKnows() async throws {
        try await withFolder { path in
            var options = FuseOptions()
            options.extraOptions = ["frobnicate=3"]
            do {
                try await mount(at: path, options)
                Issue.record("it mounted")
            } catch MountError.optionNotUnderstood(let words) {
                #expect(words.contains("frobnicate"))
            }
        }
    }

    @Test func aFolderWithFilesInItIsFine() async throws {
        try await withFolder { path in
            _ = await Child.run("touch", "\(path)/below")
            let session = try await FuseSession.mount(
                SyntheticFileSystem(), at: path, time: SystemTime(), logger: quietLogger())
            #expect(await Child.run("ls", path).text == "")
            session.requestExit()
            _ = try await session.end()
            #expect(await Child.run("ls", path).text == "below\n")
            unlink("\(path)/below")
        }
    }

    @Test func everyErrorSaysWhatToMend() {
        #expect("\(MountError.deviceMissing)".contains("/dev/fuse"))
        #expect("\(MountError.helperMissing)".contains("fuse3"))
        #expect("\(MountError.deviceNotAccessible(errno: EACCES))".contains("Permission denied"))
        #expect("\(MountError.sharingNotAllowed)".contains("user_allow_other"))
    }

    private func mount(at path: String, _ options: FuseOptions = FuseOptions()) async throws {
        let session = try await FuseSession.mount(
            SyntheticFileSystem(), at: path, options: options, time: SystemTime(), logger: quietLogger())
        session.requestExit()
        _ = try await session.end()
    }
}
