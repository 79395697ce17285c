/// A point on the clock that counts from boot, through suspend, and never jumps.
///
/// Comparable between processes of one boot, meaningless afterwards: never store it.
public struct Moment: InstantProtocol, Hashable, Sendable {
    public var sinceBoot: Duration

    public init(sinceBoot: Duration) { self.sinceBoot = sinceBoot }

    public func advanced(by duration: Duration) -> Moment { Moment(sinceBoot: sinceBoot + duration) }
    public func duration(to other: Moment) -> Duration { other.sinceBoot - sinceBoot }
    public static func < (a: Moment, b: Moment) -> Bool { a.sinceBoot < b.sinceBoot }
    public static func + (a: Moment, b: Duration) -> Moment { a.advanced(by: b) }
    public static func - (a: Moment, b: Moment) -> Duration { b.duration(to: a) }
}

/// A calendar time with the resolution of `struct timespec`, as files carry it.
public struct UnixTime: Hashable, Comparable, Codable, Sendable {
    public var seconds: Int64
    /// 0 to 999,999,999, also for times before 1970.
    public var nanoseconds: Int32

    public init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    public static let epoch = UnixTime(seconds: 0)

    public static func < (a: UnixTime, b: UnixTime) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }
}

/// The clocks a component is handed instead of reaching for the machine's, so that tests can move them by hand.
public protocol TimeSource: Sendable {
    func now() -> Moment
    func wallTime() -> UnixTime
    /// Returns at `deadline` or later; throws at once when the task is cancelled.
    func sleep(until deadline: Moment) async throws(CancellationError)
}

extension TimeSource {
    public func sleep(for duration: Duration) async throws(CancellationError) {
        try await sleep(until: now() + duration)
    }
}
