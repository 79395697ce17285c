import Basics
import Drive
import Synchronization

/// Hands out turns of one class of requests.
final class RequestGate: Sendable {
    private struct Counters {
        var sent: UInt64 = 0
        var throttled: UInt64 = 0
        var pausedUntil: Moment?
    }

    let kind: RequestClass
    private let perSecond: Double
    private let rule: SlotTable.Rule
    private let limits: SharedLimits
    private let time: any TimeSource
    private let queue: TurnQueue<SlotTable.Ticket>
    private let counters = Mutex(Counters())

    init(_ kind: RequestClass, perSecond: Double, limits: SharedLimits, time: any TimeSource) {
        self.kind = kind
        self.perSecond = perSecond
        self.limits = limits
        self.time = time
        let rule = SlotTable.Rule(perSecond: perSecond)
        self.rule = rule
        queue = TurnQueue(
            time: time, longestSleep: .milliseconds(250),
            supply: {
                let now = time.now()
                // A busy file is free again within microseconds.
                return limits.update(kind) { $0.take(rule, now: now) }
                    ?? .failure(Later(at: now + .milliseconds(5)))
            },
            giveBack: { ticket in
                let now = time.now()
                _ = limits.update(kind) { $0.note(.unused(now: now), ticket, rule) }
            })
    }

    func turn(_ urgency: Urgency, until deadline: Moment) async throws(WaitFailure) -> Turn {
        Turn(gate: self, ticket: try await queue.wait(urgency, until: deadline))
    }

    /// An answer said 429: nobody of this class sends until the pause is over.
    func throttled(after pause: Duration?, jitter: Double) -> Moment {
        let now = time.now()
        let until = limits.update(kind) { table -> Int64 in
            table.throttled(after: pause, jitter: jitter, now: now)
            return table.pausedUntil
        }
        let end = until.map(Moment.init(nanoseconds:)) ?? now + .seconds(1)
        counters.withLock {
            $0.throttled += 1
            $0.pausedUntil = end
        }
        return end
    }

    func budget() -> DriveHealth.Budget {
        let now = time.now()
        let counters = counters.withLock { $0 }
        // Another mount may have been told to pause.
        let pause = limits.update(kind) { $0.pause(now: now) } ?? counters.pausedUntil
        return DriveHealth.Budget(
            name: kind.name, perSecond: perSecond, waiting: queue.waiting, sent: counters.sent,
            throttled: counters.throttled, pausedUntil: pause.flatMap { $0 > now ? $0 : nil })
    }

    /// One request's turn. Whoever holds it says what became of the request; a turn that is dropped comes free by
    /// itself, only later.
    final class Turn: Sendable {
        private struct State {
            var ticket: SlotTable.Ticket
            var sent: Moment?
        }

        private let gate: RequestGate
        private let state: Mutex<State>

        fileprivate init(gate: RequestGate, ticket: SlotTable.Ticket) {
            self.gate = gate
            state = Mutex(State(ticket: ticket))
        }

        /// The request is leaving this moment. From any thread, an event loop's too.
        func sent() {
            let now = gate.time.now()
            gate.counters.withLock { $0.sent += 1 }
            note { state in
                state.sent = now
                return .sent(at: now)
            }
        }

        /// The answer is here, whatever it says.
        func answered() {
            let now = gate.time.now()
            note { state in state.sent.map { .answered(sent: $0, now: now) } }
            gate.queue.poke()
        }

        /// No answer will come. A request that never left gives its turn back.
        func failed() {
            let now = gate.time.now()
            note { state in state.sent == nil ? .unused(now: now) : nil }
            gate.queue.poke()
        }

        private func note(_ decide: (inout State) -> SlotTable.Event?) {
            state.withLock { state in
                guard let event = decide(&state) else { return }
                let (rule, ticket) = (gate.rule, state.ticket)
                // A busy file keeps the longer reservation: slower, never too fast.
                state.ticket = gate.limits.update(gate.kind) { $0.note(event, ticket, rule) } ?? ticket
            }
        }
    }
}
