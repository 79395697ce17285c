import Basics
import Drive
import TestSupport
import Testing

@testable import DriveHTTP

/// Calls of the API over real sockets.
@Suite struct TransportTests {
    private let scratch = Scratch()

    private func drive(
        _ server: LoopbackServer, time: any TimeSource = SystemTime(),
        change: (inout DriveHTTPConfiguration) -> Void = { _ in }
    ) throws -> HTTPDrive {
        var configuration = DriveHTTPConfiguration(
            apiURL: server.url + "/", renewal: .online(url: server.url + "/renew", driver: "alicloud_qr"),
            tokenPath: scratch.path + "/token", limitsDirectory: scratch.path + "/deep/limits")
        configuration.rates = .init(list: 60, link: 60, other: 60)
        change(&configuration)
        return try HTTPDrive(configuration, time: time, random: { 0 }, logger: quiet)
    }

    private func reply(_ json: String, _ status: Int = 200) -> [LoopbackServer.Step] {
        [.head(status, [("content-length", "\(json.utf8.count)")]), .bytes(Array(json.utf8)), .end]
    }

    @Test func fromAnImportedTokenToAListing() async throws {
        let server = try await LoopbackServer { request in
            if request.head.uri.hasPrefix("/renew?") { return reply(Tokens.pair(1, life: nil)) }
            return reply(#"{"items":[{"file_id":"1","name":"a","type":"folder"}],"next_marker":""}"#)
        }
        let drive = try drive(server)
        let token = Tokens.jwt(id: "first")
        _ = try await HTTPDrive.importRefreshToken(token, to: scratch.path + "/token", time: SystemTime())
        let page = try await drive.list(ObjectID(drive: DriveID("1"), file: .root), marker: nil, .foreground)
        #expect(page.files.map(\.name) == ["a"] && page.next == nil)
        let renewal = try #require(server.requests.first)
        #expect(renewal.head.uri == "/renew?refresh_ui=\(token)&server_use=true&driver_txt=alicloud_qr")
        #expect(renewal.head.headers["user-agent"] == ["aliyunfs"])
        let list = try #require(server.requests.last)
        #expect(list.head.method == .POST && list.head.headers["authorization"] == ["Bearer access-1"])
        #expect(await HTTPDrive.hasLogin(at: scratch.path + "/token"))
        await drive.shutdown()
        await drive.shutdown()
        await server.stop()
    }

    @Test func anAnswerThatDoesNotEndIsBounded() async throws {
        let piece = [UInt8](repeating: 0x20, count: 1_000_000)
        let server = try await LoopbackServer { request in
            request.head.uri.hasPrefix("/renew")
                ? reply(Tokens.pair(1))
                : [.head(200, [("transfer-encoding", "chunked")])] + (0..<18).map { _ in .bytes(piece) } + [.stall]
        }
        let drive = try drive(server)
        _ = try await HTTPDrive.importRefreshToken(Tokens.jwt(), to: scratch.path + "/token", time: SystemTime())
        let error = await failure { try await drive.space(.foreground) }
        guard case .malformedAnswer = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        await drive.shutdown()
        await server.stop()
    }

    @Test func aSilentServiceIsTriedAFewTimes() async throws {
        let server = try await LoopbackServer { request in
            request.head.uri.hasPrefix("/renew") ? reply(Tokens.pair(1)) : [.stall]
        }
        let drive = try drive(server, time: JumpingTime()) { $0.requestTimeout = .milliseconds(200) }
        try TokenFile(path: scratch.path + "/token").write(
            StoredLogin(refreshToken: Tokens.jwt(), accessToken: "a", accessExpires: 1_700_007_200))
        let error = await failure { try await drive.space(.foreground) }
        guard case .unreachable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        // On a busy machine a connection may not come about in time: such tries are fewer.
        let tries = drive.health().lastFaults.count
        #expect(tries >= RetryPolicy.mostUnreachable && tries <= RetryPolicy.mostTries)
        await drive.shutdown()
        await server.stop()
    }

    @Test func cancellingACallEndsIt() async throws {
        let server = try await LoopbackServer { request in
            request.head.uri.hasPrefix("/renew") ? reply(Tokens.pair(1)) : [.stall]
        }
        let drive = try drive(server)
        _ = try await HTTPDrive.importRefreshToken(Tokens.jwt(), to: scratch.path + "/token", time: SystemTime())
        let caller = Task { await failure { try await drive.space(.foreground) } }
        while server.requests.count < 2 { await Task.yield() }
        caller.cancel()
        #expect(await caller.value == .cancelled)
        await drive.shutdown()
        await server.stop()
    }
}
