import Basics
import Foundation
import TestSupport
import Testing

@testable import DriveHTTP

@Suite struct RenewerTests {
    private enum Style: CaseIterable { case online, post, own }

    private func outcome(
        _ style: Style, _ result: Result<HTTPAnswer, TransportFailure>
    ) async -> (pair: RenewedLogin?, failure: RenewFailure?, call: HTTPCall?) {
        let transport = ScriptedTransport { _, _ in result }
        let call = RenewCall(
            transport: transport, time: ManualTime(), userAgent: "agent", timeout: .seconds(30))
        let renewer: any Renewer =
            switch style {
            case .online: OnlineRenewer(call: call, url: "https://r.example/api?x=1", driver: "alicloud_tv")
            case .post: OnlinePostRenewer(call: call, url: "https://r.example/token")
            case .own: OwnAppRenewer(call: call, apiURL: "https://a.example", clientID: "id", clientSecret: "s&cret")
            }
        do throws(RenewFailure) {
            return (try await renewer.renew("a+b.c/d.e="), nil, transport.asked.first)
        } catch {
            return (nil, error, transport.asked.first)
        }
    }

    private func answer(_ style: Style, _ status: Int, _ body: String) async -> RenewFailure? {
        await outcome(style, .success(.json(body, status: status))).failure
    }

    @Test func requestsAreAsTheServicesExpectThem() async throws {
        let good = HTTPAnswer.json(Tokens.pair(1))
        let online = try #require(await outcome(.online, .success(good)).call)
        #expect(
            online.url
                == "https://r.example/api?x=1&refresh_ui=a%2Bb.c%2Fd.e%3D&server_use=true&driver_txt=alicloud_tv")
        #expect(online.method == .get && online.body == nil)
        let post = try #require(await outcome(.post, .success(good)).call)
        #expect(
            try body(post) == [
                "client_id": "", "client_secret": "", "grant_type": "refresh_token", "refresh_token": "a+b.c/d.e=",
            ])
        let own = try #require(await outcome(.own, .success(good)).call)
        #expect(own.url == "https://a.example/oauth/access_token")
        #expect(
            try body(own) == [
                "client_id": "id", "client_secret": "s&cret", "grant_type": "refresh_token",
                "refresh_token": "a+b.c/d.e=",
            ])
    }

    private func body(_ call: HTTPCall) throws -> [String: String]? {
        try JSONSerialization.jsonObject(with: Data(try #require(call.body))) as? [String: String]
    }

    @Test(arguments: Style.allCases)
    private func success(style: Style) async {
        let result = await outcome(style, .success(.json(Tokens.pair(1, life: nil))))
        #expect(result.pair?.accessToken == "access-1" && result.pair?.life == nil && result.failure == nil)
        let token = #"{"token_type":"Bearer","access_token":"a","refresh_token":"r","expires_in":"7200","x":null}"#
        #expect(await outcome(style, .success(.json(token))).pair?.life == .seconds(7_200))
    }

    @Test func whatTheOnlineServiceSays() async {
        #expect(await answer(.online, 500, #"{"text":"Too bad"}"#) == .refused("Too bad"))
        #expect(await answer(.online, 400, #"{"text":"missing"}"#) == .refused("missing"))
        #expect(await answer(.online, 200, #"{"text":"no","access_token":"","refresh_token":""}"#) == .refused("no"))
        for body in ["{}", #"{"text":{}}"#, ""] {
            guard case .lost = await answer(.online, 500, body) else {
                Issue.record("500 with \(body) may have spent the token")
                return
            }
        }
        for (status, body) in [(404, "gone"), (404, "{}"), (200, "<html></html>"), (502, "<html></html>")] {
            guard case .unreachable = await answer(.online, status, body) else {
                Issue.record("\(status) with \(body) is no renewal service")
                return
            }
        }
        guard case .refused = await answer(.online, 200, #"{"access_token":"a"}"#) else {
            Issue.record("half a pair is none")
            return
        }
        #expect(
            await answer(.post, 401, #"{"code":"RefreshTokenInvalid","message":"x"}"#)
                == .refused("RefreshTokenInvalid: x"))
    }

    @Test func whatTheDriveSays() async {
        for (status, code) in [(401, "RefreshTokenInvalid"), (400, "RefreshTokenExpired"), (403, "PermissionDenied")] {
            guard case .dead = await answer(.own, status, #"{"code":"\#(code)","error":"x"}"#) else {
                Issue.record("\(code) ends the login")
                return
            }
        }
        guard case .misconfigured = await answer(.own, 400, #"{"code":"InvalidClientSecret"}"#) else {
            Issue.record("the secret is wrong")
            return
        }
        guard case .lost = await answer(.own, 502, "Bad Gateway") else {
            Issue.record("502 may have spent the token")
            return
        }
        guard case .refused = await answer(.own, 200, #"{"access_token":"pkce","expires_in":2592000}"#) else {
            Issue.record("without a refresh token there is nothing to go on with")
            return
        }
    }

    @Test(arguments: Style.allCases)
    private func theWayThere(style: Style) async {
        #expect(await outcome(style, .failure(.unreachable("dns"))).failure == .unreachable("dns"))
        #expect(await outcome(style, .failure(.lost("reset"))).failure == .lost("reset"))
        let busy = HTTPAnswer.json("slow down", status: 429, [("Retry-After", "120")])
        #expect(await outcome(style, .success(busy)).failure == .throttled(after: .seconds(120)))
    }

    @Test(arguments: Style.allCases)
    private func noTokenIsEverInTheWords(style: Style) async {
        let token = Tokens.jwt(id: String(repeating: "x", count: 90))
        let failure = await outcome(
            style, .success(.json(#"{"text":"bad token \#(token)","code":"\#(token)"}"#, status: 500))
        ).failure
        #expect(failure?.words.contains(token.prefix(30)) == false)
    }
}
