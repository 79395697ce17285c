import Basics

/// A calendar time as the wire writes it.
struct WireTime: Hashable {
    let unix: UnixTime

    /// Reads `2023-06-28T10:00:20.022Z` with or without fraction, with `Z`, an offset or nothing (then UTC). `nil` for
    /// anything else: contract 1 makes an unparsable time an absent one.
    init?(iso8601 text: String) {
        var scan = Scanner(text)
        guard let year = scan.digits(4), scan.skip("-"), let month = scan.digits(2), scan.skip("-"),
            let day = scan.digits(2), scan.skip("T") || scan.skip("t") || scan.skip(" "),
            let hour = scan.digits(2), scan.skip(":"), let minute = scan.digits(2)
        else { return nil }
        let second = scan.skip(":") ? scan.digits(2) : 0
        guard let second, let nanoseconds = scan.fraction(), let offset = scan.offset(), scan.isAtEnd else {
            return nil
        }
        guard let days = Self.days(year: year, month: month, day: day), hour < 24, minute < 60, second < 61 else {
            return nil
        }
        let seconds = days * 86_400 + Int64(hour * 3_600 + minute * 60 + second) - Int64(offset)
        unix = UnixTime(seconds: seconds, nanoseconds: nanoseconds)
    }

    /// Reads the basic form `20230628T100020Z` of signed addresses.
    init?(basic text: String) {
        var scan = Scanner(text)
        guard let year = scan.digits(4), let month = scan.digits(2), let day = scan.digits(2), scan.skip("T"),
            let hour = scan.digits(2), let minute = scan.digits(2), let second = scan.digits(2), scan.skip("Z"),
            scan.isAtEnd, let days = Self.days(year: year, month: month, day: day)
        else { return nil }
        unix = UnixTime(seconds: days * 86_400 + Int64(hour * 3_600 + minute * 60 + second))
    }

    /// Reads an HTTP date, `Sun, 06 Nov 1994 08:49:37 GMT` (the one form that is still sent).
    init?(httpDate text: String) {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT", let day = Int(parts[1]),
            let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3])
        else { return nil }
        var scan = Scanner(String(parts[4]))
        guard let hour = scan.digits(2), scan.skip(":"), let minute = scan.digits(2), scan.skip(":"),
            let second = scan.digits(2), scan.isAtEnd, let days = Self.days(year: year, month: month + 1, day: day)
        else { return nil }
        unix = UnixTime(seconds: days * 86_400 + Int64(hour * 3_600 + minute * 60 + second))
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar; `nil` where there is no such day.
    private static func days(year: Int, month: Int, day: Int) -> Int64? {
        guard (1...9_999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard day <= lengths[month - 1] else { return nil }
        let before = year - 1
        let whole = before * 365 + before / 4 - before / 100 + before / 400
        let inYear = lengths[..<(month - 1)].reduce(0, +) + day - 1
        let epoch = 719_162
        return Int64(whole + inYear - epoch)
    }
}

/// Walks over ASCII text.
private struct Scanner {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text).utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ mark: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: mark) else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func digits(_ count: Int) -> Int? {
        let run = rest.prefix(count)
        guard run.count == count, run.allSatisfy({ (48...57).contains($0) }) else { return nil }
        rest = rest.dropFirst(count)
        return run.reduce(0) { $0 * 10 + Int($1 - 48) }
    }

    /// Nanoseconds of an optional fraction of any length.
    mutating func fraction() -> Int32? {
        guard skip(".") || skip(",") else { return 0 }
        let run = rest.prefix { (48...57).contains($0) }
        guard !run.isEmpty else { return nil }
        rest = rest.dropFirst(run.count)
        let nine = Array(run.prefix(9)) + Array(repeating: 48, count: max(0, 9 - run.count))
        return nine.reduce(0) { $0 * 10 + Int32($1 - 48) }
    }

    /// Seconds east of UTC.
    mutating func offset() -> Int? {
        if isAtEnd || skip("Z") || skip("z") { return 0 }
        let sign = skip("+") ? 1 : skip("-") ? -1 : 0
        guard sign != 0, let hours = digits(2) else { return nil }
        _ = skip(":")
        let minutes = isAtEnd ? 0 : digits(2)
        guard let minutes, hours < 24, minutes < 60 else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }
}
