import ArgumentParser
import Glibc
import ProcessLife
import Settings
import Status
import SystemPackage

struct UnmountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmount",
        abstract: "Take a mount away and wait until its process has ended.")

    @Flag(help: "take it away also while it is in use or does not answer")
    var force = false

    @Argument(help: ArgumentHelp("a mount, or a path in one", valueName: "MOUNTPOINT"), completion: .directory)
    var mountPoint: String

    func run() async throws {
        let mount = try await OurMount.named(mountPoint)
        let answer = await OurMount.ask(mount, within: .seconds(force ? 3 : 10))
        let server = Self.server(answer)
        if force, answer == .silent, !Unmounter.abort(mount) {
            Terminal.complain("\(mount.mountPoint): the kernel does not let us break the connection; going on")
        }
        try await unmount(mount, lazily: force || answer == .dead)
        guard let server else { return }
        if await server.ends(within: .seconds(force ? 5 : 60), on: Composition.time) { return }
        if force, await Self.endByForce(server) { return }
        throw MountFailure(
            .cannotCreate,
            "\(mount.mountPoint): is unmounted, but process \(server.pid) has not ended; see its log, or end it with "
                + "'kill \(server.pid)'")
    }

    private func unmount(_ mount: MountTable.Entry, lazily: Bool) async throws(MountFailure) {
        let place = mount.mountPoint
        let surroundings = Surroundings.current()
        let unmounter = Unmounter(
            time: Composition.time, environment: surroundings.environment, isRoot: surroundings.isRoot)
        do throws(Unmounter.Failure) {
            try await unmounter.unmount(place, lazily: lazily)
        } catch {
            switch error {
            case .busy: throw MountFailure(.cannotCreate, Self.busy(place))
            case .notOurs:
                throw MountFailure(
                    .cannotCreate, "\(place): was mounted by another user; only that user or root may unmount it")
            case .failed(let words): throw MountFailure(.cannotCreate, "\(place): cannot be unmounted (\(words))")
            }
        }
    }

    private static func busy(_ place: FilePath) -> String {
        let holders = OtherProcess.holding(place, atMost: 6)
        let named = holders.prefix(5).map { "\($0.pid) (\($0.name))" }.joined(separator: ", ")
        let who = holders.isEmpty ? "" : " by process \(named)\(holders.count > 5 ? " and more" : "")"
        return "\(place): is in use\(who); leave it, or use --force"
    }

    private static func server(_ answer: MountProbe.Answer) -> OtherProcess? {
        guard case .alive(let bytes) = answer else { return nil }
        do { return OtherProcess(pid: try StatusReport(json: bytes).pid) } catch { return nil }
    }

    /// Ends a server that outlives its mount; only one that is a process of this very program.
    private static func endByForce(_ server: OtherProcess) async -> Bool {
        guard server.program?.lastComponent == OwnProgram.path.lastComponent else { return false }
        for signal in [SIGTERM, SIGKILL] {
            kill(server.pid, signal)
            if await server.ends(within: .seconds(10), on: Composition.time) { return true }
        }
        return false
    }
}
