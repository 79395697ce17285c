import Foundation
import Glibc
import Testing

private let mayMount = geteuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0

/// The commands on a mount whose server is gone, made by mounting and closing the device: only root can.
@Suite(.serialized, .enabled(if: mayMount, "needs root and /dev/fuse"))
struct DeadMountTests {
    /// Takes away what a failed test left mounted.
    final class DeadMount: Sendable {
        let program: Program

        init() throws {
            program = try Program()
            try FileManager.default.createDirectory(atPath: program.mountPoint, withIntermediateDirectories: false)
            let device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
            try #require(device >= 0)
            defer { close(device) }
            let options = "fd=\(device),rootmode=40000,user_id=0,group_id=0"
            try #require(mount("aliyunfs", program.mountPoint, "fuse.aliyunfs", 0, options) == 0)
        }

        deinit { umount2(program.mountPoint, Int32(MNT_DETACH)) }

        var isThere: Bool {
            var status = stat()
            return stat(program.mountPoint, &status) != 0
        }
    }

    let dead: DeadMount

    init() throws { dead = try DeadMount() }

    @Test func statusSaysSo() async throws {
        let place = dead.program.mountPoint
        let text = try await dead.program.run(["status", place])
        #expect(text.status == 1)
        #expect(text.output.hasPrefix("\(place): DEAD, its process is gone; "))
        let json = try await dead.program.run(["status", "--json", place + "/inside"])
        #expect(json.status == 1)
        #expect(json.output.contains("\"state\" : \"dead\""))
    }

    @Test func unmountTakesItAway() async throws {
        let outcome = try await dead.program.run(["unmount", dead.program.mountPoint])
        #expect(outcome.status == 0 && outcome.complaint.isEmpty)
        #expect(!dead.isThere)
    }

    @Test func mountClearsItFirst() async throws {
        // Without a login it gets no further than that.
        let outcome = try await dead.program.run(
            ["mount", "-f", "--state-dir", dead.program.state, "--log-file", "log", dead.program.mountPoint])
        #expect(outcome.status == 77)
        #expect(!dead.isThere)
        let log = try String(contentsOfFile: dead.program.home.path + "/log", encoding: .utf8)
        #expect(log.contains("cleared a dead mount"))
    }
}
