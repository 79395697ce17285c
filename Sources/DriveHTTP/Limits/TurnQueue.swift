import Basics
import Synchronization

/// Why a wait for a turn ended without one.
enum WaitFailure: Error, Hashable, Sendable {
    case cancelled
    case deadlinePassed
}

/// Lets callers wait, by urgency, for something that comes free one piece at a time.
///
/// `supply` tries to get a piece: without blocking, from any thread. While anybody waits one task asks it, and
/// sleeps in between until the moment `supply` named or until `poke` tells that things have changed.
final class TurnQueue<Piece: Sendable>: Sendable {
    private struct State {
        var queue = RequestQueue()
        var waiting: [RequestQueue.ID: Flight<Piece, Never>] = [:]
        var isPumping = false
        var poke: Flight<Void, Never>?
        /// Counts pokes, so that one between asking and sleeping is not lost.
        var pokes: UInt64 = 0
    }

    private let time: any TimeSource
    /// No sleep is longer: other processes cannot poke.
    private let longestSleep: Duration
    private let supply: @Sendable () -> Result<Piece, Later>
    private let giveBack: @Sendable (Piece) -> Void
    private let state = Mutex(State())

    init(
        time: any TimeSource, longestSleep: Duration, supply: @escaping @Sendable () -> Result<Piece, Later>,
        giveBack: @escaping @Sendable (Piece) -> Void
    ) {
        self.time = time
        self.longestSleep = longestSleep
        self.supply = supply
        self.giveBack = giveBack
    }

    var waiting: Int { state.withLock { $0.queue.count } }

    func wait(_ urgency: Urgency, until deadline: Moment) async throws(WaitFailure) -> Piece {
        let flight = Flight<Piece, Never>(time: time)
        let (id, isFirst) = state.withLock { state -> (RequestQueue.ID, Bool) in
            let id = state.queue.enter(urgency, now: time.now())
            state.waiting[id] = flight
            defer { state.isPumping = true }
            return (id, !state.isPumping)
        }
        if isFirst { Task { await self.pump() } }
        do {
            return try await flight.value(until: deadline)
        } catch {
            abandon(id, flight)
            switch error {
            case .cancelled: throw .cancelled
            case .deadlinePassed: throw .deadlinePassed
            }
        }
    }

    /// A piece may have come free.
    func poke() {
        let sleeper = state.withLock { state -> Flight<Void, Never>? in
            state.pokes += 1
            defer { state.poke = nil }
            return state.poke
        }
        sleeper?.complete(.success(()))
    }

    private func abandon(_ id: RequestQueue.ID, _ flight: Flight<Piece, Never>) {
        let left = state.withLock { state -> Bool in
            guard state.queue.leave(id) else { return false }
            state.waiting[id] = nil
            return true
        }
        // The turn came at the same moment: pass it on.
        if !left, case .success(let piece)? = flight.result {
            giveBack(piece)
            poke()
        }
    }

    private func pump() async {
        while let seen = pokesIfNeeded() {
            switch supply() {
            case .success(let piece): hand(out: piece)
            case .failure(let later): await sleep(until: later.at, unlessPokedSince: seen)
            }
        }
    }

    /// `nil` ends the pump: nobody waits.
    private func pokesIfNeeded() -> UInt64? {
        state.withLock { state in
            if state.queue.isEmpty {
                state.isPumping = false
                return nil
            }
            return state.pokes
        }
    }

    private func hand(out piece: Piece) {
        let flight = state.withLock { state -> Flight<Piece, Never>? in
            let flight = state.queue.next(now: time.now()).flatMap { state.waiting.removeValue(forKey: $0) }
            // Landed under the lock, so that whoever finds itself served also finds its piece.
            flight?.complete(.success(piece))
            return flight
        }
        if flight == nil { giveBack(piece) }
    }

    private func sleep(until moment: Moment, unlessPokedSince seen: UInt64) async {
        let sleeper = Flight<Void, Never>(time: time)
        let mayRest = state.withLock { state -> Bool in
            guard state.pokes == seen else { return false }
            state.poke = sleeper
            return true
        }
        guard mayRest else { return }
        do {
            try await sleeper.value(until: min(moment, time.now() + longestSleep))
        } catch {
            // The time is up: ask again. Nobody cancels this task.
        }
        state.withLock { if $0.poke === sleeper { $0.poke = nil } }
    }
}
