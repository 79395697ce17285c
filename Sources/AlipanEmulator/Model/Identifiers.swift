import Crypto

/// Twenty bytes, kept inline: a million of them must not be a million strings.
struct Bytes20: Hashable, Comparable, Sendable {
    private var a: UInt64
    private var b: UInt64
    private var c: UInt32

    init(_ a: UInt64, _ b: UInt64, _ c: UInt32) {
        self.a = a
        self.b = b
        self.c = c
    }

    /// Nil unless `bytes` are exactly twenty.
    init?(bytes: some Sequence<UInt8>) {
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        var count = 0
        for byte in bytes {
            switch count {
            case 0..<8: words.0 = words.0 << 8 | UInt64(byte)
            case 8..<16: words.1 = words.1 << 8 | UInt64(byte)
            case 16..<20: words.2 = words.2 << 8 | UInt64(byte)
            default: return nil
            }
            count += 1
        }
        guard count == 20 else { return nil }
        self.init(words.0, words.1, UInt32(words.2))
    }

    /// Nil unless `hex` is forty hex digits of either case.
    init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    var hex: String { Hex.padded(a, 16) + Hex.padded(b, 16) + Hex.padded(UInt64(c), 8) }

    static func < (x: Bytes20, y: Bytes20) -> Bool { (x.a, x.b, x.c) < (y.a, y.b, y.c) }
}

/// `file_id`: forty lower-case hex digits on the wire (contract 1).
struct ItemID: Hashable, Comparable, Sendable {
    var raw: Bytes20

    init(raw: Bytes20) { self.raw = raw }

    init?(_ text: String) {
        guard text.utf8.allSatisfy({ !(65...70).contains($0) }), let raw = Bytes20(hex: text) else { return nil }
        self.raw = raw
    }

    var text: String { raw.hex }
    static func < (x: ItemID, y: ItemID) -> Bool { x.raw < y.raw }
}

/// A SHA-1. Upper case on the wire (contract 4).
struct ContentHash: Hashable, Sendable {
    var raw: Bytes20

    init?(_ text: String) {
        guard let raw = Bytes20(hex: text) else { return nil }
        self.raw = raw
    }

    init(_ digest: Insecure.SHA1.Digest) {
        // A SHA-1 digest is twenty bytes by definition.
        self.raw = Bytes20(bytes: digest) ?? Bytes20(0, 0, 0)
    }

    static let empty = ContentHash(Insecure.SHA1.hash(data: [UInt8]()))

    var text: String { raw.hex.uppercased() }
}

enum Hex {
    static func padded(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var out = ""
        for byte in bytes { out += padded(UInt64(byte), 2) }
        return out
    }

    static func decode(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 48...57: digit - 48
        case 65...70: digit - 55
        case 97...102: digit - 87
        default: nil
        }
    }
}

/// Bijective mixing of a counter, for ids and tokens that look random and never repeat.
struct Scrambler: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.mix(state)
    }

    static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func bytes20() -> Bytes20 { Bytes20(next(), next(), UInt32(truncatingIfNeeded: next())) }
    mutating func token() -> String { Hex.padded(next(), 16) + Hex.padded(next(), 16) }
}
