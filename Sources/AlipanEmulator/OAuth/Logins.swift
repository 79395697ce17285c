import Crypto

/// Logins under way: QR sessions and authorization codes (contract 2.1, 2.2).
struct LoginBook: Sendable {
    enum Status: String, Sendable, Codable {
        case waitLogin = "WaitLogin"
        case scanSuccess = "ScanSuccess"
        case loginSuccess = "LoginSuccess"
        case expired = "QRCodeExpired"
    }

    struct Request: Sendable {
        var app: String
        var scopes: [String]
        var challenge: String?
        var challengeIsPlain = false
        /// The secret was shown when the login was asked for.
        var secretShown = false
    }

    private struct Session: Sendable {
        var request: Request
        var expires: Milliseconds
        var status = Status.waitLogin
        var code: String?
    }

    private struct Code: Sendable {
        var request: Request
        var expires: Milliseconds
    }

    private var sessions: [String: Session] = [:]
    private var codes: [String: Code] = [:]

    mutating func begin(_ request: Request, sid: String, expires: Milliseconds) {
        sessions[sid] = Session(request: request, expires: expires)
    }

    func knows(_ sid: String) -> Bool { sessions[sid] != nil }

    /// The status, and the code once the login is through.
    mutating func poll(
        _ sid: String, now: Milliseconds, codeLife: Milliseconds, autoConfirm: Bool, newCode: () -> String
    ) -> (Status, code: String?)? {
        guard var session = sessions[sid] else { return nil }
        if session.expires <= now, session.status != .loginSuccess { session.status = .expired }
        let shown = session.status
        if shown == .loginSuccess, session.code == nil {
            let code = newCode()
            session.code = code
            codes[code] = Code(request: session.request, expires: now + codeLife)
        }
        sessions[sid] = session
        if autoConfirm { advance(sid) }
        return (shown, shown == .loginSuccess ? session.code : nil)
    }

    /// One state on, as when somebody scans and then confirms.
    mutating func advance(_ sid: String) {
        switch sessions[sid]?.status {
        case .waitLogin: sessions[sid]?.status = .scanSuccess
        case .scanSuccess: sessions[sid]?.status = .loginSuccess
        case .loginSuccess, .expired, nil: break
        }
    }

    mutating func set(_ sid: String, _ status: Status) { sessions[sid]?.status = status }

    mutating func addCode(_ code: String, _ request: Request, expires: Milliseconds) {
        codes[code] = Code(request: request, expires: expires)
    }

    /// Takes the code away: it works once.
    mutating func redeem(_ code: String, now: Milliseconds) -> Request? {
        guard let entry = codes.removeValue(forKey: code), entry.expires > now else { return nil }
        return entry.request
    }

    static func verifies(_ verifier: String, _ request: Request) -> Bool {
        guard let challenge = request.challenge else { return false }
        if request.challengeIsPlain { return verifier == challenge }
        return JWT.base64URL(Array(SHA256.hash(data: Array(verifier.utf8)))) == challenge
    }
}
