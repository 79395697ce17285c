import Basics
import Drive
import FoundationEssentials

/// OpenList's online API (contract 2.4): `GET …?refresh_ui=…&server_use=true&driver_txt=…`.
struct OnlineRenewer: Renewer {
    let call: RenewCall
    let url: String
    let driver: String

    func renew(_ refreshToken: String) async throws(RenewFailure) -> RenewedLogin {
        let query = [("refresh_ui", refreshToken), ("server_use", "true"), ("driver_txt", driver)]
            .map { "\($0)=\(URLText.encode($1))" }.joined(separator: "&")
        let answer = try await call.send(.get, url + (url.contains("?") ? "&" : "?") + query)
        return try OnlineAnswer.judge(answer)
    }
}

/// The older online API: `POST` with JSON, the answer of OAuth.
struct OnlinePostRenewer: Renewer {
    private struct Request: Encodable {
        var client_id = ""
        var client_secret = ""
        var grant_type = "refresh_token"
        var refresh_token: String
    }

    let call: RenewCall
    let url: String

    func renew(_ refreshToken: String) async throws(RenewFailure) -> RenewedLogin {
        let body = try RenewBody.encode(Request(refresh_token: refreshToken))
        return try OnlineAnswer.judge(try await call.send(.post, url, body: body))
    }
}

/// The drive itself, with an app of one's own (contract 2.1).
struct OwnAppRenewer: Renewer {
    private struct Request: Encodable {
        var client_id: String
        var client_secret: String
        var grant_type = "refresh_token"
        var refresh_token: String
    }

    let call: RenewCall
    let apiURL: String
    let clientID: String
    let clientSecret: String

    func renew(_ refreshToken: String) async throws(RenewFailure) -> RenewedLogin {
        let body = try RenewBody.encode(
            Request(client_id: clientID, client_secret: clientSecret, refresh_token: refreshToken))
        let answer = try await call.send(.post, apiURL + "/oauth/access_token", body: body)
        if answer.status == 200, let pair = WireToken.read(answer)?.pair { return pair }
        let verdict = Verdict(answer, serverNow: call.time.wallTime())
        switch verdict {
        case .success: throw .refused("an answer without tokens")
        case .tokenRefused(let refusal): throw .dead(refusal.words)
        case .throttled(_, let wait): throw .throttled(after: wait)
        // The tokens may have been rotated before the fault.
        case .passing(let refusal): throw .lost(refusal.words)
        case .final(let error): throw Self.failure(error)
        }
    }

    private static func failure(_ error: DriveError) -> RenewFailure {
        switch error {
        case .loginRequired(let words): .dead(words)
        case .misconfigured(let words): .misconfigured(words)
        case .accessDenied(let refusal), .accountRestricted(let refusal), .driveLocked(let refusal),
            .notFound(let refusal), .inRecycleBin(let refusal), .nameTaken(let refusal), .wrongKind(let refusal),
            .quotaExhausted(let refusal), .tooLarge(let refusal), .staleMarker(let refusal),
            .rejected(let refusal), .serverFailure(let refusal):
            .refused(refusal.words)
        case .untrusted(let words): .untrusted(words)
        case .unreachable(let words), .malformedAnswer(let words): .lost(words)
        case .cancelled, .deadlinePassed, .download, .change: .lost("no answer")
        }
    }
}

/// How the online services answer.
private enum OnlineAnswer {
    static func judge(_ answer: HTTPAnswer) throws(RenewFailure) -> RenewedLogin {
        let token = WireToken.read(answer)
        if answer.status == 200, let pair = token?.pair { return pair }
        let shape = AnswerShape(answer)
        if shape.isHTML || answer.status == 404 {
            throw .unreachable("the renewal service is not there (HTTP \(answer.status))")
        }
        let text =
            token?.text ?? [shape.envelope.code, shape.envelope.message].filter { !$0.isEmpty }.joined(separator: ": ")
        if !text.isEmpty { throw .refused(Redaction.clean(text)) }
        // `{}` or `{"text":{}}`: its own request to the drive failed somewhere on the way.
        if answer.status >= 500 { throw .lost("the renewal service could not ask the drive (HTTP \(answer.status))") }
        throw .refused("the renewal service gave no tokens and no reason (HTTP \(answer.status))")
    }
}

private enum RenewBody {
    static func encode(_ request: some Encodable) throws(RenewFailure) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(request))
        } catch {
            throw .misconfigured("the token or the client id is not text")
        }
    }
}
