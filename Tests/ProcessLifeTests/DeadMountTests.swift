import Basics
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import ProcessLife

private let mayMount = geteuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0

/// A FUSE mount whose server is gone, made by mounting and closing the device: only root can.
@Suite(.enabled(if: mayMount, "needs root and /dev/fuse"))
struct DeadMountTests {
    let work: Workplace
    let time = ManualTime()

    init() throws { work = try Workplace() }

    /// Mounts; whoever holds the descriptor that comes back is the server.
    func mounted() throws -> FileDescriptor {
        let device = try FileDescriptor.open("/dev/fuse", .readWrite, options: [.closeOnExec])
        let options = "fd=\(device.rawValue),rootmode=40000,user_id=0,group_id=0"
        let status = mount("aliyunfs", work.path.string, MountTable.ourType, 0, options)
        try #require(status == 0, "mount: \(Errno(rawValue: errno))")
        return device
    }

    func ask() async -> MountProbe.Answer {
        await MountProbe(time: time, limit: .seconds(10)).ask(work.path, for: "user.aliyun.status", longest: 1_000)
    }

    @Test func itIsFoundDeadAndCleared() async throws {
        try mounted().close()
        #expect(try MountTable.current().mount(at: work.path)?.type == MountTable.ourType)
        #expect(await ask() == .dead)
        try await Unmounter(time: time, environment: [:], isRoot: true).unmount(work.path, lazily: true)
        #expect(try MountTable.current().mount(at: work.path) == nil)
    }

    @Test func aServerThatSaysNothingIsSilentUntilTheConnectionIsBroken() async throws {
        let device = try mounted()
        async let answer = ask()
        await time.sleepers(atLeast: 1)
        time.advance(by: .seconds(10))
        #expect(await answer == .silent)
        let mount = try #require(try MountTable.current().mount(at: work.path))
        if Unmounter.abort(mount) { #expect(await ask() == .dead) }
        try device.close()
        #expect(await ask() == .dead)
        try await Unmounter(time: time, environment: [:], isRoot: true).unmount(work.path, lazily: true)
    }

    @Test func aFolderThatIsNoMountHasNoReport() async {
        #expect(await ask() == .aliveWithout(.noData))
    }
}
