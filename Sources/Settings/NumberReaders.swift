/// Readers of numbers with units. A plain number is seconds or bytes.
extension Reader where Value == Int {
    static func whole(_ range: ClosedRange<Int>) -> Reader {
        Reader(.value("N"), allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)") { given, _ in
            guard let number = given.wholeNumber, range ~= number else { return nil }
            return number
        }
    }

    /// Bytes, in powers of 1024.
    static func size(_ range: ClosedRange<Int>) -> Reader {
        let allowed =
            "a size such as 64M or 1.5G, from \(Size.text(range.lowerBound)) to \(Size.text(range.upperBound))"
        return Reader(.value("SIZE"), allowed: allowed) { given, _ in
            guard let size = given.size, range ~= size else { return nil }
            return size
        }
    }
}

extension Reader where Value == Int? {
    static let bandwidth = Reader(
        .value("SIZE"), allowed: "bytes per second such as 500K or 10M (at least 1K), or off"
    ) { given, _ in
        if given.text == "off" { return .some(nil) }
        guard let size = given.size, size == 0 || size >= 1024 else { return nil }
        return .some(size == 0 ? nil : size)
    }
}

extension Reader where Value == Double {
    static let rate = Reader(.value("N"), allowed: "requests per second from 0.01 to 1000") { given, _ in
        let number: Double? =
            switch given {
            case .word(let word): word.isDecimal ? Double(word) : nil
            case .whole(let whole): Double(whole)
            case .fraction(let fraction): fraction
            case .string, .truth, .list, .other: nil
            }
        guard let number, 0.01...1000 ~= number else { return nil }
        return number
    }
}

extension Reader where Value == UInt32 {
    static let number32 = Reader(.value("ID"), allowed: "a number from 0 to \(UInt32.max - 1)") { given, _ in
        guard let number = given.wholeNumber, 0..<Int(UInt32.max) ~= number else { return nil }
        return UInt32(number)
    }

    /// Octal text only: in TOML a bare 644 would be decimal.
    static let mode = Reader(text: .value("MODE"), allowed: "an octal mode in text, from 0 to 0777") { text in
        guard !text.isEmpty, text.utf8.count <= 5, let mode = UInt32(text, radix: 8), mode <= 0o777,
            text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "7") ~= $0 })
        else { return nil }
        return mode
    }
}

extension Reader where Value == Duration {
    static func duration(_ range: ClosedRange<Duration>) -> Reader {
        let allowed =
            "a time such as 500ms, 60s, 5m or 1h30m, from \(TimeSpan.text(range.lowerBound)) to "
            + TimeSpan.text(range.upperBound)
        return Reader(.value("TIME"), allowed: allowed) { given, _ in
            let duration: Duration? =
                switch given {
                case .word(let text), .string(let text): TimeSpan.parse(text)
                case .whole(let seconds): 0...1_000_000_000 ~= seconds ? .seconds(seconds) : nil
                case .fraction, .truth, .list, .other: nil
                }
            guard let duration, range ~= duration else { return nil }
            return duration
        }
    }
}

extension Given {
    fileprivate var wholeNumber: Int? {
        switch self {
        case .word(let word): word.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ? Int(word) : nil
        case .whole(let number): number
        case .string, .fraction, .truth, .list, .other: nil
        }
    }

    fileprivate var size: Int? {
        switch self {
        case .word(let text), .string(let text): Size.parse(text)
        case .whole(let bytes): bytes
        case .fraction, .truth, .list, .other: nil
        }
    }
}

extension String {
    /// Digits with at most one dot among them: what `Double` takes beyond that (exponents, hex, nan) is refused.
    fileprivate var isDecimal: Bool {
        var dots = 0
        for byte in utf8 {
            if byte == UInt8(ascii: ".") {
                dots += 1
            } else if !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte) {
                return false
            }
        }
        return dots <= 1 && utf8.first != UInt8(ascii: ".") && utf8.last != UInt8(ascii: ".") && !isEmpty
    }

    /// Splits `1.5G` into its number and its unit.
    fileprivate func numberAndUnit() -> (number: Double, unit: String)? {
        let digits = prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard String(digits).isDecimal, digits.utf8.count <= 18, let number = Double(digits) else { return nil }
        return (number, String(dropFirst(digits.count)))
    }
}

/// Sizes in bytes as text.
public enum Size {
    private static let units: [(name: String, shift: Int)] = [("K", 10), ("M", 20), ("G", 30), ("T", 40)]

    /// `65536`, `64K`, `64KiB`, `1.5G`; nil when it is no size or beyond 2^60.
    public static func parse(_ text: String) -> Int? {
        guard let (number, unit) = text.numberAndUnit() else { return nil }
        let shift: Int
        if unit.isEmpty || unit == "B" {
            shift = 0
        } else {
            let known = units.first { [$0.name, $0.name.lowercased(), $0.name + "B", $0.name + "iB"].contains(unit) }
            guard let known else { return nil }
            shift = known.shift
        }
        let bytes = number * Double(1 << shift)
        guard bytes <= Double(1 << 60), shift > 0 || bytes == bytes.rounded() else { return nil }
        return Int(bytes)
    }

    /// In the largest unit that keeps it exact: `64M`, `1536K`, `17`.
    public static func text(_ bytes: Int) -> String {
        guard bytes > 0 else { return "\(bytes)" }
        let unit = units.last { bytes % (1 << $0.shift) == 0 }
        return unit.map { "\(bytes >> $0.shift)\($0.name)" } ?? "\(bytes)"
    }
}

/// Lengths of time as text.
public enum TimeSpan {
    private static let units: [(name: String, milliseconds: Double)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// `60s`, `1h30m`, `0.5s`; a plain number is seconds. nil when it is no time or beyond ten years.
    public static func parse(_ text: String) -> Duration? {
        var rest = text
        var total = 0.0
        repeat {
            guard let (number, tail) = rest.numberAndUnit() else { return nil }
            let letters = String(tail.prefix { $0.isLetter })
            // Only a number that stands alone may go without a unit.
            let name = letters.isEmpty && rest == text && tail.isEmpty ? "s" : letters
            guard let unit = units.first(where: { $0.name == name }) else { return nil }
            total += number * unit.milliseconds
            rest = String(tail.dropFirst(letters.count))
        } while !rest.isEmpty
        guard total <= 315_360_000_000 else { return nil }
        return .milliseconds(Int(total))
    }

    /// In the largest unit that keeps it exact: `60s` is `1m`, `1500ms` stays.
    public static func text(_ duration: Duration) -> String {
        let milliseconds = Int(duration / .milliseconds(1))
        guard milliseconds > 0 else { return "0" }
        let unit = units.last { milliseconds % Int($0.milliseconds) == 0 } ?? units[0]
        return "\(milliseconds / Int(unit.milliseconds))\(unit.name)"
    }
}
