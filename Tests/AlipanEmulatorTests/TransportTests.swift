import Foundation
import Testing

@testable import AlipanEmulator

@Suite struct TransportTests {
    @Test func bearerIsAskedForAndEnds() async throws {
        try await Rig.run { rig async throws in
            let none = try await rig.post("/adrive/v1.0/user/getDriveInfo", [:], without: ["authorization"])
            #expect(none.status == 401)
            #expect(try none.code == "AccessTokenInvalid")
            let strange = try await rig.post(
                "/adrive/v1.0/user/getDriveInfo", [:], headers: ["authorization": "Bearer x"])
            #expect(try strange.code == "AccessTokenInvalid")
            #expect(try await rig.post("/adrive/v1.0/user/getDriveInfo", [:]).status == 200)
            rig.advance(seconds: 7201)
            let old = try await rig.post("/adrive/v1.0/user/getDriveInfo", [:])
            #expect(old.status == 401)
            #expect(try old.code == "AccessTokenExpired")
        }
    }

    @Test func requestWithoutUserAgentFails() async throws {
        try await Rig.run { rig async throws in
            #expect(try await rig.post("/adrive/v1.0/user/getDriveInfo", [:], without: ["user-agent"]).status == 500)
            rig.change { $0.missingUserAgentStatus = 400 }
            #expect(try await rig.post("/adrive/v1.0/user/getDriveInfo", [:], without: ["user-agent"]).status == 400)
        }
    }

    @Test func strangePathsAndMethodsGetTheFrameworksPage() async throws {
        try await Rig.run { rig async throws in
            let unknown = try await rig.post("/adrive/v1.0/openFile/restore", [:])
            #expect(unknown.status == 404)
            #expect(try Set(unknown.json.keys) == ["timestamp", "status", "error", "path"])
            let bearer = ["authorization": "Bearer \(rig.token)"]
            #expect(try await rig.get("/adrive/v1.0/openFile/list", headers: bearer).status == 405)
        }
    }

    @Test func badRequestsAreRefused() async throws {
        try await Rig.run { rig async throws in
            let headers = [
                "authorization": "Bearer \(rig.token)", "content-type": "application/json", "user-agent": "t",
            ]
            let url = rig.api + "/adrive/v1.0/openFile/list"
            let broken = try await fetch("POST", url, headers, body: Array("{\"drive_id\":".utf8))
            #expect(broken.status == 400)
            #expect(try broken.code == "InvalidRequestJSONFormat")
            let missing = try await rig.post("/adrive/v1.0/openFile/list", ["drive_id": rig.drive])
            #expect(missing.status == 400)
            #expect(try missing.code == "InvalidParameterMissing")
            let wrong = try await rig.list("root", ["limit": "ten"])
            #expect(wrong.status == 400)
            #expect(try wrong.code == "InvalidParameterWrongFormat")
            let plain = try await rig.post(
                "/adrive/v1.0/openFile/list", ["drive_id": rig.drive, "parent_file_id": "root"],
                headers: ["content-type": "text/plain"])
            #expect(plain.status == 400)
            #expect(try await rig.list("root", ["nobody_knows": [1, 2]]).status == 200)
        }
    }

    @Test func emptyBodyIsAnEmptyObject() async throws {
        try await Rig.run { rig async throws in
            let headers = ["authorization": "Bearer \(rig.token)", "user-agent": "t", "content-length": "0"]
            let reply = try await fetch("POST", rig.api + "/adrive/v1.0/user/getDriveInfo", headers)
            #expect(reply.status == 200)
        }
    }

    @Test func failuresComeInEveryShape() async throws {
        try await Rig.run { rig async throws in
            let shapes: [(FaultAction.Shape, Int)] = [
                (.json, 500), (.nulls, 503), (.text, 502), (.empty, 400), (.html, 404), (.spring, 404),
                (.caHeaders, 403),
            ]
            for (shape, status) in shapes {
                rig.emulator.clearFaults()
                try rig.fault("list") {
                    $0.status = status
                    $0.body = shape
                    $0.code = "NeverSeenBefore"
                }
                let reply = try await rig.list()
                #expect(reply.status == status)
                switch shape {
                case .json:
                    #expect(try reply.code == "NeverSeenBefore")
                    #expect(try reply.json["display_message"] == nil)
                case .nulls:
                    #expect(try reply.string("resultCode") == "NeverSeenBefore")
                    #expect(try reply.json.keys.contains("display_message"))
                case .text: #expect(reply.text == "Bad Gateway")
                case .empty: #expect(reply.body.isEmpty)
                case .html: #expect(reply.text.hasPrefix("<html>"))
                case .spring: #expect(try reply.number("status") == 404)
                case .caHeaders:
                    #expect(reply.body.isEmpty)
                    #expect(reply.headers.first(name: "x-ca-error-code") == "NeverSeenBefore")
                default: Issue.record("not tried")
                }
                #expect(try await rig.list().status == 200)
            }
            #expect(rig.emulator.counters["list"].faulted == shapes.count)
            #expect(rig.emulator.counters["list"].refused == 0)
        }
    }

    @Test func errorsCanCarryNulls() async throws {
        try await Rig.run { rig async throws in
            rig.change { $0.errorNulls = true }
            let reply = try await rig.file("get", ["file_id": "0000000000000000000000000000000000000000"])
            #expect(try reply.string("resultCode") == "NotFound.FileId")
            #expect(try reply.json.keys.contains("pdsRequestId"))
        }
    }

    @Test func successCarriesUnknownKeysInAnyOrder() async throws {
        try await Rig.run { rig async throws in
            try rig.emulator.put("/a", .text("x"))
            let plain = try await rig.list()
            #expect(try plain.json["x_unknown"] != nil)
            rig.change { $0.shuffleKeys = true }
            var orders: Set<String> = []
            for _ in 0..<5 { orders.insert(try await rig.list().text) }
            #expect(orders.count > 1)
        }
    }

    @Test func nullsOnlyWhereAllowed() async throws {
        try await Rig.run { rig async throws in
            try rig.emulator.mkdir("/d")
            let never = ["drive_id", "file_id", "parent_file_id", "name"]
            for absent in [Switches.Absent.null, .missing, .mixed] {
                rig.change { $0.absent = absent }
                let item = try #require(try await rig.list().items.first)
                for key in never { #expect(item[key] is String) }
                switch absent {
                case .null: #expect(item["size"] is NSNull)
                case .missing: #expect(item["size"] == nil)
                case .mixed: break
                }
            }
            rig.change { $0.timeFraction = false }
            let time = try #require(try await rig.list().items.first?["created_at"] as? String)
            #expect(time == "2023-11-14T22:13:20Z")
        }
    }

    @Test func connectionsAreKeptAndPipelined() async throws {
        try await Rig.run { rig async throws in
            let line = try await Line(rig.api)
            let headers = [
                "authorization": "Bearer \(rig.token)", "content-type": "application/json", "user-agent": "t",
            ]
            let info = rig.api + "/adrive/v1.0/user/getDriveInfo"
            line.send("POST", info, headers, body: Array("{}".utf8))
            line.send("POST", rig.api + "/nowhere", headers, body: Array("{}".utf8))
            line.send("POST", info, headers, body: Array("{}".utf8))
            #expect(try await line.receive().status == 200)
            #expect(try await line.receive().status == 404)
            #expect(try await line.receive().status == 200)
            try await line.close()
            #expect(rig.emulator.counters.connections == 1)
        }
    }

    @Test func silentConnectionsAreClosed() async throws {
        try await Rig.run({ $0.idleMilliseconds = 20 }) { rig async throws in
            let line = try await Line(rig.api)
            await #expect(throws: (any Error).self) { try await line.receive() }
        }
    }

    @Test func successCanBeEmpty() async throws {
        try await Rig.run { rig async throws in
            let id = try rig.emulator.put("/a", .text("x"))
            try rig.fault("trash") { $0.noContent = true }
            let reply = try await rig.file("recyclebin/trash", ["file_id": id])
            #expect(reply.status == 204)
            #expect(reply.body.isEmpty)
            #expect(rig.emulator.tree().first?.trashed == true)
        }
    }

    @Test func scopesAreHeld() async throws {
        try await Rig.run { rig async throws in
            let a = rig.emulator.addresses
            let begun = try await rig.post(
                "/oauth/authorize/qrcode",
                ["client_id": a.clientId, "client_secret": a.clientSecret, "scopes": ["user:base", "file:all:read"]])
            let sid = try #require(try begun.string("sid"))
            try rig.emulator.setLogin(sid, "LoginSuccess")
            let code = try await rig.get("/oauth/qrcode/\(sid)/status").string("authCode")
            let pair = try await rig.post(
                "/oauth/access_token",
                [
                    "client_id": a.clientId, "client_secret": a.clientSecret, "grant_type": "authorization_code",
                    "code": code ?? "",
                ])
            var reader = rig
            reader.token = try #require(try pair.string("access_token"))
            #expect(try await reader.list().status == 200)
            let refused = try await reader.begin("a", size: 1)
            #expect(refused.status == 403)
            #expect(try refused.code == "PermissionDenied")
        }
    }

    @Test func bodiesHeldBackAreCalledFor() async throws {
        try await Rig.run { rig async throws in
            let url = try #require(try await rig.begin("a", size: 3).partURLs.first)
            let line = try await Line(url)
            line.send("PUT", url, ["expect": "100-continue"], body: [1, 2, 3])
            #expect(try await line.receive().status == 200)
            let refused = try await Line(url)
            refused.send(
                "PUT", url, ["expect": "100-continue", "content-type": "a/b", "content-length": "3"], end: false)
            #expect(try await refused.receive().status == 403)
            try await line.close()
            try await refused.close()
        }
    }
}
