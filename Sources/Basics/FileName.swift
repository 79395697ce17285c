/// One name in a folder: bytes, as Linux and the drive see it.
///
/// Never a `String`: Swift compares strings by canonical equivalence, so the composed and the decomposed form of
/// "é" would be one dictionary key, and two files would become one.
public struct FileName: Hashable, Comparable, Codable, Sendable {
    public let bytes: [UInt8]

    public init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
    public init(_ string: String) { self.bytes = Array(string.utf8) }

    public static func < (a: FileName, b: FileName) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

    /// The name as text; bytes that are not UTF-8 become U+FFFD. For messages and for the drive's JSON.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether the drive, which speaks JSON, can be sent this name unchanged.
    public var isValidUTF8: Bool { String(validating: bytes, as: UTF8.self) != nil }
}

extension FileName: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(value) }
}

extension FileName: CustomStringConvertible {
    public var description: String { text }
}
