import Basics

/// Turns of one class of requests under a limit of so many per second (contract 10).
///
/// A class of N per second has N slots. A request takes a slot before it is sent and the slot comes free one second
/// after its answer, or, when the answer is late, one second after the request must have arrived at the server (a
/// transit allowance after it was sent). Either way two requests of one slot reach the server at least a second
/// apart, whatever the jitter, so no second at the server sees more than N, and no ten seconds more than 10 N.
/// An idle client may still send N at once.
///
/// A plain value, kept in a file that several processes share: moments are nanoseconds since boot.
struct SlotTable: Hashable, Sendable {
    /// How a rate becomes slots. A rate that is no whole number gets the next number of slots and a longer period:
    /// 0.5/s is one slot of two seconds, 3.9/s is four slots of 1.03 s.
    struct Rule: Hashable, Sendable {
        let slots: Int
        let period: Duration

        init(perSecond rate: Double) {
            let sane = rate.isFinite ? min(max(rate, 0.01), 10_000) : 1
            slots = min(Int(sane.rounded(.up)), SlotTable.mostSlots)
            period = .nanoseconds(Int64(Double(slots) / sane * 1e9))
        }
    }

    /// A slot that was taken: which, and what was written into it, so that a holder who comes back late does not
    /// touch the slot of another.
    struct Ticket: Hashable, Sendable {
        let slot: Int
        fileprivate let mark: Int64
    }

    static let mostSlots = 64
    /// How long a request may be on its way to the server before it is assumed to have arrived.
    static let transit: Duration = .milliseconds(500)
    /// A request that has not left after this long has failed: connecting takes 10 s at most. The slots of a
    /// process that died come free by this.
    static let unsentBound: Duration = .seconds(12)
    /// Nothing pauses a class for longer, whatever a header says.
    static let longestPause: Duration = .seconds(600)
    /// A 429 is forgiven after this long without another.
    static let forgiveness: Duration = .seconds(60)

    var busyUntil = [Int64](repeating: 0, count: mostSlots)
    var pausedUntil: Int64 = 0
    /// Answers 429 that are not forgiven yet, as of `lastStrike`.
    var strikes: Int64 = 0
    var lastStrike: Int64 = 0

    /// Takes a free slot, or says when to ask again.
    mutating func take(_ rule: Rule, now: Moment) -> Result<Ticket, Later> {
        heal(now: now)
        let now = now.nanoseconds
        let slot = (0..<rule.slots).min { busyUntil[$0] < busyUntil[$1] } ?? 0
        let free = max(busyUntil[slot], pausedUntil)
        guard free <= now else { return .failure(Later(at: Moment(nanoseconds: free))) }
        busyUntil[slot] = now + Self.unsentBound.nanoseconds
        return .success(Ticket(slot: slot, mark: busyUntil[slot]))
    }

    /// What becomes of a request that holds a slot.
    enum Event: Hashable, Sendable {
        /// It left; its answer is out.
        case sent(at: Moment)
        case answered(sent: Moment, now: Moment)
        /// It never left.
        case unused(now: Moment)
    }

    mutating func note(_ event: Event, _ ticket: Ticket, _ rule: Rule) -> Ticket {
        let free =
            switch event {
            case .sent(let at): at + Self.transit + period(rule, now: at)
            case .answered(let sent, let now): min(now, sent + Self.transit) + period(rule, now: now)
            case .unused(let now): now
            }
        guard busyUntil[ticket.slot] == ticket.mark else { return ticket }
        busyUntil[ticket.slot] = free.nanoseconds
        return Ticket(slot: ticket.slot, mark: free.nanoseconds)
    }

    /// An answer 429 came: the whole class pauses, for as long as it said or, when it said nothing, 1, 2, 4 … 30 s;
    /// repeated ones stretch the slots as well. `jitter` is 0 to 1. Answers to requests sent before the pause began
    /// count once: they tell nothing new.
    mutating func throttled(after asked: Duration?, jitter: Double, now: Moment) {
        if pausedUntil <= now.nanoseconds || strikes == 0 {
            strikes = min(standing(now: now) + 1, 16)
            lastStrike = now.nanoseconds
        }
        let doubling = Duration.seconds(min(30, 1 << min(strikes - 1, 5)))
        let pause =
            (asked ?? doubling) + .milliseconds(Int64(jitter * 250)) + (asked == nil ? doubling * jitter : .zero)
        pausedUntil = max(pausedUntil, (now + min(pause, Self.longestPause)).nanoseconds)
    }

    /// The period after what repeated throttling adds: one and a half times as long for each 429 after the first,
    /// at most four times.
    func period(_ rule: Rule, now: Moment) -> Duration {
        var factor = 1.0
        for _ in 0..<max(0, standing(now: now) - 1) where factor < 4 { factor = min(4, factor * 1.5) }
        return rule.period * factor
    }

    func pause(now: Moment) -> Moment? {
        pausedUntil > now.nanoseconds ? Moment(nanoseconds: pausedUntil) : nil
    }

    /// Strikes less those forgiven by time.
    private func standing(now: Moment) -> Int64 {
        max(0, strikes - max(0, now.nanoseconds - lastStrike) / Self.forgiveness.nanoseconds)
    }

    /// Values that cannot have been written in this boot (the file is older, or damaged) are dropped.
    private mutating func heal(now: Moment) {
        let now = now.nanoseconds
        // Far beyond any period in use, even a stretched one.
        let bound = now + Duration.seconds(500).nanoseconds
        for slot in busyUntil.indices where busyUntil[slot] > bound || busyUntil[slot] < 0 { busyUntil[slot] = 0 }
        if pausedUntil > now + (Self.longestPause * 2).nanoseconds || pausedUntil < 0 { pausedUntil = 0 }
        if lastStrike > now || lastStrike < 0 || !(0...16).contains(strikes) {
            strikes = 0
            lastStrike = 0
        }
    }
}

/// Not now, but at this moment it is worth asking again.
struct Later: Error, Hashable, Sendable {
    let at: Moment
}

extension Moment {
    var nanoseconds: Int64 { sinceBoot.nanoseconds }
    init(nanoseconds: Int64) { self.init(sinceBoot: .nanoseconds(nanoseconds)) }
}

extension Duration {
    /// Whole nanoseconds, held inside 64 bits.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : whole &+ attoseconds / 1_000_000_000
    }
}
