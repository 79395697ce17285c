import Crypto
import FoundationEssentials

/// Access and refresh tokens that are alive, and those that were, so that each is refused for the right reason.
struct TokenBook: Sendable {
    struct Token: Sendable, Codable {
        enum Kind: String, Sendable, Codable { case access, refresh }

        var text: String
        var kind: Kind
        var app: String
        var scopes: [String]
        var expires: Milliseconds
        var spent = false
    }

    private(set) var tokens: [String: Token] = [:]
    /// Tokens whose record has changed since the store last asked.
    var changed: [Token] = []

    private let key: SymmetricKey
    private var random: Scrambler

    init(seed: UInt64) {
        var random = Scrambler(seed: seed ^ 0x70c3_1500)
        key = SymmetricKey(data: Array(random.token().utf8))
        self.random = random
    }

    mutating func put(_ token: Token) { tokens[token.text] = token }

    private mutating func record(_ token: Token) {
        tokens[token.text] = token
        changed.append(token)
    }

    mutating func issue(
        _ kind: Token.Kind, app: String, sub: String, drives: [String], scopes: [String], now: Milliseconds,
        lifeSeconds: Int
    ) -> String {
        let expires = now + Milliseconds(lifeSeconds) * 1000
        let payload: JSON = [
            "sub": .string(sub), "aud": .string(app), "s": .string(random.token()),
            "d": .string(drives.joined(separator: ",")), "iss": "alipan", "exp": .int(expires / 1000),
            "iat": .int(now / 1000), "jti": .string(random.token()),
        ]
        let text = JWT.sign(payload, key: key)
        record(Token(text: text, kind: kind, app: app, scopes: scopes, expires: expires))
        return text
    }

    /// The grant behind a bearer, or why it is no good (contract 2.5).
    func check(bearer: String, now: Milliseconds) throws(APIError) -> Token {
        guard let token = tokens[bearer], token.kind == .access else { throw .badToken }
        guard !token.spent, token.expires > now else { throw .oldToken }
        return token
    }

    /// Spends a refresh token: it works once.
    mutating func spend(refresh text: String, app: String, now: Milliseconds) throws(APIError) -> Token {
        guard var token = tokens[text], token.kind == .refresh, !token.spent, token.app == app else {
            throw APIError(400, "RefreshTokenInvalid", "refresh_token is invalid or has been used")
        }
        guard token.expires > now else { throw APIError(401, "RefreshTokenExpired", "refresh_token expired") }
        token.spent = true
        record(token)
        return token
    }

    /// Ends the access tokens of an app after a grace, as a refresh may.
    mutating func endAccess(app: String, at time: Milliseconds) {
        for token in tokens.values where token.kind == .access && token.app == app && token.expires > time {
            var ended = token
            ended.expires = time
            record(ended)
        }
    }

    mutating func expireAll(_ kind: Token.Kind, now: Milliseconds) {
        for token in tokens.values where token.kind == kind && token.expires > now {
            var ended = token
            ended.expires = now
            record(ended)
        }
    }

    /// Forgets what nobody can ask about any more in a way that matters.
    mutating func prune(now: Milliseconds) {
        guard tokens.count > 5000 else { return }
        tokens = tokens.filter { $0.value.expires > now - 86_400_000 }
    }
}

/// The form of the service's tokens: three segments of unpadded base64url (contract 2.3).
enum JWT {
    static func sign(_ payload: JSON, key: SymmetricKey) -> String {
        let header: JSON = ["typ": "JWT", "alg": "HS256"]
        let signed = base64URL(header.encoded()) + "." + base64URL(payload.encoded())
        let mac = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: key)
        return signed + "." + base64URL(Array(mac))
    }

    static func base64URL(_ bytes: [UInt8]) -> String {
        Base64.encode(bytes).replacing("=", with: "")
            .replacing("+", with: "-").replacing("/", with: "_")
    }
}

enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
    static func decode(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { Array($0) } }
}
