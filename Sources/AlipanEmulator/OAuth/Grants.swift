struct GrantFields: Decodable {
    var clientId: String?
    var clientSecret: String?
    var grantType: String?
    var code: String?
    var refreshToken: String?
    var codeVerifier: String?
}

struct QRFields: Decodable {
    var clientId: String?
    var clientSecret: String?
    var scopes: [String]?
    var codeChallenge: String?
    var codeChallengeMethod: String?
}

/// What a grant hands out.
struct Pair {
    var access: String
    var refresh: String?
    var expiresIn: Int
}

extension State {
    static let allScopes = ["user:base", "file:all:read", "file:all:write"]

    mutating func accessToken(_ call: Call) throws(APIError) -> JSON {
        let asked = try grantFields(call)
        let app = try required(asked.clientId, "client_id")
        let pair: Pair
        switch try required(asked.grantType, "grant_type") {
        case "refresh_token":
            try checkApp(app, secret: asked.clientSecret, call)
            pair = try refresh(try required(asked.refreshToken, "refresh_token"), app: app, call)
        case "authorization_code": pair = try redeem(asked, app: app, call)
        default: throw APIError(400, "InvalidGrantType", "grant_type is not supported")
        }
        return oauthJSON(pair)
    }

    func oauthJSON(_ pair: Pair) -> JSON {
        var out: JSON = [
            "token_type": "Bearer", "access_token": .string(pair.access), "expires_in": .number(pair.expiresIn),
        ]
        if let refresh = pair.refresh { out.append("refresh_token", .string(refresh)) }
        return out
    }

    /// JSON, or url-encoded as some clients send it.
    private func grantFields(_ call: Call) throws(APIError) -> GrantFields {
        guard call.header("content-type")?.hasPrefix("application/x-www-form-urlencoded") == true else {
            return try call.decode(GrantFields.self)
        }
        let form = Form.decode(String(decoding: call.body, as: UTF8.self))
        func value(_ name: String) -> String? { form.first { $0.name == name }?.value }
        return GrantFields(
            clientId: value("client_id"), clientSecret: value("client_secret"), grantType: value("grant_type"),
            code: value("code"), refreshToken: value("refresh_token"), codeVerifier: value("code_verifier"))
    }

    func checkApp(_ app: String, secret: String?, _ call: Call) throws(APIError) {
        let configuration = call.setup.configuration
        guard app == configuration.clientID || app == configuration.tvClientID else {
            throw APIError(400, "AppNotExists", "app not exists")
        }
        guard secret == configuration.clientSecret else {
            throw APIError(400, "InvalidClientSecret", "client_secret is wrong")
        }
    }

    /// Spends a refresh token and issues the next pair (contract 2.2).
    mutating func refresh(_ text: String, app: String, _ call: Call) throws(APIError) -> Pair {
        let old = try tokens.spend(refresh: text, app: app, now: call.now)
        if let grace = switches.oldTokenGraceS {
            tokens.endAccess(app: app, at: call.now + Milliseconds(grace) * 1000)
        }
        return pair(app: app, scopes: old.scopes, call)
    }

    mutating func pair(app: String, scopes: [String], _ call: Call) -> Pair {
        let configuration = call.setup.configuration
        let sub = switches.renewedSubDiffers ? "00000000000000000000000000000000" : configuration.userID
        let access = tokens.issue(
            .access, app: app, sub: sub, drives: configuration.drives, scopes: scopes, now: call.now,
            lifeSeconds: switches.accessTokenLifeS)
        let refresh = tokens.issue(
            .refresh, app: app, sub: sub, drives: configuration.drives, scopes: scopes, now: call.now,
            lifeSeconds: switches.refreshTokenLifeS)
        tokens.prune(now: call.now)
        return Pair(access: access, refresh: refresh, expiresIn: switches.accessTokenLifeS)
    }

    private mutating func redeem(_ asked: GrantFields, app: String, _ call: Call) throws(APIError) -> Pair {
        let code = try required(asked.code, "code")
        let configuration = call.setup.configuration
        guard let request = logins.redeem(code, now: call.now), request.app == app else {
            throw APIError(400, "InvalidCode", "code is invalid, expired or used")
        }
        guard let verifier = asked.codeVerifier, request.challenge != nil else {
            try checkApp(app, secret: asked.clientSecret, call)
            return pair(app: app, scopes: request.scopes, call)
        }
        guard LoginBook.verifies(verifier, request) else {
            throw APIError(400, "InvalidCode", "code_verifier does not fit the challenge")
        }
        // An app without a secret gets a long access token and nothing to renew it with.
        let access = tokens.issue(
            .access, app: app, sub: configuration.userID, drives: configuration.drives, scopes: request.scopes,
            now: call.now, lifeSeconds: switches.pkceTokenLifeS)
        return Pair(access: access, refresh: nil, expiresIn: switches.pkceTokenLifeS)
    }
}

extension State {
    mutating func qrcode(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(QRFields.self)
        let app = try required(asked.clientId, "client_id")
        let scopes = try required(asked.scopes, "scopes")
        guard app == call.setup.configuration.clientID else { throw APIError(400, "AppNotExists", "app not exists") }
        if asked.codeChallenge == nil { try checkApp(app, secret: asked.clientSecret, call) }
        let request = LoginBook.Request(
            app: app, scopes: scopes, challenge: asked.codeChallenge,
            challengeIsPlain: asked.codeChallengeMethod == "plain")
        let sid = beginLogin(request, call)
        return ["qrCodeUrl": .string("\(call.setup.apiURL)/oauth/qrcode/\(sid)/image"), "sid": .string(sid)]
    }

    mutating func beginLogin(_ request: LoginBook.Request, _ call: Call) -> String {
        let sid = random.token()
        logins.begin(request, sid: sid, expires: call.now + Milliseconds(switches.qrLifeS) * 1000)
        return sid
    }

    mutating func pollLogin(_ sid: String, _ call: Call) -> (LoginBook.Status, code: String?)? {
        let fresh = random.token()
        return logins.poll(
            sid, now: call.now, codeLife: Milliseconds(switches.authCodeLifeS) * 1000,
            autoConfirm: switches.qrAutoConfirm, newCode: { fresh })
    }

    mutating func qrStatus(_ call: Call) throws(APIError) -> JSON {
        let sid = call.path.split(separator: "/").dropFirst(2).first.map(String.init) ?? ""
        guard let (status, code) = pollLogin(sid, call) else {
            throw APIError(400, "QRCodeExpired", "sid is unknown")
        }
        var out: JSON = ["status": .string(status.rawValue)]
        if let code { out.append("authCode", .string(code)) }
        return out
    }

    /// The page a browser would be sent on to; the emulated user always agrees.
    mutating func authorize(_ call: Call) throws(APIError) -> JSON {
        let app = try required(call.query("client_id"), "client_id")
        let redirect = try required(call.query("redirect_uri"), "redirect_uri")
        let scope = try required(call.query("scope"), "scope")
        guard call.query("response_type") == "code" else { throw .missing("response_type") }
        guard app == call.setup.configuration.clientID else { throw APIError(400, "AppNotExists", "app not exists") }
        let code = random.token()
        let request = LoginBook.Request(
            app: app, scopes: scope.split(separator: ",").map(String.init), challenge: call.query("code_challenge"),
            challengeIsPlain: call.query("code_challenge_method") == "plain")
        logins.addCode(code, request, expires: call.now + Milliseconds(switches.authCodeLifeS) * 1000)
        var target = redirect + (redirect.contains("?") ? "&" : "?") + "code=" + code
        if let state = call.query("state") { target += "&state=" + Form.escape(state) }
        return ["redirectUri": .string(target)]
    }
}
