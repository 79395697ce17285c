import Basics
import Synchronization

/// Hands out the account's download streams: to the more urgent first, and to other processes that wait too.
final class StreamGate: Sendable {
    private struct State: ~Copyable {
        var budget: StreamBudget
        /// `nil` where the directory cannot be used: this process counts for itself.
        var slots: StreamSlots?
        var open: Set<Int> = []
        /// When bodies ended, the newest few.
        var ended: [Moment] = []
        /// After a stream was left to another process: not asked for before.
        var yieldUntil: Moment?
    }

    /// Another process that waits looks this often.
    private static let look: Duration = .milliseconds(100)

    private let time: any TimeSource
    private let shared: Shared
    private let queue: TurnQueue<Int>

    /// What the queue's closures and the gate both need.
    private final class Shared: Sendable {
        let state: Mutex<State>
        init(_ state: consuming sending State) { self.state = Mutex(state) }
    }

    /// Set when the directory cannot be used.
    let fault: String?

    init(configured: Int, linger: Duration = .zero, directory: String, time: any TimeSource) {
        self.time = time
        let budget = StreamBudget(configured: configured, linger: linger)
        var slots: StreamSlots?
        do throws(FileFault) {
            slots = try StreamSlots(directory: directory, count: budget.configured)
            fault = nil
        } catch {
            slots = nil
            fault = error.what
        }
        let shared = Shared(State(budget: budget, slots: slots))
        self.shared = shared
        queue = TurnQueue(
            time: time, longestSleep: .milliseconds(250),
            supply: { shared.state.withLock { Self.supply(&$0, now: time.now()) } },
            giveBack: { slot in shared.state.withLock { Self.release(slot, &$0, now: time.now()) } })
    }

    var open: Int { shared.state.withLock { $0.open.count } }
    var allowed: Int { shared.state.withLock { $0.budget.allowed(now: time.now()) } }

    /// Waits for a stream; `release` it when the body has ended.
    func acquire(_ urgency: Urgency, until deadline: Moment) async throws(WaitFailure) -> Int {
        defer { if queue.waiting == 0 { shared.state.withLock { $0.slots?.contented() } } }
        return try await queue.wait(urgency, until: deadline)
    }

    func release(_ slot: Int) {
        let now = time.now()
        let linger = shared.state.withLock { state in
            state.ended = state.ended.suffix(9) + [now]
            return state.budget.linger
        }
        guard linger > .zero else { return free(slot) }
        Task { [time] in
            do { try await time.sleep(for: linger) } catch {}
            self.free(slot)
        }
    }

    /// The service said that there are too many.
    func refused(jitter: Double) {
        let now = time.now()
        shared.state.withLock { state in
            let recently = state.ended.count { now - $0 < StreamBudget.recent }
            state.budget.refused(open: state.open.count, endedRecently: recently, now: now, jitter: jitter)
        }
    }

    /// A body flows.
    func opened() { shared.state.withLock { $0.budget.opened(now: time.now()) } }

    private func free(_ slot: Int) {
        shared.state.withLock { Self.release(slot, &$0, now: time.now()) }
        queue.poke()
    }

    private static func supply(_ state: inout State, now: Moment) -> Result<Int, Later> {
        if let pause = [state.budget.pausedUntil, state.yieldUntil].compactMap({ $0 }).max(), pause > now {
            return .failure(Later(at: pause))
        }
        // Whoever releases one pokes; recovery is looked for at every wake.
        guard state.open.count < state.budget.allowed(now: now) else { return .failure(Later(at: now + .seconds(1))) }
        let slot: Int?
        if state.slots == nil {
            slot = (0..<state.budget.configured).first { !state.open.contains($0) }
        } else {
            slot = state.slots?.take()
        }
        guard let slot else { return .failure(Later(at: now + look)) }
        state.open.insert(slot)
        return .success(slot)
    }

    private static func release(_ slot: Int, _ state: inout State, now: Moment) {
        guard state.open.remove(slot) != nil else { return }
        if state.slots?.release(slot) == true { state.yieldUntil = now + look * 3 }
    }
}
