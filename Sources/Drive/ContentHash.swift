/// The SHA-1 of a file's bytes, as the drive states it.
public struct ContentHash: Hashable, Sendable {
    /// Always 20 bytes.
    public let bytes: [UInt8]

    /// `nil` unless there are exactly 20 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 20 else { return nil }
        self.bytes = Array(bytes)
    }

    /// Reads 40 hex digits of either case (upper case is seen in the field, contract 4).
    public init?(hex: String) {
        let digits = hex.utf8.map(Self.value)
        guard digits.count == 40, !digits.contains(nil) else { return nil }
        bytes = stride(from: 0, to: 40, by: 2).map { digits[$0]! << 4 | digits[$0 + 1]! }
    }

    /// Lower-case hex.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
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
