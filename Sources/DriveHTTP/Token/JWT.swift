import FoundationEssentials

/// What a token says about itself. Nothing is verified: the server does that (contract 2.3).
struct JWT: Hashable, Sendable {
    /// The user.
    var subject: String?
    /// Seconds since 1970 on the server's clock.
    var expires: Int64?
    var issued: Int64?

    /// `nil` unless there are three segments. A payload that cannot be read leaves the fields empty.
    init?(_ token: String) {
        let segments = token.split(separator: ".", omittingEmptySubsequences: false)
        guard segments.count == 3, segments.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isTokenByte) }) else {
            return nil
        }
        guard let payload = Self.payload(segments[1]) else { return }
        subject = payload.subject
        expires = payload.expires
        issued = payload.issued
    }

    /// How long the token lives from its issue on, by the server's clock alone.
    var life: Duration? {
        guard let expires, let issued, expires > issued else { return nil }
        return .seconds(min(expires - issued, 400 * 86_400))
    }

    private struct Payload: Decodable {
        var subject: String?
        var expires: Int64?
        var issued: Int64?

        init(from decoder: any Decoder) throws {
            let object = try decoder.container(keyedBy: WireKey.self)
            subject = object.word("sub")
            expires = object.integer("exp")
            issued = object.integer("iat")
        }
    }

    /// Both base64 alphabets, with or without padding.
    private static func payload(_ segment: Substring) -> Payload? {
        var text = String(segment.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }.filter { $0 != "=" })
        text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard let bytes = Data(base64Encoded: text) else { return nil }
        do {
            return try JSONDecoder().decode(Payload.self, from: bytes)
        } catch {
            // Informative only: an unreadable payload is one that says nothing.
            return nil
        }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "+"),
            UInt8(ascii: "/"), UInt8(ascii: "="):
            true
        default: false
        }
    }
}
