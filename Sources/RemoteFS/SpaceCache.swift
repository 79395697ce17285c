import Basics
import Drive
import Logging
import Synchronization
import VFS

/// The account's space, asked for at most once a minute however many `df` there are.
final class SpaceCache: Sendable {
    private struct State {
        var known: SpaceInfo?
        var freshUntil = Moment(sinceBoot: .zero)
        var request: Flight<SpaceInfo, DriveError>?

        enum Decision {
            case serve(SpaceInfo)
            case join(Flight<SpaceInfo, DriveError>)
            case ask(Flight<SpaceInfo, DriveError>)
        }

        mutating func wanted(_ time: any TimeSource) -> Decision {
            if let known, time.now() < freshUntil { return .serve(known) }
            if let request { return .join(request) }
            let request = Flight<SpaceInfo, DriveError>(time: time)
            self.request = request
            return .ask(request)
        }
    }

    private static let lifetime = Duration.seconds(60)

    private let drive: any Drive
    private let time: any TimeSource
    private let log: Logger
    private let tasks: TaskRegistry
    private let state = Mutex(State())

    init(drive: any Drive, time: any TimeSource, log: Logger, tasks: TaskRegistry) {
        self.drive = drive
        self.time = time
        self.log = log
        self.tasks = tasks
    }

    /// What the drive said last, however long ago; asks it anew behind the caller's back when that was long ago.
    func glance() -> SpaceInfo? {
        if case .ask(let new) = state.withLock({ $0.wanted(time) }) { tasks.spawn { await self.ask(new) } }
        return state.withLock { $0.known }
    }

    /// What is known and not older than a minute; else the drive's answer; else, when it cannot be reached, what was
    /// known last.
    func value(until deadline: Moment) async throws(FSError) -> SpaceInfo {
        let request: Flight<SpaceInfo, DriveError>
        switch state.withLock({ $0.wanted(time) }) {
        case .serve(let space): return space
        case .join(let underWay): request = underWay
        case .ask(let new):
            request = new
            tasks.spawn { await self.ask(new) }
        }
        do throws(FlightError<DriveError>) {
            return try await request.value(until: deadline)
        } catch {
            if let known = state.withLock({ $0.known }) { return known }
            throw FSError(error) { FSError($0) }
        }
    }

    private func ask(_ request: Flight<SpaceInfo, DriveError>) async {
        let result: Result<SpaceInfo, DriveError>
        do throws(DriveError) {
            result = .success(try await drive.space(.foreground))
        } catch {
            log.warning("the account's space cannot be had: \(error)")
            result = .failure(error)
        }
        state.withLock { state in
            state.request = nil
            if case .success(let space) = result {
                state.known = space
                state.freshUntil = time.now() + Self.lifetime
            }
        }
        request.complete(result)
    }
}
