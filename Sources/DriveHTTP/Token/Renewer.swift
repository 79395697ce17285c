import Basics

/// A new pair of tokens. Secret.
struct RenewedLogin: Sendable {
    var refreshToken: String
    var accessToken: String
    /// From `expires_in`; `nil` where the answer says nothing.
    var life: Duration?
}

/// How a renewal failed, by what it says about the refresh token.
enum RenewFailure: Error, Hashable, Sendable {
    /// The drive itself says that the token or the grant is dead.
    case dead(String)
    /// Refused by a service that does not say why in a way to rely on: dead, perhaps.
    case refused(String)
    /// Asked too often; the token is untouched.
    case throttled(after: Duration?)
    /// The request did not get there; the token is untouched.
    case unreachable(String)
    /// Whoever answered did not prove to be the one who was asked; the token is untouched.
    case untrusted(String)
    /// The request got there, but no answer came back: the token may be spent.
    case lost(String)
    /// Client id, secret or address are wrong.
    case misconfigured(String)
}

/// Turns a refresh token into a new pair, which spends it (contract 2.2): one try, no retries.
protocol Renewer: Sendable {
    func renew(_ refreshToken: String) async throws(RenewFailure) -> RenewedLogin
}

/// One request to whoever renews, judged only as far as all have in common.
struct RenewCall: Sendable {
    let transport: any HTTPTransport
    let time: any TimeSource
    let userAgent: String
    let timeout: Duration
    private let limit = 256 * 1_024

    init(transport: any HTTPTransport, time: any TimeSource, userAgent: String, timeout: Duration) {
        self.transport = transport
        self.time = time
        self.userAgent = userAgent
        self.timeout = timeout
    }

    func send(
        _ method: HTTPCall.Method, _ url: String, body: [UInt8]? = nil
    ) async throws(RenewFailure) -> HTTPAnswer {
        var headers = [(name: "User-Agent", value: userAgent), (name: "Accept", value: "application/json")]
        if body != nil { headers.append((name: "Content-Type", value: "application/json")) }
        let call = HTTPCall(method: method, url: url, headers: headers, body: body, timeout: timeout)
        let answer: HTTPAnswer
        do {
            answer = try await transport.exchange(call, limit: limit, onSent: {})
        } catch {
            switch error {
            case .unreachable(let words): throw .unreachable(words)
            case .untrusted(let words): throw .untrusted(words)
            case .lost(let words): throw .lost(words)
            case .tooLong: throw .lost("the answer is too long")
            case .cancelled: throw .lost("cancelled")
            case .badAddress: throw .misconfigured("the address of the renewal service is not a URL")
            }
        }
        if answer.status == 429 {
            throw .throttled(after: RetryAfter.read(answer.fields, serverNow: time.wallTime()))
        }
        return answer
    }
}

/// The OAuth object in every shape the renewing services give it (contract 2.1 and 2.4).
struct WireToken: Decodable {
    var refreshToken: String?
    var accessToken: String?
    var life: Duration?
    /// The upstream's words, as OpenList's service passes them on.
    var text: String?

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: WireKey.self)
        refreshToken = object.word("refresh_token")
        accessToken = object.word("access_token")
        let seconds = object.integer("expires_in") ?? 0
        life = seconds > 0 ? .seconds(min(seconds, 400 * 86_400)) : nil
        text = object.word("text")
    }

    /// The pair, when both tokens are there.
    var pair: RenewedLogin? {
        guard let refreshToken, let accessToken else { return nil }
        return RenewedLogin(refreshToken: refreshToken, accessToken: accessToken, life: life)
    }

    /// `nil` for an answer that is no object: what it is then is judged elsewhere.
    static func read(_ answer: HTTPAnswer) -> WireToken? { try? WireDecoding.decode(WireToken.self, from: answer.body) }
}
