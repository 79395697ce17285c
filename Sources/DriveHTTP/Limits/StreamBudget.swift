import Basics

/// How many download bodies this process lets itself open (contract 6.5): the configured number, fewer for a while
/// after the service said that there were too many. A value that decides.
struct StreamBudget: Hashable, Sendable {
    /// One stream more is tried again after each such time without a refusal.
    static let recovery: Duration = .seconds(60)
    /// What was learned about lingering is forgotten after this long without a refusal.
    static let memory: Duration = .seconds(600)
    /// A body that ended this recently may still be counted.
    static let recent: Duration = .seconds(2)
    private static let longestLinger: Duration = .seconds(1)

    let configured: Int
    private let firstLinger: Duration
    private var reduced: Int
    private var lastRefusal: Moment?
    private var refusalsInARow = 0
    private(set) var pausedUntil: Moment?
    /// How long a stream stays taken after its body has ended, because the service counts it for a moment longer.
    private(set) var linger: Duration

    init(configured: Int, linger: Duration = .zero) {
        self.configured = min(max(configured, 1), 10)
        reduced = self.configured
        firstLinger = linger
        self.linger = linger
    }

    func allowed(now: Moment) -> Int {
        guard let lastRefusal else { return configured }
        let regained = (now - lastRefusal).nanoseconds / Self.recovery.nanoseconds
        return Int(min(Int64(configured), Int64(reduced) + max(0, regained)))
    }

    /// The service refused one of `open` streams, the refused one included: all wait 1, 2, 4 s and up to half as
    /// long again (`jitter` 0 to 1).
    ///
    /// Where bodies ended just before, the likeliest cause is that the service still counts them: streams are given
    /// back later from now on. Otherwise, and when that did not help, fewer are opened. Refusals during a pause were
    /// under way before it began: they teach nothing new.
    mutating func refused(open: Int, endedRecently: Int, now: Moment, jitter: Double) {
        if let pausedUntil, pausedUntil > now { return }
        if endedRecently > 0, linger < Self.longestLinger {
            reduced = allowed(now: now)
            linger = min(Self.longestLinger, max(.milliseconds(100), linger * 2))
        } else {
            reduced = max(1, min(allowed(now: now), open - 1))
        }
        lastRefusal = now
        let wait = Duration.seconds(1 << min(refusalsInARow, 2))
        refusalsInARow += 1
        pausedUntil = now + wait * (1 + jitter / 2)
    }

    /// A body began to flow.
    mutating func opened(now: Moment) {
        refusalsInARow = 0
        if let lastRefusal, now - lastRefusal > Self.memory { linger = firstLinger }
    }
}
