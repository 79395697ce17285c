import Foundation
import Testing

@testable import AlipanEmulator

/// A directory that is gone afterwards.
func withDirectory(_ body: (String) async throws -> Void) async throws {
    let path = FileManager.default.temporaryDirectory.path + "/emulator-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    do {
        try await body(path)
    } catch {
        try FileManager.default.removeItem(atPath: path)
        throw error
    }
    try FileManager.default.removeItem(atPath: path)
}

@Suite struct StoreTests {
    @Test func everythingIsThereAgain() async throws {
        try await withDirectory { path in
            var before: [Entry] = []
            var refresh = ""
            var begun: [String: Any] = [:]
            let bytes = pattern(150_000)
            try await Rig.run({ $0.storeDirectory = path }) { rig async throws in
                try rig.emulator.putLivePhoto("/x.livp", parts: [("jpeg", .text("p")), ("mov", .text("m"))])
                try rig.emulator.put("/inline", .text("bytes"), localModifiedAt: "2020-01-01T00:00:00.000Z")
                try rig.emulator.put("/made", .synthetic(size: 1000))
                _ = try await rig.upload("up", bytes)
                try rig.emulator.mkdir("/d/e\u{301}")
                try rig.emulator.put("/trashed", .text("t"))
                try rig.emulator.trash("/trashed")
                try rig.emulator.put("/deleted", .text("d"))
                try rig.emulator.delete("/deleted")
                try rig.emulator.move("/inline", to: "/d/moved")
                let upload = try await rig.begin("half", size: bytes.count + 5, parts: 2)
                #expect(try await fetch("PUT", try upload.partURLs[0], body: bytes).status == 200)
                begun = try rig.ids(upload)
                before = rig.emulator.tree()
                refresh = rig.emulator.addresses.refreshToken
            }
            // Twice: once from the log, once from the snapshot.
            for round in 1...2 {
                try await Rig.run({ $0.storeDirectory = path }) { rig async throws in
                    #expect(rig.emulator.tree() == before)
                    #expect(try rig.emulator.bytes("/up") == bytes)
                    #expect(try rig.emulator.bytes("/d/moved") == Array("bytes".utf8))
                    #expect(try rig.emulator.bytes("/made") == pattern(1000))
                    guard round == 2 else { return }
                    let list = [["part_number": 2]]
                    let urls = try await rig.file("getUploadUrl", begun.merging(["part_info_list": list]) { $1 })
                        .partURLs
                    #expect(try await fetch("PUT", urls[0], body: pattern(5)).status == 200)
                    let done = try await rig.file("complete", begun)
                    #expect(try done.string("content_hash") == sha1(bytes + pattern(5)))
                    let url = rig.emulator.addresses.renewUrl
                    let renewed = try await fetch(
                        "GET", url + "?refresh_ui=\(refresh)&driver_txt=alicloud_qr&server_use=true")
                    #expect(renewed.status == 200)
                }
            }
        }
    }

    @Test func aTornLineIsDropped() async throws {
        try await withDirectory { path in
            try await Rig.run({ $0.storeDirectory = path }) { rig async throws in try rig.emulator.put("/a", .text("1"))
            }
            let log = path + "/log.jsonl"
            let handle = try #require(FileHandle(forWritingAtPath: log))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(#"{"item":{"id":"00"#.utf8))
            try handle.close()
            try await Rig.run({ $0.storeDirectory = path }) { rig async throws in
                #expect(rig.emulator.tree().map(\.path) == ["/a"])
                try rig.emulator.put("/b", .text("2"))
            }
            try await Rig.run({ $0.storeDirectory = path }) { rig async throws in
                #expect(rig.emulator.tree().map(\.path) == ["/a", "/b"])
            }
            try Data("rubbish\n".utf8).write(to: URL(filePath: log))
            await #expect(throws: StartError.self) { try await Rig.run({ $0.storeDirectory = path }) { _ in } }
        }
    }

    @Test func oneStoreHasOneOwner() async throws {
        try await withDirectory { path in
            try await Rig.run({ $0.storeDirectory = path }) { _ async throws in
                await #expect(throws: StartError.self) { try await Rig.run({ $0.storeDirectory = path }) { _ in } }
            }
        }
    }

    @Test func seedsAreImportedOnceAndNotCopied() async throws {
        try await withDirectory { path in
            let seed = path + "/seed"
            for folder in ["/docs", "/IMG.livp", "/odd.livp"] {
                try FileManager.default.createDirectory(atPath: seed + folder, withIntermediateDirectories: true)
            }
            for (name, text) in [
                ("/docs/a.txt", "hello"), ("/IMG.livp/IMG.heic", "still"), ("/IMG.livp/IMG.mov", "moving"),
                ("/odd.livp/note", "x"), ("/plain.livp", "zip"), ("/docs/sync.txt", ""),
            ] {
                try Data(text.utf8).write(to: URL(filePath: seed + name))
            }
            let date = Date(timeIntervalSince1970: 1_600_000_000)
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: seed + "/docs/a.txt")
            let store = path + "/store"
            try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
            func set(_ configuration: inout Configuration) {
                configuration.storeDirectory = store
                configuration.seedDirectory = seed
            }
            try await Rig.run(set) { rig async throws in
                let tree = rig.emulator.tree()
                #expect(
                    tree.map(\.path) == [
                        "/IMG.livp", "/docs", "/docs/a.txt", "/docs/sync.txt", "/odd.livp", "/odd.livp/note",
                        "/plain.livp",
                    ])
                let text = try #require(tree.first { $0.path == "/docs/a.txt" })
                #expect(text.sha1 == sha1(Array("hello".utf8)))
                #expect(text.localModifiedAt == "2020-09-13T12:26:40.000Z")
                let live = try #require(tree.first { $0.path == "/IMG.livp" })
                #expect(!live.isFolder)
                let links = try await rig.file("getDownloadUrl", ["file_id": live.fileId]).json
                #expect(Set((links["streamsUrl"] as? [String: Any] ?? [:]).keys) == ["heic", "mov"])
                #expect(tree.first { $0.path == "/plain.livp" }?.size == 3)
                #expect(try FileManager.default.contentsOfDirectory(atPath: store + "/content").isEmpty)
                try rig.emulator.delete("/docs/a.txt")
            }
            try await Rig.run(set) { rig async throws in
                #expect(rig.emulator.tree().contains { $0.path == "/docs/a.txt" } == false)
            }
        }
    }

    @Test func onlyLoopbackIsListenedOn() async throws {
        await #expect(throws: StartError.notLoopback("0.0.0.0")) { try await Rig.run({ $0.host = "0.0.0.0" }) { _ in } }
    }
}

@Suite struct ControlTests {
    private func control(_ rig: Rig, _ command: String, _ body: String? = nil) async throws -> Reply {
        let url = rig.emulator.addresses.controlUrl + "/" + command
        return try await fetch(body == nil ? "GET" : "POST", url, body: body.map { Array($0.utf8) })
    }

    @Test func theTreeIsChangedAndShown() async throws {
        try await Rig.run { rig async throws in
            let put = try await control(
                rig, "tree/put",
                #"{"path":"/d/a","content":{"text":"hi"},"local_modified_at":"2020-01-01T00:00:00.000Z"}"#)
            #expect(try put.string("file_id")?.count == 40)
            _ = try await control(rig, "tree/put", #"{"path":"/big","content":{"size":5000000000,"hashed":false}}"#)
            _ = try await control(rig, "tree/mkdir", #"{"path":"/m/n"}"#)
            _ = try await control(rig, "tree/many", #"{"path":"/many","count":3}"#)
            _ = try await control(
                rig, "tree/live", #"{"path":"/l.livp","parts":{"jpeg":{"text":"p"},"mov":{"size":10}}}"#)
            _ = try await control(rig, "tree/move", #"{"path":"/d/a","to":"/m/b"}"#)
            _ = try await control(rig, "tree/trash", #"{"path":"/many/file-0"}"#)
            _ = try await control(rig, "tree/delete", #"{"path":"/many/file-1"}"#)
            let tree = try await control(rig, "tree")
            let entries = try JSONSerialization.jsonObject(with: Data(tree.body)) as? [[String: Any]] ?? []
            #expect(
                entries.compactMap { $0["path"] as? String } == [
                    "/big", "/d", "/l.livp", "/m", "/m/b", "/m/n", "/many", "/many/file-0", "/many/file-2",
                ])
            #expect(try await control(rig, "tree/trash", #"{"path":"/nowhere"}"#).status == 400)
        }
    }

    @Test func switchesCountersFaultsAndTime() async throws {
        try await Rig.run { rig async throws in
            let changed = try await control(
                rig, "switches",
                #"{"list_limit_max":200,"rate_limits":{"list_per_ten_seconds":7},"old_token_grace_s":5}"#)
            #expect(try changed.number("list_limit_max") == 200)
            #expect(rig.emulator.switches.rateLimits.listPerTenSeconds == 7)
            #expect(rig.emulator.switches.oldTokenGraceS == 5)
            #expect(rig.emulator.switches.streams == 3)
            #expect(try await control(rig, "switches", #"{"no_such_switch":1}"#).status == 400)
            #expect(try await control(rig, "switches", #"{"link_style":"oss9"}"#).status == 400)
            let rule = #"[{"on":["list"],"nth":1,"act":{"status":502,"body":"text"}}]"#
            #expect(try await control(rig, "faults", rule).status == 200)
            #expect(try await rig.list().text == "Bad Gateway")
            #expect(try await control(rig, "faults").text.contains(#""fired":1"#))
            #expect(try await control(rig, "counters").text.contains(#""502":1"#))
            let before = rig.emulator.time.now()
            _ = try await control(rig, "time", #"{"advance_ms":5000}"#)
            #expect(rig.emulator.time.now() == before + 5000)
            _ = try await control(rig, "tokens/expire", #"{"kind":"access"}"#)
            #expect(try await rig.list().code == "AccessTokenExpired")
            _ = try await control(rig, "network", #"{"network":"refused"}"#)
            await #expect(throws: (any Error).self) { try await rig.list() }
            _ = try await control(rig, "network", #"{"network":"up"}"#)
            #expect(try await rig.list().status == 401)
            #expect(try await control(rig, "info").string("api_url") == rig.api)
        }
    }

    @Test func switchesSurviveAsJSON() throws {
        var switches = Switches()
        switches.rangeErrors416 = true
        switches.freezeAfterThrottles = 3
        switches.livpLinksKey = .streamsUrlSnake
        #expect(try Switches(json: switches.json()) == switches)
    }
}
