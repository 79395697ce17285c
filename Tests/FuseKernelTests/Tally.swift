import Basics
import Synchronization

/// Counts events, and lets a test wait for the n-th of a kind. Waiting ends with the test's time limit.
final class Tally: Sendable {
    enum Event: Hashable, Sendable {
        case lookup, forget, attributes, open, read, release
        case openDirectory, readDirectory, releaseDirectory
        case setAttributes, create, remove, rename
        case write, flush, synchronize, synchronizeDirectory, allocate, seek, copy
        case stall, yield
    }

    private struct Target: Hashable {
        var event: Event
        var count: Int
    }

    private struct State {
        var counts: [Event: Int] = [:]
        var waits: [Target: Flight<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    func bump(_ event: Event) {
        let reached = state.withLock { state in
            let count = state.counts[event, default: 0] + 1
            state.counts[event] = count
            return state.waits.removeValue(forKey: Target(event: event, count: count))
        }
        reached?.complete(.success(()))
    }

    subscript(_ event: Event) -> Int { state.withLock { $0.counts[event] ?? 0 } }

    func wait(for event: Event, count: Int) async throws {
        let flight = state.withLock { state -> Flight<Void, Never>? in
            guard state.counts[event, default: 0] < count else { return nil }
            let target = Target(event: event, count: count)
            let flight = state.waits[target] ?? Flight(time: SystemTime())
            state.waits[target] = flight
            return flight
        }
        try await flight?.value()
    }
}
