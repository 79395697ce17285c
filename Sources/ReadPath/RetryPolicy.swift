/// How long to wait before trying again, and how often (contract 6.4 and 10).
struct RetryPolicy: Hashable, Sendable {
    /// The first wait after a fault; doubled with each further one.
    var firstDelay = Duration.milliseconds(500)
    var longestDelay = Duration.seconds(8)
    /// The waits while other downloads hold the account's streams: 1, 2, 4 s.
    var firstStreamDelay = Duration.seconds(1)
    var longestStreamDelay = Duration.seconds(4)
    /// Tries without a byte after which a fetch that nobody waits for gives up.
    var triesUnwaited = 3
    /// Refusals by policy before they are believed.
    var denials = 3
    /// New links in a row that deliver nothing because they are too old.
    var expiries = 3
    /// Fewer bytes than this are no progress: a body cut again and again after a few bytes is a fault.
    var progress: Int64 = 16 << 10

    /// `attempt` counts from 1; `jitter` is in `0 ..< 1` and lengthens the wait by up to a quarter.
    func delay(_ attempt: Int, jitter: Double) -> Duration {
        Self.grown(firstDelay, attempt, longestDelay, jitter)
    }

    func streamDelay(_ attempt: Int, jitter: Double) -> Duration {
        Self.grown(firstStreamDelay, attempt, longestStreamDelay, jitter)
    }

    private static func grown(_ first: Duration, _ attempt: Int, _ longest: Duration, _ jitter: Double) -> Duration {
        let doublings = min(max(attempt, 1) - 1, 16)
        return min(first * (1 << doublings), longest) * (1 + jitter / 4)
    }
}
