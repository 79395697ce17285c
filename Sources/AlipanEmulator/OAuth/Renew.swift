/// The online renew service of contract 2.4. Its failures have forms of their own.
extension State {
    private struct Refused: Error {
        var answer: Answer
        init(_ status: Int, _ text: String) {
            answer = Answer(status: status, body: .json(["text": .string(text)]), isRefusal: true)
        }
    }

    mutating func renew(_ call: Call) -> Answer {
        do {
            return try renewed(call)
        } catch {
            return error.answer
        }
    }

    private mutating func renewed(_ call: Call) throws(Refused) -> Answer {
        if let wait = renewWait(call) {
            var refused = Refused(429, "Too Many Requests")
            refused.answer.headers = [("Retry-After", String(wait))]
            refused.answer.isThrottle = true
            throw refused
        }
        let driver = call.query("driver_txt") ?? ""
        let isTV = driver == "alicloud_tv"
        guard isTV || driver == "alicloud_qr" else { throw Refused(500, "driver_txt is missing or unknown") }
        guard let token = call.query("refresh_ui"), !token.isEmpty else {
            throw Refused(isTV ? 400 : 500, "refresh_token missing")
        }
        let configuration = call.setup.configuration
        var app = isTV ? configuration.tvClientID : configuration.clientID
        if call.query("server_use") != "true" {
            guard let own = call.query("client_uid"), let secret = call.query("client_key"), !own.isEmpty else {
                throw Refused(500, "client_uid or client_key missing")
            }
            guard own == configuration.clientID, secret == configuration.clientSecret else {
                throw Refused(500, "client_uid or client_key is wrong")
            }
            app = own
        }
        do {
            let pair = try refresh(token, app: app, call)
            if isTV { return .ok(oauthJSON(pair)) }
            return .ok(["refresh_token": .text(pair.refresh), "access_token": .string(pair.access)])
        } catch {
            // Code and status of the drive are lost on the way.
            throw Refused(500, error.message)
        }
    }

    /// Seconds until the service answers again, or nil if it does now.
    private mutating func renewWait(_ call: Call) -> Int64? {
        renewals.removeAll { $0 <= call.now - 3_600_000 }
        if switches.renewPerHour > 0, renewals.count >= switches.renewPerHour, let oldest = renewals.first {
            return (oldest + 3_600_000 - call.now + 999) / 1000
        }
        renewals.append(call.now)
        return nil
    }

    /// The older form: the answer is that of the drive itself.
    mutating func renewPost(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(GrantFields.self)
        guard asked.grantType == "refresh_token" else {
            throw APIError(400, "InvalidGrantType", "grant_type is not supported")
        }
        var app = call.setup.configuration.clientID
        if let own = asked.clientId, !own.isEmpty {
            try checkApp(own, secret: asked.clientSecret, call)
            app = own
        }
        return oauthJSON(try refresh(try required(asked.refreshToken, "refresh_token"), app: app, call))
    }

    mutating func renewRequests(_ call: Call) -> Answer {
        guard call.query("driver_txt") == "alicloud_qr", call.query("server_use") == "true" else {
            return Refused(400, "driver_txt or server_use is missing or unknown").answer
        }
        let request = LoginBook.Request(
            app: call.setup.configuration.clientID, scopes: Self.allScopes, challenge: nil, secretShown: true)
        let sid = beginLogin(request, call)
        let url = "\(call.setup.apiURL)/oauth/qrcode/\(sid)/image"
        return .ok(["text": .string(url), "sid": .string(sid)])
    }

    mutating func renewCallback(_ call: Call) -> Answer {
        let cookies = (call.header("cookie") ?? "").split(separator: ";").map { $0.trimmingPrefix(" ") }
        guard cookies.contains("driver_txt=alicloud_qr") else {
            return Refused(401, "driver_txt cookie missing").answer
        }
        guard let sid = call.query("code"), !sid.isEmpty, call.query("grant_type") == "authorization_code" else {
            return Refused(400, "code missing").answer
        }
        guard let (status, code) = pollLogin(sid, call) else { return Refused(403, "sid is unknown").answer }
        guard status == .loginSuccess, let code, let request = logins.redeem(code, now: call.now) else {
            return Refused(403, "login is not finished").answer
        }
        return .ok(oauthJSON(pair(app: request.app, scopes: request.scopes, call)))
    }
}
