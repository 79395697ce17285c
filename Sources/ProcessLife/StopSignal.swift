import Synchronization

/// Tells the parts of a process that it is to end: once in order, and once more when somebody grows impatient.
///
/// Any number may wait, from any thread; a stage that was reached stays reached.
public final class StopSignal: Sendable {
    public enum Stage: Int, Comparable, Sendable {
        case running
        /// End in order: finish what is under way, unmount.
        case stopping
        /// Leave out whatever can be left out without losing data.
        case hurrying

        public static func < (a: Stage, b: Stage) -> Bool { a.rawValue < b.rawValue }
    }

    private struct State {
        var stage = Stage.running
        var nextID = 0
        var waiters: [Int: (stage: Stage, continuation: CheckedContinuation<Bool, Never>)] = [:]
        var cancelledEarly: Set<Int> = []
    }

    private let state = Mutex(State())

    public init() {}

    public var stage: Stage { state.withLock { $0.stage } }

    /// Goes one stage on: the first call asks to stop, the second to hurry, more change nothing.
    public func request() {
        let due = state.withLock { state -> [CheckedContinuation<Bool, Never>] in
            state.stage = Stage(rawValue: state.stage.rawValue + 1) ?? .hurrying
            let ids = state.waiters.filter { $0.value.stage <= state.stage }.keys
            return ids.compactMap { state.waiters.removeValue(forKey: $0)?.continuation }
        }
        for continuation in due { continuation.resume(returning: true) }
    }

    /// Returns when `stage` is reached; throws at once when the task is cancelled.
    public func reached(_ stage: Stage) async throws(CancellationError) {
        let id = state.withLock { state -> Int in
            state.nextID += 1
            return state.nextID
        }
        let reached = await withTaskCancellationHandler {
            await withCheckedContinuation { self.park(id, for: stage, $0) }
        } onCancel: {
            self.cancel(id)
        }
        if !reached { throw CancellationError() }
    }

    private func park(_ id: Int, for stage: Stage, _ continuation: CheckedContinuation<Bool, Never>) {
        let verdict = state.withLock { state -> Bool? in
            if state.cancelledEarly.remove(id) != nil { return false }
            if state.stage >= stage { return true }
            state.waiters[id] = (stage, continuation)
            return nil
        }
        if let verdict { continuation.resume(returning: verdict) }
    }

    private func cancel(_ id: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if let waiter = state.waiters.removeValue(forKey: id) { return waiter.continuation }
            state.cancelledEarly.insert(id)
            return nil
        }
        waiter?.resume(returning: false)
    }
}
