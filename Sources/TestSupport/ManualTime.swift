import Basics
import Synchronization

/// Clocks that stand still until a test moves them.
///
/// Sleepers wake in the order of their deadlines. `sleepers(atLeast:)` lets a test wait until the code under test
/// really sleeps, so that no test ever sleeps itself.
public final class ManualTime: TimeSource {
    private struct Sleeper {
        var deadline: Moment
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var now = Moment(sinceBoot: .seconds(1_000))
        var wall = UnixTime(seconds: 1_700_000_000)
        var nextID = 0
        var sleepers: [Int: Sleeper] = [:]
        var cancelledEarly: Set<Int> = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    public init() {}

    public func now() -> Moment { state.withLock { $0.now } }
    public func wallTime() -> UnixTime { state.withLock { $0.wall } }

    public func sleep(until deadline: Moment) async throws(CancellationError) {
        let id = state.withLock { state -> Int in
            state.nextID += 1
            return state.nextID
        }
        let completed = await withTaskCancellationHandler {
            await withCheckedContinuation { self.park(id, until: deadline, $0) }
        } onCancel: {
            self.cancel(id)
        }
        if !completed { throw CancellationError() }
    }

    /// Moves both clocks and wakes whoever is due.
    public func advance(by duration: Duration) {
        let due = state.withLock { state -> [Sleeper] in
            state.now = state.now + duration
            let (seconds, attoseconds) = duration.components
            let nanoseconds = Int64(state.wall.nanoseconds) + attoseconds / 1_000_000_000
            state.wall.seconds += seconds + nanoseconds / 1_000_000_000
            state.wall.nanoseconds = Int32(nanoseconds % 1_000_000_000)
            let ids = state.sleepers.filter { $0.value.deadline <= state.now }.keys
            return ids.compactMap { state.sleepers.removeValue(forKey: $0) }.sorted { $0.deadline < $1.deadline }
        }
        for sleeper in due { sleeper.continuation.resume(returning: true) }
    }

    /// How many sleep right now.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// The earliest deadline anybody sleeps for.
    public var nextDeadline: Moment? { state.withLock { $0.sleepers.values.map(\.deadline).min() } }

    /// Returns once at least `count` sleep.
    public func sleepers(atLeast count: Int) async {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state -> Bool in
                if state.sleepers.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if ready { continuation.resume() }
        }
    }

    private func park(_ id: Int, until deadline: Moment, _ continuation: CheckedContinuation<Bool, Never>) {
        var verdict: Bool?
        let watchers = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            if state.cancelledEarly.remove(id) != nil {
                verdict = false
                return []
            }
            if deadline <= state.now {
                verdict = true
                return []
            }
            state.sleepers[id] = Sleeper(deadline: deadline, continuation: continuation)
            let count = state.sleepers.count
            let ready = state.watchers.filter { $0.count <= count }.map(\.continuation)
            state.watchers.removeAll { $0.count <= count }
            return ready
        }
        for watcher in watchers { watcher.resume() }
        if let verdict { continuation.resume(returning: verdict) }
    }

    private func cancel(_ id: Int) {
        let sleeper = state.withLock { state -> Sleeper? in
            if let sleeper = state.sleepers.removeValue(forKey: id) { return sleeper }
            state.cancelledEarly.insert(id)
            return nil
        }
        sleeper?.continuation.resume(returning: false)
    }
}
