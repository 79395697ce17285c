import Foundation
import Testing

@testable import AlipanEmulator

@Suite struct TreeCallTests {
    @Test func renameByMode() async throws {
        try await Rig.run { rig async throws in
            let a = try rig.emulator.put("/a.txt", .text("a"))
            try rig.emulator.put("/b.txt", .text("b"))
            let renamed = try await rig.file("update", ["file_id": a, "name": "c.txt", "check_name_mode": "refuse"])
            #expect(try renamed.string("name") == "c.txt")
            #expect(try renamed.string("file_id") == a)
            let taken: [String: Any] = ["file_id": a, "name": "b.txt", "check_name_mode": "refuse"]
            let refused = try await rig.file("update", taken)
            #expect(refused.status == 409)
            #expect(try refused.code == "AlreadyExist.File")
            rig.change { $0.updateTaken = .exist }
            let unchanged = try await rig.file("update", taken)
            #expect(unchanged.status == 200)
            #expect(try unchanged.string("name") == "c.txt")
            let auto = try await rig.file("update", ["file_id": a, "name": "b.txt", "check_name_mode": "auto_rename"])
            #expect(try auto.string("name") == "b(1).txt")
            #expect(try await rig.file("update", ["file_id": a, "name": "b.txt"]).string("name") == "b.txt")
            #expect(try await rig.list().names == ["b.txt", "b.txt"])
            #expect(try await rig.file("update", ["file_id": a]).status == 400)
            #expect(try await rig.file("update", ["file_id": "root", "name": "x"]).status == 400)
        }
    }

    @Test func moveByMode() async throws {
        try await Rig.run { rig async throws in
            let a = try rig.emulator.put("/a", .text("a"))
            let folder = try rig.emulator.mkdir("/d")
            try rig.emulator.put("/d/a", .text("other"))
            let move: [String: Any] = ["file_id": a, "to_parent_file_id": folder]
            let refused = try await rig.file("move", move.merging(["check_name_mode": "refuse"]) { $1 })
            #expect(refused.status == 200)
            #expect(try refused.flag("exist") == true)
            #expect(try await rig.list(folder).items.count == 1)
            // Without a mode the default refuses, or not.
            #expect(try await rig.file("move", move).flag("exist") == true)
            let named = try await rig.file("move", move.merging(["new_name": "b"]) { $1 })
            #expect(try named.flag("exist") == false)
            #expect(try await rig.list(folder, ["order_by": "name"]).names == ["a", "b"])
            #expect(try await rig.file("get", ["file_id": a]).string("parent_file_id") == folder)
            rig.change { $0.moveDefaultMode = .ignore }
            let c = try rig.emulator.put("/b", .text("c"))
            _ = try await rig.file("move", ["file_id": c, "to_parent_file_id": folder])
            #expect(try await rig.list(folder, ["order_by": "name"]).names == ["a", "b", "b"])
        }
    }

    @Test func moveStaysInsideItsDriveAndOutOfItself() async throws {
        try await Rig.run { rig async throws in
            let folder = try rig.emulator.mkdir("/d")
            let below = try rig.emulator.mkdir("/d/e")
            #expect(try await rig.file("move", ["file_id": folder, "to_parent_file_id": below]).status == 400)
            #expect(try await rig.file("move", ["file_id": folder, "to_parent_file_id": folder]).status == 400)
            let other = rig.emulator.addresses.resourceDriveId
            let across: [String: Any] = ["file_id": folder, "to_parent_file_id": "root", "to_drive_id": other]
            #expect(try await rig.file("move", across).status == 400)
            let new = ["file_id": below, "to_parent_file_id": "root", "new_name": "f", "check_name_mode": "refuse"]
            _ = try await rig.file("move", new)
            #expect(try await rig.list("root", ["order_by": "name"]).names == ["d", "e"])
        }
    }

    @Test func copyGivesANewID() async throws {
        try await Rig.run { rig async throws in
            let a = try rig.emulator.put("/a", .text("abc"))
            let folder = try rig.emulator.mkdir("/d")
            let copy = try await rig.file("copy", ["file_id": a, "to_parent_file_id": folder])
            #expect(try copy.string("file_id") != a)
            #expect(try rig.emulator.bytes("/d/a") == Array("abc".utf8))
            _ = try await rig.file("copy", ["file_id": a, "to_parent_file_id": folder])
            #expect(try await rig.list(folder).names == ["a", "a"])
            let same: [String: Any] = ["file_id": a, "to_parent_file_id": "root"]
            #expect(try await rig.file("copy", same).status == 409)
            _ = try await rig.file("copy", same.merging(["auto_rename": true]) { $1 })
            #expect(try await rig.list("root", ["order_by": "name"]).names == ["a", "a(1)", "d"])
            let other = rig.emulator.addresses.backupDriveId
            let across = same.merging(["to_drive_id": other]) { $1 }
            #expect(try await rig.file("copy", across).status == 200)
            #expect(try await rig.list("root", ["drive_id": other]).names == ["a"])
        }
    }

    @Test func foldersAreWorkedOnInTheBackground() async throws {
        try await Rig.run { rig async throws in
            rig.change { $0.asyncMs = 10_000 }
            let folder = try rig.emulator.mkdir("/d")
            for name in ["1", "2", "3", "4"] { try rig.emulator.put("/d/" + name, .text(name)) }
            func state(_ task: String) async throws -> String? {
                try await rig.post("/adrive/v1.0/openFile/async_task/get", ["async_task_id": task]).string("state")
            }
            let target = try rig.emulator.mkdir("/t")
            let copy = try await rig.file("copy", ["file_id": folder, "to_parent_file_id": target])
            let copied = try #require(try copy.string("file_id"))
            let task = try #require(try copy.string("async_task_id"))
            #expect(try await state(task) == "Running")
            #expect(try await rig.list(copied).items.isEmpty)
            rig.advance(seconds: 6)
            #expect(try await rig.list(copied).items.count == 2)
            rig.advance(seconds: 5)
            #expect(try await state(task) == "Succeed")
            #expect(try await rig.list(copied).items.count == 4)

            let trash = try await rig.file("recyclebin/trash", ["file_id": copied])
            rig.advance(seconds: 6)
            #expect(try await rig.list(copied).items.count == 2)
            rig.advance(seconds: 5)
            #expect(try await state(try #require(try trash.string("async_task_id"))) == "Succeed")
            #expect(try await rig.list(target).items.isEmpty)

            rig.change { $0.asyncFails = true }
            let delete = try await rig.file("delete", ["file_id": folder])
            rig.advance(seconds: 11)
            #expect(try await state(try #require(try delete.string("async_task_id"))) == "Failed")
            #expect(try await rig.list(folder).items.count == 2)
            #expect(try await state("unknown") == nil)
        }
    }

    @Test func trashedAndDeletedIDsAnswerApart() async throws {
        try await Rig.run { rig async throws in
            let folder = try rig.emulator.mkdir("/d")
            let child = try rig.emulator.put("/d/a", .text("x"))
            _ = try await rig.file("recyclebin/trash", ["file_id": folder])
            for id in [folder, child] {
                let reply = try await rig.file("get", ["file_id": id])
                #expect(reply.status == 403)
                #expect(try reply.code == "ForbiddenFileInTheRecycleBin")
            }
            #expect(try await rig.file("recyclebin/trash", ["file_id": folder]).status == 403)
            #expect(try await rig.file("update", ["file_id": child, "name": "b"]).status == 403)
            rig.change { $0.trashedStatus = 400 }
            #expect(try await rig.file("get", ["file_id": child]).status == 400)
            rig.change { $0.trashedGet = .shown }
            #expect(try await rig.file("get", ["file_id": child]).flag("trashed") == true)
            #expect(try await rig.file("delete", ["file_id": folder]).status == 200)
            for id in [folder, child] {
                let reply = try await rig.file("get", ["file_id": id])
                #expect(reply.status == 404)
                #expect(try reply.code == "NotFound.FileId")
            }
            #expect(try await rig.file("delete", ["file_id": folder]).status == 404)
            #expect(try await rig.file("recyclebin/restore", ["file_id": folder]).status == 404)
        }
    }

    @Test func updatedAtFollowsTheSwitches() async throws {
        try await Rig.run { rig async throws in
            let folder = try rig.emulator.mkdir("/d")
            let a = try rig.emulator.put("/d/a", .text("x"))
            func updated(_ id: String) async throws -> String? {
                try await rig.file("get", ["file_id": id]).string("updated_at")
            }
            let before = try await updated(a)
            rig.change { $0.updatedAtOnRename = false }
            rig.advance(seconds: 1)
            _ = try await rig.file("update", ["file_id": a, "name": "b"])
            #expect(try await updated(a) == before)
            #expect(try await updated(folder) == before)
            rig.change {
                $0.updatedAtOnRename = true
                $0.updatedAtOfParent = true
            }
            _ = try await rig.file("update", ["file_id": a, "name": "c"])
            #expect(try await updated(a) != before)
            #expect(try await updated(folder) != before)
        }
    }

    @Test(arguments: ["create", "update", "move", "copy", "trash", "delete", "complete"])
    func everyChangeCanLoseItsAnswer(call: String) async throws {
        try await Rig.run { rig async throws in
            let a = try rig.emulator.put("/a", .text("x"))
            let folder = try rig.emulator.mkdir("/d")
            let begun = try await rig.begin("up", size: 0)
            let calls: [String: (String, [String: Any])] = [
                "create": (
                    "create", ["parent_file_id": "root", "name": "new", "type": "folder", "check_name_mode": "refuse"]
                ),
                "update": ("update", ["file_id": a, "name": "new"]),
                "move": ("move", ["file_id": a, "to_parent_file_id": folder]),
                "copy": ("copy", ["file_id": a, "to_parent_file_id": folder]),
                "trash": ("recyclebin/trash", ["file_id": a]), "delete": ("delete", ["file_id": a]),
                "complete": ("complete", try rig.ids(begun)),
            ]
            let (path, fields) = try #require(calls[call])
            try rig.fault(call) { $0.drop = .after }
            let before = rig.emulator.tree()
            await #expect(throws: (any Error).self) { try await rig.file(path, fields) }
            #expect(rig.emulator.tree() != before)
        }
    }
}

@Suite struct LimitTests {
    @Test func windowsOfTenSecondsAreHeld() async throws {
        try await Rig.run({ $0.switches.rateLimits = RateLimits() }) { rig async throws in
            let id = try rig.emulator.put("/a", .text("x"))
            for _ in 0..<40 { #expect(try await rig.list().status == 200) }
            let limited = try await rig.list()
            #expect(limited.status == 429)
            #expect(try limited.code == "TooManyRequests")
            #expect(limited.headers.first(name: "x-retry-after") == "10000")
            // Other classes have budgets of their own.
            for _ in 0..<10 { #expect(try await rig.file("getDownloadUrl", ["file_id": id]).status == 200) }
            #expect(try await rig.file("getDownloadUrl", ["file_id": id]).status == 429)
            for _ in 0..<150 { #expect(try await rig.file("get", ["file_id": id]).status == 200) }
            #expect(try await rig.file("get", ["file_id": id]).status == 429)
            #expect(try await rig.file("search", [:]).status == 429)
            rig.advance(seconds: 10)
            #expect(try await rig.list().status == 200)
            let counters = rig.emulator.counters
            #expect(counters["list"].requests == 42)
            #expect(counters["list"].throttled == 1)
            #expect(counters["list"].byStatus == ["200": 41, "429": 1])
            #expect(counters.throttled == 4)
            #expect(counters.refused == 0)
            rig.emulator.resetCounters()
            #expect(rig.emulator.counters["list"].requests == 0)
        }
    }

    @Test func strictHoldsEverySecond() async throws {
        let limits = RateLimits(list: 4, link: 1, other: 15, perSecond: true)
        try await Rig.run({ $0.switches.rateLimits = limits }) { rig async throws in
            for _ in 0..<4 { #expect(try await rig.list().status == 200) }
            #expect(try await rig.list().headers.first(name: "x-retry-after") == "1000")
            rig.emulator.time.advance(by: 999)
            #expect(try await rig.list().status == 429)
            rig.emulator.time.advance(by: 1)
            #expect(try await rig.list().status == 200)
        }
    }

    @Test func throttlingHasItsVariants() async throws {
        try await Rig.run({ $0.switches.rateLimits = RateLimits(list: 0, link: 0, other: 0, perSecond: false) }) {
            rig async throws in
            rig.change { $0.rateLimits.listPerTenSeconds = 1 }
            #expect(try await rig.list().status == 200)
            rig.change { $0.retryAfter = .missing }
            #expect(try await rig.list().headers.first(name: "x-retry-after") == nil)
            rig.change { $0.retryAfter = .junk }
            #expect(try await rig.list().headers.first(name: "x-retry-after") == "soon")
            rig.change { $0.retryAfter = .seconds }
            #expect(try await rig.list().headers.first(name: "retry-after") == "10")
            rig.change { $0.throttleCode = .paramFlowException }
            #expect(try await rig.list().code == "ParamFlowException")
            rig.change { $0.freezeAfterThrottles = 4 }
            _ = try await rig.list()
            #expect(try await rig.file("get", ["file_id": "root"]).code == "UserNotAllowedAccessResource")
            rig.emulator.resetLimits()
            #expect(try await rig.file("get", ["file_id": "root"]).status == 200)
        }
    }

    @Test func appsAreCountedApart() async throws {
        let limits = RateLimits(list: 1, link: 1, other: 1, perSecond: true)
        try await Rig.run({ $0.switches.rateLimits = limits }) { rig async throws in
            let a = rig.emulator.addresses
            let renewed = try await fetch(
                "GET", a.renewUrl + "?refresh_ui=\(a.tvRefreshToken)&driver_txt=alicloud_tv&server_use=true")
            var tv = rig
            tv.token = try #require(try renewed.string("access_token"))
            #expect(try await rig.list().status == 200)
            #expect(try await rig.list().status == 429)
            #expect(try await tv.list().status == 200)
            // Another token of the same app changes nothing.
            var same = rig
            same.token = rig.emulator.issueTokens().access
            #expect(try await same.list().status == 429)
        }
    }
}
