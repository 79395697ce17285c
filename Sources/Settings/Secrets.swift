/// Text that must never reach a log, an error or a terminal: printing, interpolating or reflecting it shows nothing.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    public init(_ text: String) { self.text = text }

    /// The text itself: for the one request that needs it and for the file that keeps it.
    public func revealed() -> String { text }

    public var description: String { "(secret)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A refresh token that has the shape of one: three segments joined by dots (contract 2.3).
public struct RefreshToken: Hashable, Sendable, CustomStringConvertible {
    public let secret: Secret

    public enum Flaw: Error, Hashable, Sendable {
        case empty
        case notThreeSegments
        /// Longer than any token, or with bytes no token has: a wrong file.
        case foreignText
    }

    /// Space around the token is dropped: files end in a newline.
    public init(_ text: String) throws(Flaw) {
        let bare = text.trimmingWhitespace()
        guard !bare.isEmpty else { throw .empty }
        guard bare.utf8.count <= Self.longest, bare.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) else { throw .foreignText }
        let segments = bare.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard segments.count == 3, segments.allSatisfy({ !$0.isEmpty }) else { throw .notThreeSegments }
        secret = Secret(bare)
    }

    public var description: String { "(secret)" }

    /// Whether a text given for something else may hold a token, so that a message must not repeat it.
    public static func resembles(_ text: String) -> Bool {
        guard text.utf8.count >= 60 else { return false }
        let segments = text.split(separator: ".", omittingEmptySubsequences: false)
        let isBase64 = text.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                || "-_.=".unicodeScalars.contains(scalar)
        }
        return text.contains("eyJ") || segments.count == 3 && isBase64
    }

    /// Bytes; real ones have about 300.
    public static let longest = 16_384
}

extension RefreshToken.Flaw {
    /// What is wrong, as the rest of a sentence that begins with the source.
    public var explanation: String {
        switch self {
        case .empty: "is empty"
        case .notThreeSegments: "is not a refresh token (one has three parts joined by dots)"
        case .foreignText: "holds something that is not a refresh token"
        }
    }
}

extension String {
    func trimmingWhitespace() -> String {
        let start = unicodeScalars.drop { $0.properties.isWhitespace }
        let end = start.reversed().drop { $0.properties.isWhitespace }
        return String(String.UnicodeScalarView(end.reversed()))
    }
}
