/// How often and after what wait a call is tried again. A value: one for each call.
struct RetryPolicy: Hashable, Sendable {
    /// All tries together, the first one included.
    static let mostTries = 5
    /// Where nobody answers at all, fewer: connecting alone takes long.
    static let mostUnreachable = 3

    private var faults = 0
    private var unreachable = 0

    /// After a fault of the server or a lost answer: the wait before the next try, `nil` to give up. `jitter` is
    /// 0 to 1.
    mutating func fault(jitter: Double) -> Duration? {
        faults += 1
        return faults < Self.mostTries ? wait(jitter) : nil
    }

    /// After no connection came about.
    mutating func unreachable(jitter: Double) -> Duration? {
        unreachable += 1
        faults += 1
        return unreachable < Self.mostUnreachable && faults < Self.mostTries ? wait(jitter) : nil
    }

    /// 0.1, 0.3, 0.9, 2.7 s, each up to half as much longer; never above 5 s.
    private func wait(_ jitter: Double) -> Duration {
        var wait = Duration.milliseconds(100)
        for _ in 1..<max(1, faults) { wait *= 3 }
        return min(wait * (1 + jitter / 2), .seconds(5))
    }
}
