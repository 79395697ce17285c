/// The SHA-1 of a file's bytes, as the drive states it. Held without an allocation: a listing has one for each file.
public struct ContentHash: Hashable, Codable, Sendable {
    private let head: UInt64
    private let middle: UInt64
    private let tail: UInt32

    /// `nil` unless there are exactly 20 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 20 else { return nil }
        head = Self.number(bytes.prefix(8))
        middle = Self.number(bytes.dropFirst(8).prefix(8))
        tail = UInt32(Self.number(bytes.dropFirst(16)))
    }

    /// Reads 40 hex digits of either case (upper case is seen in the field, contract 4).
    public init?(hex: String) {
        let digits = hex.utf8.compactMap(Self.value)
        guard digits.count == 40, hex.utf8.count == 40 else { return nil }
        self.init(bytes: stride(from: 0, to: 40, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
    }

    /// Always 20 bytes.
    public var bytes: [UInt8] {
        [head, middle].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
            + (0..<4).map { UInt8(truncatingIfNeeded: tail >> (24 - 8 * $0)) }
    }

    /// Lower-case hex.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
