import ArgumentParser
import Glibc
import ProcessLife
import Settings
import Status
import SystemPackage

struct UnmountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmount",
        abstract: "Wait for uploads, take a mount away, and wait until its process has ended.",
        discussion: """
            What is not uploaded when the time is over stays in the journal and goes on at the next mount. Exit \
            status: 0 also then; 1 when something does not get to the drive without your doing.
            """)

    @Flag(help: "take it away also while it is in use or does not answer, without waiting for uploads")
    var force = false

    @Option(help: ArgumentHelp("how long to wait for uploads (default: as the mount was told)", valueName: "TIME"))
    var drainTimeout: String?

    @Flag(help: "print JSON")
    var json = false

    @Argument(help: ArgumentHelp("a mount, or a path in one", valueName: "MOUNTPOINT"), completion: .directory)
    var mountPoint: String

    func run() async throws {
        let limit = try drainLimit()
        let mount = try await OurMount.named(mountPoint)
        let answer = await OurMount.ask(mount, within: .seconds(force ? 3 : 10))
        let report = Self.report(answer)
        let server = report.flatMap { OtherProcess(pid: $0.pid) }
        if !force, let report { await drain(mount, report, limit) }
        if force, answer == .silent, !Unmounter.abort(mount) {
            Terminal.complain("\(mount.mountPoint): the kernel does not let us break the connection; going on")
        }
        // Asked once more: what stays is told from this when the journal cannot be looked into.
        let last = force ? report : await OurMount.report(mount) ?? report
        try await unmount(mount, lazily: force || answer == .dead)
        try await wait(for: server, of: mount)
        try await tellWhatStays(last)
    }

    private func drainLimit() throws(MountFailure) -> Duration? {
        guard let drainTimeout else { return nil }
        guard let limit = TimeSpan.parse(drainTimeout) else {
            throw MountFailure(
                .usage, "--drain-timeout: '\(Given.shown(drainTimeout))' is not allowed; use a time such as 30s or 5m")
        }
        return limit
    }

    /// Whatever keeps this from being done is no reason to leave the mount in place.
    private func drain(_ mount: MountTable.Entry, _ report: StatusReport, _ given: Duration?) async {
        guard let queue = report.queue, queue.changes > 0 else { return }
        let limit = given ?? .seconds(report.drainSeconds ?? 300)
        guard limit > .zero else { return }
        if !json {
            Terminal.complain(
                "waiting for \(QueueText.changes(queue.changes)), for \(TimeSpan.text(limit)) at most "
                    + "(--force does not wait)")
        }
        do throws(MountFailure) {
            let root = Subject(mount: mount, path: mount.mountPoint)
            _ = try await UploadWait(subject: root).run(atMost: limit)
        } catch {
            Terminal.complain(error.message)
        }
    }

    private func wait(for server: OtherProcess?, of mount: MountTable.Entry) async throws(MountFailure) {
        guard let server else { return }
        if await server.ends(within: .seconds(force ? 5 : 60), on: Composition.time) { return }
        if force, await Self.endByForce(server) { return }
        throw MountFailure(
            .cannotCreate,
            "\(mount.mountPoint): is unmounted, but process \(server.pid) has not ended; see its log, or end it with "
                + "'kill \(server.pid)'")
    }

    private struct Output: Encodable {
        var left: [StatusReport.Change]
    }

    private func tellWhatStays(_ last: StatusReport?) async throws {
        let left = await Self.left(last)
        if json {
            let text = try StatusReport.encoder(pretty: true).encode(Output(left: left))
            Terminal.say(String(decoding: text, as: UTF8.self))
        } else if !left.isEmpty {
            let names = left.prefix(3).map(\.shown).joined(separator: ", ")
            let more = left.count > 3 ? " and \(left.count - 3) more" : ""
            let verb = left.count == 1 ? "stays in the journal and goes" : "stay in the journal and go"
            Terminal.say(
                QueueText.plain("\(QueueText.changes(left.count)) \(verb) on at the next mount: \(names)\(more)"))
        }
        guard let failed = left.first(where: { $0.stage == .failed }) else { return }
        throw MountFailure(.negative, SyncCommand.words(failed))
    }

    /// From the journal, which the server has closed by now.
    private static func left(_ last: StatusReport?) async -> [StatusReport.Change] {
        guard let last, let stateDir = last.stateDir else { return [] }
        do throws(MountFailure) {
            return try await UploadsExport.left(in: FilePath(stateDir))
        } catch {
            return last.queue?.first ?? []
        }
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

    private static func report(_ answer: MountProbe.Answer) -> StatusReport? {
        guard case .alive(let bytes) = answer else { return nil }
        do { return try StatusReport(json: bytes) } catch { return nil }
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
