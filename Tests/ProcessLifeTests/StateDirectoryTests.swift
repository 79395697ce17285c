import Foundation
import Glibc
import SystemPackage
import Testing

@testable import ProcessLife

@Suite struct StateDirectoryTests {
    let work: Workplace

    init() throws { work = try Workplace() }

    @Test func aMissingFolderIsMadePrivate() throws {
        let state = try StateDirectory(work.path.appending("a/b"), mountPoint: "/mnt/x")
        #expect(try work.mode("a") == 0o700)
        #expect(try work.mode("a/b") == 0o700)
        #expect(try work.mode("a/b/lock") == 0o600)
        #expect(state.path == work.path.appending("a/b"))
    }

    @Test func aSecondHolderIsToldOfTheFirst() throws {
        let path = work.path.appending("state")
        var first: StateDirectory? = try StateDirectory(path, mountPoint: "/mnt/x")
        do throws(StateDirectory.Failure) {
            _ = try StateDirectory(path, mountPoint: "/mnt/y")
            Issue.record("two hold one lock")
        } catch {
            #expect(error == .inUse(path, by: .init(pid: getpid(), mountPoint: "/mnt/x")))
            #expect(
                error.message == "\(path): is in use by process \(getpid()), which serves /mnt/x; run "
                    + "'aliyunfs unmount /mnt/x' first, or mount with another --profile")
        }
        first = nil
        #expect(first == nil)
        _ = try StateDirectory(path, mountPoint: "/mnt/y")
    }

    /// Its descriptor is closed once: closed again, the number may be that of another thread's file.
    @Test func aRefusedHolderClosesNothingOfOthers() async throws {
        let path = work.path.appending("state")
        let first = try StateDirectory(path, mountPoint: "/mnt/x")
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    let other = open("/dev/null", O_RDONLY | O_CLOEXEC)
                    #expect(other >= 0 && close(other) == 0)
                }
            }
            for _ in 0..<2_000 {
                #expect(throws: StateDirectory.Failure.self) { try StateDirectory(path, mountPoint: "/mnt/y") }
            }
            group.cancelAll()
        }
        withExtendedLifetime(first) {}
    }

    @Test func aFolderThatOthersReadIsRefusedAndLeftAlone() throws {
        try FileManager.default.createDirectory(
            atPath: work.path.appending("open").string, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o755])
        let path = work.path.appending("open")
        #expect(throws: StateDirectory.Failure.open(path, mode: 0o755)) {
            try StateDirectory(path, mountPoint: "/mnt/x")
        }
        #expect(try work.mode("open") == 0o755)
        #expect(
            StateDirectory.Failure.open("/s", mode: 0o755).message.hasPrefix(
                "/s: others may look into it (mode 0755); "))
        #expect(!StateDirectory.Failure.open("/tmp", mode: 0o1777).message.contains("chmod"))
    }

    @Test func whatIsNoFolderIsRefused() throws {
        let path = work.path.appending("file")
        #expect(FileManager.default.createFile(atPath: path.string, contents: nil))
        #expect(throws: StateDirectory.Failure.notAFolder(path)) { try StateDirectory(path, mountPoint: "/mnt/x") }
        #expect(throws: StateDirectory.Failure.self) { try StateDirectory(path.appending("in"), mountPoint: "/mnt/x") }
    }

    @Test func aLockThatIsALinkIsNotFollowed() throws {
        let state = work.path.appending("state")
        try FileManager.default.createDirectory(
            atPath: state.string, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        let target = work.path.appending("target")
        #expect(FileManager.default.createFile(atPath: target.string, contents: Data("kept".utf8)))
        try FileManager.default.createSymbolicLink(
            atPath: state.appending("lock").string, withDestinationPath: target.string)
        #expect(throws: StateDirectory.Failure.self) { try StateDirectory(state, mountPoint: "/mnt/x") }
        #expect(try target.readText(atMost: 100) == "kept")
    }
}
