import Basics

/// How many download bodies this process lets itself open (contract 6.5): the configured number, fewer for a while
/// after the service said that there were too many. A value that decides.
struct StreamBudget: Hashable, Sendable {
    /// One stream more is tried again after each such time without a refusal.
    static let recovery: Duration = .seconds(60)
    private static let longestLinger: Duration = .seconds(1)

    let configured: Int
    private var reduced: Int
    private var lastRefusal: Moment?
    private var refusalsInARow = 0
    private(set) var pausedUntil: Moment?
    /// The service counts a stream for a moment after its end; learned from refusals.
    private(set) var linger: Duration = .zero

    init(configured: Int) {
        self.configured = min(max(configured, 1), 10)
        reduced = self.configured
    }

    func allowed(now: Moment) -> Int {
        guard let lastRefusal else { return configured }
        let regained = (now - lastRefusal).nanoseconds / Self.recovery.nanoseconds
        return Int(min(Int64(configured), Int64(reduced) + max(0, regained)))
    }

    /// The service refused one of `open` streams, the refused one included: all wait 1, 2, 4 s and up to half as
    /// long again (`jitter` 0 to 1), and fewer are opened.
    mutating func refused(open: Int, now: Moment, jitter: Double) {
        reduced = max(1, min(allowed(now: now), open - 1))
        lastRefusal = now
        let wait = Duration.seconds(1 << min(refusalsInARow, 2))
        refusalsInARow += 1
        pausedUntil = now + wait * (1 + jitter / 2)
        linger = min(Self.longestLinger, max(.milliseconds(100), linger * 2))
    }

    /// A body began to flow.
    mutating func opened(now: Moment) {
        refusalsInARow = 0
        if allowed(now: now) == configured { linger = .zero }
    }
}
