import Synchronization

/// A barrier in a scripted call: it holds whoever arrives until the test opens it.
public final class FakeGate: Sendable {
    private struct State {
        var isOpen = false
        var passes = 0
        var arrived = 0
        var nextID = 0
        var held: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        var cancelledEarly: Set<Int> = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// How many have come here so far, held or not.
    public var arrivals: Int { state.withLock { $0.arrived } }
    /// How many are held right now.
    public var heldCount: Int { state.withLock { $0.held.count } }

    /// Lets everybody pass, those held and those to come.
    public func open() {
        let held = state.withLock { state in
            state.isOpen = true
            defer { state.held = [] }
            return state.held
        }
        for call in held { call.continuation.resume(returning: true) }
    }

    /// Lets the one that has waited longest pass, or the next to come.
    public func letOneThrough() {
        let call = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if state.held.isEmpty {
                state.passes += 1
                return nil
            }
            return state.held.removeFirst().continuation
        }
        call?.resume(returning: true)
    }

    /// Returns once `count` have arrived in all.
    public func arrivals(atLeast count: Int) async {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state -> Bool in
                if state.arrived >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if ready { continuation.resume() }
        }
    }

    /// Waits to be let through. Throws when the task is cancelled meanwhile.
    public func pass() async throws(CancellationError) {
        let id = state.withLock { state -> Int in
            state.nextID += 1
            return state.nextID
        }
        let passed = await withTaskCancellationHandler {
            await withCheckedContinuation { self.arrive(id, $0) }
        } onCancel: {
            self.cancel(id)
        }
        if !passed { throw CancellationError() }
    }

    private func arrive(_ id: Int, _ continuation: CheckedContinuation<Bool, Never>) {
        var verdict: Bool?
        let watchers = state.withLock { state in
            state.arrived += 1
            if state.cancelledEarly.remove(id) != nil {
                verdict = false
            } else if state.isOpen {
                verdict = true
            } else if state.passes > 0 {
                state.passes -= 1
                verdict = true
            } else {
                state.held.append((id, continuation))
            }
            let count = state.arrived
            defer { state.watchers.removeAll { $0.count <= count } }
            return state.watchers.filter { $0.count <= count }
        }
        for watcher in watchers { watcher.continuation.resume() }
        if let verdict { continuation.resume(returning: verdict) }
    }

    private func cancel(_ id: Int) {
        let call = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let index = state.held.firstIndex(where: { $0.id == id }) else {
                state.cancelledEarly.insert(id)
                return nil
            }
            return state.held.remove(at: index).continuation
        }
        call?.resume(returning: false)
    }
}
