import Foundation
import Testing

@testable import AlipanEmulator

@Suite struct CreateTests {
    @Test func modesOfATakenName() async throws {
        try await Rig.run { rig async throws in
            let old = try rig.emulator.put("/a.txt", .text("old"))
            let refused = try await rig.begin("a.txt", size: 3)
            #expect(refused.status == 200)
            #expect(try refused.flag("exist") == true)
            #expect(try refused.string("file_id") == old)
            #expect(try refused.json["upload_id"] is NSNull)
            #expect(try refused.partURLs.isEmpty)
            let folder: [String: Any] = ["parent_file_id": "root", "name": "a.txt", "type": "folder"]
            let ignored = try await rig.file("create", folder.merging(["check_name_mode": "ignore"]) { $1 })
            #expect(try ignored.string("file_name") == "a.txt")
            let renamed = try await rig.file("create", folder.merging(["check_name_mode": "auto_rename"]) { $1 })
            #expect(try renamed.string("file_name") == "a(1).txt")
            #expect(try await rig.list("root", ["order_by": "name"]).names == ["a(1).txt", "a.txt", "a.txt"])
            #expect(try await rig.file("create", folder).status == 400)
            #expect(try await rig.file("create", folder.merging(["check_name_mode": "overwrite"]) { $1 }).status == 400)
            rig.change { $0.refuseTaken = .conflict }
            let conflict = try await rig.begin("a.txt", size: 3)
            #expect(conflict.status == 409)
            #expect(try conflict.code == "AlreadyExist.File")
            rig.change { $0.refuseTaken = .badRequest }
            #expect(try await rig.begin("a.txt", size: 3).status == 400)
            // The form of a name counts, unless the switch folds case.
            #expect(try await rig.begin("A.TXT", size: 3).flag("exist") == false)
            rig.change { $0.nameCheckIgnoresCase = true }
            #expect(try await rig.begin("A.TXT", size: 3).code == "AlreadyExist.File")
        }
    }

    @Test func sizesAndQuotaAreHeld() async throws {
        try await Rig.run { rig async throws in
            rig.change {
                $0.maxFileBytes = 1000
                $0.totalBytes = 1500
            }
            let big = try await rig.begin("big", size: 1001)
            #expect(big.status == 413)
            #expect(big.text == "Payload Too Large")
            #expect(big.headers.first(name: "content-type") == "text/plain")
            #expect(try await rig.upload("one", pattern(900)).status == 200)
            let full = try await rig.begin("two", size: 700)
            #expect(full.status == 403)
            #expect(try full.code == "QuotaExhausted.Drive")
            rig.change { $0.quotaStatus = 400 }
            // Two that fit one by one do not fit together; the second finds out at the end.
            let first = try await rig.begin("three", size: 500)
            let second = try await rig.begin("four", size: 500)
            for begun in [first, second] {
                #expect(try await fetch("PUT", try begun.partURLs[0], body: pattern(500)).status == 200)
            }
            #expect(try await rig.file("complete", rig.ids(first)).status == 200)
            let late = try await rig.file("complete", rig.ids(second))
            #expect(late.status == 400)
            #expect(try late.code == "QuotaExhausted.Drive")
        }
    }

    @Test func partListsAreChecked() async throws {
        try await Rig.run { rig async throws in
            let gap: [String: Any] = ["part_info_list": [["part_number": 1], ["part_number": 3]]]
            #expect(try await rig.begin("a", size: 3, gap).code == "InvalidParameter.PartInfoList")
            #expect(try await rig.begin("a", size: 3, parts: 10_001).code == "InvalidParameter.PartInfoList")
            #expect(try await rig.begin("a", size: 3, parts: 10_000).partURLs.count == 10_000)
            #expect(try await rig.begin("b", size: -1).status == 400)
        }
    }

    @Test func uploadersTimesAreKept() async throws {
        try await Rig.run { rig async throws in
            let time = "2020-01-02T03:04:05.678Z"
            #expect(try await rig.begin("bad", size: 1, ["local_modified_at": "yesterday"]).status == 400)
            let done = try await rig.upload("a", pattern(10), ["local_modified_at": time])
            let id = try #require(try done.string("file_id"))
            func shown() async throws -> [Bool] {
                let listed = try await rig.list().items.first?["local_modified_at"] as? String
                let got = try await rig.file("get", ["file_id": id]).string("local_modified_at")
                return [listed == time, got == time]
            }
            #expect(try await shown() == [true, true])
            rig.change { $0.showLocalTimes = .list }
            #expect(try await shown() == [true, false])
            rig.change { $0.showLocalTimes = .get }
            #expect(try await shown() == [false, true])
            rig.change { $0.showLocalTimes = .none }
            #expect(try await shown() == [false, false])
            rig.change { $0.showLocalTimes = .both }
            _ = try await rig.file(
                "update", ["file_id": id, "name": "b", "local_modified_at": "2021-01-01T00:00:00.000Z"])
            #expect(try await shown() == [true, true])
        }
    }
}
