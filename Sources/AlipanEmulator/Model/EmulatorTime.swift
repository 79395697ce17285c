#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Synchronization

/// Milliseconds since 1970, the unit of every time inside the emulator.
public typealias Milliseconds = Int64

/// The emulator's clock: a real one that can be moved forward, made faster, or stopped.
///
/// Every expiry and every window is computed from it when a request comes, so moving it is all a test has to do.
public final class EmulatorTime: Sendable {
    private struct State {
        var base: Milliseconds
        var anchor: Milliseconds
        var scale: Double
    }

    private let real: @Sendable () -> Milliseconds
    private let state: Mutex<State>

    /// - Parameters:
    ///   - start: what the clock shows first; nil for the real time.
    ///   - scale: emulated milliseconds per real one; 0 stops the clock.
    ///   - real: where real time comes from.
    public init(start: Milliseconds? = nil, scale: Double = 1, real: @escaping @Sendable () -> Milliseconds) {
        self.real = real
        let now = real()
        state = Mutex(State(base: start ?? now, anchor: now, scale: scale))
    }

    /// The machine's own clock.
    public static func system() -> EmulatorTime { EmulatorTime(real: systemMilliseconds) }

    /// A clock that moves only by `advance`.
    public static func manual(start: Milliseconds = 1_700_000_000_000) -> EmulatorTime {
        EmulatorTime(start: start, scale: 0, real: systemMilliseconds)
    }

    public func now() -> Milliseconds {
        let real = self.real()
        return state.withLock { $0.base + Milliseconds(Double(real - $0.anchor) * $0.scale) }
    }

    public func advance(by milliseconds: Milliseconds) {
        state.withLock { $0.base += milliseconds }
    }

    public func setScale(_ scale: Double) {
        let real = self.real()
        state.withLock { state in
            state.base += Milliseconds(Double(real - state.anchor) * state.scale)
            state.anchor = real
            state.scale = scale
        }
    }

    public var scale: Double { state.withLock { $0.scale } }

    private static let systemMilliseconds: @Sendable () -> Milliseconds = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Milliseconds(time.tv_sec) * 1000 + Milliseconds(time.tv_nsec) / 1_000_000
    }
}

/// ISO 8601 in UTC, the only zone the service writes (contract 1).
enum Timestamp {
    static func text(_ time: Milliseconds, fraction: Bool = true) -> String {
        let f = Fields(time)
        let day = "\(f.year)-\(two(f.month))-\(two(f.day))T\(two(f.hour)):\(two(f.minute)):\(two(f.second))"
        guard fraction else { return day + "Z" }
        return day + "." + String(String(1000 + f.millisecond).dropFirst()) + "Z"
    }

    /// `20231203T121212Z`, as signatures of version 4 carry it.
    static func compact(_ time: Milliseconds) -> String {
        let f = Fields(time)
        return "\(f.year)\(two(f.month))\(two(f.day))T\(two(f.hour))\(two(f.minute))\(two(f.second))Z"
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, as HTTP headers carry it.
    static func http(_ time: Milliseconds) -> String {
        let f = Fields(time)
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][f.weekdayFromThursday]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(weekday), \(two(f.day)) \(months[f.month - 1]) \(f.year) "
            + "\(two(f.hour)):\(two(f.minute)):\(two(f.second)) GMT"
    }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    /// Reads `2019-01-14T00:00:00` with or without fraction, `Z` or offset; nil when it is anything else.
    static func parse(_ text: String) -> Milliseconds? {
        let pattern = /(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?/
        guard let match = text.wholeMatch(of: pattern) else { return nil }
        let (_, year, month, day, hour, minute, second, fraction, zone) = match.output
        guard let y = Int(year), let mo = Int(month), let d = Int(day), let h = Int(hour), let mi = Int(minute),
            let s = Int(second), (1...12).contains(mo), (1...31).contains(d), h < 24, mi < 60, s < 61
        else { return nil }
        var seconds = Int64(daysFromEpoch(year: y, month: mo, day: d)) * 86_400 + Int64(h * 3600 + mi * 60 + s)
        if let zone, zone != "Z" {
            let digits = zone.dropFirst().filter { $0 != ":" }
            guard let value = Int64(digits) else { return nil }
            let offset = value / 100 * 3600 + value % 100 * 60
            seconds -= zone.hasPrefix("-") ? -offset : offset
        }
        let thousandths = fraction.map { String(($0 + "00").prefix(3)) }.flatMap { Int64($0) } ?? 0
        return seconds * 1000 + thousandths
    }

    private static func daysFromEpoch(year: Int, month: Int, day: Int) -> Int {
        // Years begin in March here, so that the leap day comes last.
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private struct Fields {
        var year, month, day, hour, minute, second, millisecond, weekdayFromThursday: Int

        init(_ time: Milliseconds) {
            let dayMilliseconds: Milliseconds = 86_400_000
            let days = Int((Double(time) / Double(dayMilliseconds)).rounded(.down))
            let rest = Int(time - Milliseconds(days) * dayMilliseconds)
            millisecond = rest % 1000
            second = rest / 1000 % 60
            minute = rest / 60_000 % 60
            hour = rest / 3_600_000
            weekdayFromThursday = (days % 7 + 7) % 7
            let z = days + 719_468
            let era = (z >= 0 ? z : z - 146_096) / 146_097
            let dayOfEra = z - era * 146_097
            let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
            let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
            let shifted = (5 * dayOfYear + 2) / 153
            day = dayOfYear - (153 * shifted + 2) / 5 + 1
            month = shifted < 10 ? shifted + 3 : shifted - 9
            year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        }
    }
}
