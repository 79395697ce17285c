import Crypto
import Foundation
import Testing

@testable import AlipanEmulator

@Suite struct OAuthTests {
    private func refresh(_ rig: Rig, _ token: String, secret: String? = nil) async throws -> Reply {
        try await rig.post(
            "/oauth/access_token",
            [
                "client_id": rig.emulator.addresses.clientId,
                "client_secret": secret ?? rig.emulator.addresses.clientSecret, "grant_type": "refresh_token",
                "refresh_token": token,
            ], without: ["authorization"])
    }

    private func sub(_ token: String) throws -> String {
        let parts = token.split(separator: ".")
        #expect(parts.count == 3)
        var text = String(parts[1]).replacing("-", with: "+").replacing("_", with: "/")
        while !text.count.isMultiple(of: 4) { text += "=" }
        let data = try #require(Data(base64Encoded: text))
        let json = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        return try #require(json?["sub"] as? String)
    }

    @Test func refreshRotatesAndIsSingleUse() async throws {
        try await Rig.run { rig async throws in
            let first = rig.emulator.addresses.refreshToken
            let reply = try await refresh(rig, first)
            #expect(reply.status == 200)
            #expect(try reply.string("token_type") == "Bearer")
            #expect(try reply.number("expires_in") == 7200)
            let next = try #require(try reply.string("refresh_token"))
            #expect(next != first)
            #expect(try sub(next) == sub(first))
            let again = try await refresh(rig, first)
            #expect(again.status == 400)
            #expect(try again.code == "RefreshTokenInvalid")
            #expect(try again.string("error")?.hasPrefix("RefreshTokenInvalid: ") == true)
            #expect(try await refresh(rig, next).status == 200)
        }
    }

    @Test func oldAccessTokenWorksForAWhile() async throws {
        try await Rig.run { rig async throws in
            rig.change { $0.oldTokenGraceS = 60 }
            let reply = try await refresh(rig, rig.emulator.addresses.refreshToken)
            #expect(try await rig.list().status == 200)
            rig.advance(seconds: 61)
            #expect(try await rig.list().code == "AccessTokenExpired")
            var renewed = rig
            renewed.token = try #require(try reply.string("access_token"))
            #expect(try await renewed.list().status == 200)
        }
    }

    @Test func formIsAcceptedAndWrongAppsAreNot() async throws {
        try await Rig.run { rig async throws in
            let a = rig.emulator.addresses
            let form =
                "client_id=\(a.clientId)&client_secret=\(a.clientSecret)&grant_type=refresh_token"
                + "&refresh_token=\(a.refreshToken)"
            let reply = try await fetch(
                "POST", rig.api + "/oauth/access_token",
                ["content-type": "application/x-www-form-urlencoded", "user-agent": "t"], body: Array(form.utf8))
            #expect(reply.status == 200)
            let next = try #require(try reply.string("refresh_token"))
            #expect(try await refresh(rig, next, secret: "no").code == "InvalidClientSecret")
            rig.advance(seconds: 91 * 86_400)
            let old = try await refresh(rig, next)
            #expect(old.status == 401)
            #expect(try old.code == "RefreshTokenExpired")
        }
    }

    @Test func renewedTokenMayNameSomebodyElse() async throws {
        try await Rig.run { rig async throws in
            rig.change { $0.renewedSubDiffers = true }
            let reply = try await refresh(rig, rig.emulator.addresses.refreshToken)
            #expect(try sub(reply.string("refresh_token") ?? "") != sub(rig.emulator.addresses.refreshToken))
        }
    }

    @Test func answerCanBeLostAfterTheTokenIsSpent() async throws {
        try await Rig.run { rig async throws in
            try rig.fault("accessToken") { $0.drop = .after }
            await #expect(throws: (any Error).self) { try await refresh(rig, rig.emulator.addresses.refreshToken) }
            #expect(try await refresh(rig, rig.emulator.addresses.refreshToken).code == "RefreshTokenInvalid")
        }
    }

    @Test func qrLoginGoesThroughItsStates() async throws {
        try await Rig.run { rig async throws in
            rig.change { $0.qrAutoConfirm = false }
            let a = rig.emulator.addresses
            let begun = try await rig.post(
                "/oauth/authorize/qrcode",
                ["client_id": a.clientId, "client_secret": a.clientSecret, "scopes": ["user:base"]],
                without: ["authorization"])
            let sid = try #require(try begun.string("sid"))
            #expect(try begun.string("qrCodeUrl")?.contains(sid) == true)
            let status = "/oauth/qrcode/\(sid)/status"
            #expect(try await rig.get(status).string("status") == "WaitLogin")
            try rig.emulator.setLogin(sid, "ScanSuccess")
            #expect(try await rig.get(status).string("status") == "ScanSuccess")
            try rig.emulator.setLogin(sid, "LoginSuccess")
            let done = try await rig.get(status)
            #expect(try done.string("status") == "LoginSuccess")
            let code = try #require(try done.string("authCode"))
            let grant: [String: Any] = [
                "client_id": a.clientId, "client_secret": a.clientSecret, "grant_type": "authorization_code",
                "code": code,
            ]
            let pair = try await rig.post("/oauth/access_token", grant)
            #expect(pair.status == 200)
            #expect(try pair.string("refresh_token") != nil)
            #expect(try await rig.post("/oauth/access_token", grant).code == "InvalidCode")
            var user = rig
            user.token = try #require(try pair.string("access_token"))
            let scopes = try await user.get("/oauth/users/scopes", headers: ["authorization": "Bearer \(user.token)"])
            #expect(scopes.text.contains("user:base"))
        }
    }

    @Test func qrLoginExpires() async throws {
        try await Rig.run { rig async throws in
            let a = rig.emulator.addresses
            let begun = try await rig.post(
                "/oauth/authorize/qrcode",
                ["client_id": a.clientId, "client_secret": a.clientSecret, "scopes": ["user:base"]])
            let sid = try #require(try begun.string("sid"))
            rig.advance(seconds: 181)
            #expect(try await rig.get("/oauth/qrcode/\(sid)/status").string("status") == "QRCodeExpired")
        }
    }

    @Test func pkceGetsALongTokenAndNothingToRenewIt() async throws {
        try await Rig.run { rig async throws in
            let verifier = "a-verifier-of-a-decent-length-0123456789"
            let challenge = Data(SHA256.hash(data: Data(verifier.utf8))).base64EncodedString()
                .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
            let a = rig.emulator.addresses
            let query =
                "client_id=\(a.clientId)&redirect_uri=oob&scope=user:base&response_type=code"
                + "&code_challenge=\(challenge)&code_challenge_method=S256&state=s1"
            let target = try #require(try await rig.get("/oauth/authorize?" + query).string("redirectUri"))
            #expect(target.contains("state=s1"))
            let code = try #require(URLComponents(string: target)?.queryItems?.first { $0.name == "code" }?.value)
            let grant: [String: Any] = [
                "client_id": a.clientId, "grant_type": "authorization_code", "code": code, "code_verifier": verifier,
            ]
            let reply = try await rig.post("/oauth/access_token", grant)
            #expect(reply.status == 200)
            #expect(try reply.json["refresh_token"] == nil)
            #expect(try reply.number("expires_in") == 30 * 86_400)
        }
    }
}

@Suite struct RenewTests {
    private func renew(_ rig: Rig, _ token: String, driver: String = "alicloud_qr", more: String = "&server_use=true")
        async throws -> Reply
    {
        try await fetch("GET", rig.emulator.addresses.renewUrl + "?refresh_ui=\(token)&driver_txt=\(driver)" + more)
    }

    @Test func successHasTwoTokensAndNothingElse() async throws {
        try await Rig.run { rig async throws in
            let reply = try await renew(rig, rig.emulator.addresses.refreshToken)
            #expect(reply.status == 200)
            #expect(try Set(reply.json.keys) == ["refresh_token", "access_token"])
            let again = try await renew(rig, rig.emulator.addresses.refreshToken)
            #expect(again.status == 500)
            #expect(try Set(again.json.keys) == ["text"])
        }
    }

    @Test func tvTokensRenewOnlyAsTV() async throws {
        try await Rig.run { rig async throws in
            #expect(try await renew(rig, rig.emulator.addresses.tvRefreshToken).status == 500)
            let reply = try await renew(rig, rig.emulator.addresses.tvRefreshToken, driver: "alicloud_tv")
            #expect(reply.status == 200)
            #expect(try reply.number("expires_in") == 7200)
        }
    }

    @Test func ownAppNeedsItsKey() async throws {
        try await Rig.run { rig async throws in
            let a = rig.emulator.addresses
            #expect(try await renew(rig, a.refreshToken, more: "").status == 500)
            let own = "&server_use=false&client_uid=\(a.clientId)&client_key=\(a.clientSecret)"
            #expect(try await renew(rig, a.refreshToken, more: own).status == 200)
            #expect(try await renew(rig, "", more: "&server_use=true").status == 500)
            #expect(try await renew(rig, "", driver: "alicloud_tv").status == 400)
        }
    }

    @Test func failsInItsOwnShapes() async throws {
        try await Rig.run { rig async throws in
            let shapes: [(FaultAction.Shape, Int, String)] = [
                (.renewText, 500, #"{"text":"dead"}"#), (.renewEmpty, 500, "{}"),
                (.renewTextObject, 500, #"{"text":{}}"#),
                (.renewEmptyToken, 200, #"{"refresh_token":"","access_token":"","text":"dead"}"#),
            ]
            for (shape, status, text) in shapes {
                rig.emulator.clearFaults()
                try rig.fault("renew") {
                    $0.body = shape
                    $0.message = "dead"
                }
                let reply = try await renew(rig, rig.emulator.addresses.refreshToken)
                #expect(reply.status == status)
                #expect(reply.text == text)
            }
            rig.emulator.clearFaults()
            try rig.fault("renew") {
                $0.status = 404
                $0.body = .html
            }
            #expect(try await renew(rig, rig.emulator.addresses.refreshToken).text.hasPrefix("<html>"))
            #expect(try await renew(rig, rig.emulator.addresses.refreshToken).status == 200)
        }
    }

    @Test func isLimitedByTheHour() async throws {
        try await Rig.run { rig async throws in
            rig.change { $0.renewPerHour = 1 }
            #expect(try await renew(rig, rig.emulator.addresses.refreshToken).status == 200)
            let limited = try await renew(rig, "x")
            #expect(limited.status == 429)
            #expect(limited.headers.first(name: "retry-after") == "3600")
        }
    }

    @Test func olderPostStyleAnswersLikeTheDrive() async throws {
        try await Rig.run { rig async throws in
            let fields = [
                "client_id": "", "client_secret": "", "grant_type": "refresh_token",
                "refresh_token": rig.emulator.addresses.refreshToken,
            ]
            let reply = try await rig.post("/alist/ali_open/token", fields)
            #expect(reply.status == 200)
            #expect(try reply.number("expires_in") == 7200)
            #expect(try await rig.post("/alist/ali_open/token", fields).code == "RefreshTokenInvalid")
        }
    }

    @Test func helpsWithTheLogin() async throws {
        try await Rig.run { rig async throws in
            let begun = try await rig.get("/alicloud/requests?driver_txt=alicloud_qr&server_use=true")
            let sid = try #require(try begun.string("sid"))
            let image = try #require(try begun.string("text"))
            #expect(try await fetch("GET", image).headers.first(name: "content-type") == "image/svg+xml")
            let callback = "/alicloud/callback?code=\(sid)&grant_type=authorization_code&server_use=true"
            let cookie = ["cookie": "driver_txt=alicloud_qr"]
            #expect(try await rig.get(callback).status == 401)
            #expect(try await rig.get(callback, headers: cookie).status == 403)
            for _ in 0..<3 { _ = try await rig.get("/oauth/qrcode/\(sid)/status") }
            #expect(try await rig.get(callback, headers: cookie).string("access_token") != nil)
        }
    }
}
