import Synchronization

/// Lets one task through at a time, in the order in which they came. Waiting cannot be interrupted, so what is done
/// inside must be short.
public final class Turnstile: Sendable {
    private struct State {
        var isTaken = false
        var line: [CheckedContinuation<Void, Never>] = []
        var first = 0

        mutating func next() -> CheckedContinuation<Void, Never>? {
            guard first < line.count else {
                line = []
                first = 0
                isTaken = false
                return nil
            }
            defer { first += 1 }
            return line[first]
        }
    }

    private let state = Mutex(State())

    public init() {}

    public func pass<T, Failure: Error>(_ body: () async throws(Failure) -> T) async throws(Failure) -> T {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.isTaken {
                    state.line.append(continuation)
                    return false
                }
                state.isTaken = true
                return true
            }
            if isFree { continuation.resume() }
        }
        defer { state.withLock { $0.next() }?.resume() }
        return try await body()
    }
}
