import Synchronization

/// Why a wait ended without a value.
public enum FlightError<Failure: Error>: Error {
    /// The work itself failed.
    case failed(Failure)
    /// This waiter's task was cancelled; the work goes on for the others.
    case cancelled
    /// This waiter's deadline passed; the work goes on for the others.
    case deadlinePassed
}

/// One piece of work under way that many wait for: completed once, by whoever does it.
///
/// Every waiter can leave on its own, by cancellation or by its own deadline, without disturbing the work. May be
/// used from any thread; no lock is held while waiting or resuming.
public final class Flight<Value: Sendable, Failure: Error>: Sendable {
    private typealias Waiter = CheckedContinuation<Outcome, Never>

    private enum Outcome: Sendable {
        case landed(Result<Value, Failure>)
        case cancelled
        case deadlinePassed
    }

    private struct State {
        var result: Result<Value, Failure>?
        var nextID = 0
        /// `nil` marks a waiter that was ended before its continuation was stored.
        var waiters: [Int: Waiter?] = [:]
        var endedEarly: [Int: Outcome] = [:]
    }

    private let time: any TimeSource
    private let state = Mutex(State())

    public init(time: any TimeSource) { self.time = time }

    /// The result, when the work has ended.
    public var result: Result<Value, Failure>? { state.withLock { $0.result } }

    /// Ends the work and wakes every waiter. A second completion is our bug, so it traps.
    public func complete(_ result: Result<Value, Failure>) {
        let waiters = state.withLock { state -> [Waiter] in
            precondition(state.result == nil, "a flight lands once")
            state.result = result
            defer { state.waiters = [:] }
            return state.waiters.values.compactMap { $0 }
        }
        for waiter in waiters { waiter.resume(returning: .landed(result)) }
    }

    /// Waits for the result, at most until `deadline`, at most until this task is cancelled.
    public func value(until deadline: Moment? = nil) async throws(FlightError<Failure>) -> Value {
        if let result { return try Self.unwrap(.landed(result)) }
        let id = state.withLock { state -> Int in
            state.nextID += 1
            state.waiters[state.nextID] = .some(nil)
            return state.nextID
        }
        let timer = deadline.map { deadline in
            Task { [time] in
                do { try await time.sleep(until: deadline) } catch { return }
                self.end(id, with: .deadlinePassed)
            }
        }
        defer { timer?.cancel() }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { self.park(id, $0) }
        } onCancel: {
            self.end(id, with: .cancelled)
        }
        return try Self.unwrap(outcome)
    }

    private func park(_ id: Int, _ waiter: Waiter) {
        let ready = state.withLock { state -> Outcome? in
            if let early = state.endedEarly.removeValue(forKey: id) { return early }
            if let result = state.result { return .landed(result) }
            state.waiters[id] = .some(waiter)
            return nil
        }
        if let ready { waiter.resume(returning: ready) }
    }

    private func end(_ id: Int, with outcome: Outcome) {
        let waiter = state.withLock { state -> Waiter? in
            guard let entry = state.waiters.removeValue(forKey: id) else { return nil }
            if entry == nil { state.endedEarly[id] = outcome }
            return entry
        }
        waiter?.resume(returning: outcome)
    }

    private static func unwrap(_ outcome: Outcome) throws(FlightError<Failure>) -> Value {
        switch outcome {
        case .landed(.success(let value)): return value
        case .landed(.failure(let failure)): throw .failed(failure)
        case .cancelled: throw .cancelled
        case .deadlinePassed: throw .deadlinePassed
        }
    }
}
