import Foundation
import Testing

@testable import AlipanEmulator

@Suite struct DriveTests {
    @Test func threeDrivesWithRootsOfTheirOwn() async throws {
        try await Rig.run { rig async throws in
            let a = rig.emulator.addresses
            try rig.emulator.put("/mine", .text("1"))
            try rig.emulator.put("/theirs", .text("22"), drive: a.resourceDriveId)
            let info = try await rig.post("/adrive/v1.0/user/getDriveInfo", [:])
            #expect(try info.string("default_drive_id") == a.defaultDriveId)
            #expect(try info.string("backup_drive_id") == a.backupDriveId)
            #expect(try await rig.list().names == ["mine"])
            let other = try await rig.list("root", ["drive_id": a.resourceDriveId])
            #expect(try other.names == ["theirs"])
            let id = try #require(try other.items.first?["file_id"] as? String)
            #expect(try await rig.file("get", ["file_id": id]).code == "NotFound.FileId")
            #expect(try await rig.list("root", ["drive_id": "999"]).code == "ForbiddenDriveNotValid")
            #expect(try await rig.list("root", ["drive_id": ""]).status == 400)
        }
    }

    @Test func drivesThatWereNotGrantedAreAbsent() async throws {
        try await Rig.run { rig async throws in
            rig.change { $0.showResourceDrive = false }
            let info = try await rig.post("/adrive/v1.0/user/getDriveInfo", [:])
            #expect(try info.json.keys.contains("resource_drive_id") == false)
            let refused = try await rig.list("root", ["drive_id": rig.emulator.addresses.resourceDriveId])
            #expect(try refused.code == "UserNotAllowedAccessDrive")
        }
    }

    @Test func spaceIsSharedAndTrashCounts() async throws {
        try await Rig.run { rig async throws in
            try rig.emulator.put("/a", .bytes(pattern(100)))
            try rig.emulator.put("/b", .bytes(pattern(50)), drive: rig.emulator.addresses.backupDriveId)
            func used() async throws -> Int? {
                let reply = try await rig.post("/adrive/v1.0/user/getSpaceInfo", [:])
                return ((try reply.json["personal_space_info"] as? [String: Any])?["used_size"] as? NSNumber)?.intValue
            }
            #expect(try await used() == 150)
            try rig.emulator.trash("/a")
            #expect(try await used() == 150)
            rig.change { $0.trashCountsAsUsed = false }
            #expect(try await used() == 50)
            rig.change { $0.trashCountsAsUsed = true }
            try rig.emulator.delete("/b", drive: rig.emulator.addresses.backupDriveId)
            #expect(try await used() == 100)
        }
    }
}

@Suite struct ListingTests {
    /// Every page of a listing, by marker.
    private func all(_ rig: Rig, _ more: [String: Any] = [:]) async throws -> [String] {
        var names: [String] = []
        var marker = ""
        repeat {
            var fields = more
            fields["marker"] = marker
            let page = try await rig.list("root", fields)
            names += try page.names
            marker = try page.marker
        } while !marker.isEmpty
        return names
    }

    @Test func limitIsHeld() async throws {
        try await Rig.run { rig async throws in
            try rig.emulator.putMany("/", count: 120)
            #expect(try await rig.list().items.count == 50)
            #expect(try await rig.list("root", ["limit": 100]).items.count == 100)
            let refused = try await rig.list("root", ["limit": 101])
            #expect(refused.status == 400)
            #expect(try refused.code == "InvalidParameter.Limit")
            rig.change { $0.listLimitMax = 200 }
            #expect(try await rig.list("root", ["limit": 200]).items.count == 120)
        }
    }

    @Test func pagesMeetEndToEnd() async throws {
        try await Rig.run { rig async throws in
            try rig.emulator.putMany("/", count: 23)
            let names = (0..<23).map { "file-" + ($0 < 10 ? "0\($0)" : "\($0)") }
            #expect(try await all(rig, ["limit": 10, "order_by": "name"]) == names)
            let down: [String: Any] = ["limit": 7, "order_by": "name", "order_direction": "DESC"]
            #expect(try await all(rig, down) == names.reversed())
            for pages in [Switches.Pages.short, .empty] {
                rig.change { $0.pages = pages }
                #expect(try await all(rig, ["limit": 10, "order_by": "name"]) == names)
                #expect(try await all(rig, down) == names.reversed())
            }
            let empty = try await rig.list("root", ["limit": 10])
            #expect(try empty.items.isEmpty != (try empty.marker.isEmpty))
        }
    }

    @Test func lastMarkerHasThreeForms() async throws {
        try await Rig.run { rig async throws in
            var last = try await rig.list().json
            #expect(last["next_marker"] as? String == "")
            rig.change { $0.lastMarker = .null }
            last = try await rig.list().json
            #expect(last["next_marker"] is NSNull)
            rig.change { $0.lastMarker = .missing }
            last = try await rig.list().json
            #expect(!last.keys.contains("next_marker"))
        }
    }

    @Test func changesBetweenPagesSkipAndRepeat() async throws {
        try await Rig.run { rig async throws in
            for name in ["a", "b", "c", "d"] { try rig.emulator.put("/" + name, .text(name)) }
            let first = try await rig.list("root", ["limit": 2, "order_by": "name"])
            #expect(try first.names == ["a", "b"])
            // One moves behind the marker and is seen again, one comes before it and is not seen.
            try rig.emulator.move("/a", to: "/z")
            try rig.emulator.put("/aa", .text("new"))
            let fields: [String: Any] = ["limit": 5, "order_by": "name", "marker": try first.marker]
            #expect(try await rig.list("root", fields).names == ["c", "d", "z"])
            // The entry of the marker itself may be gone.
            try rig.emulator.delete("/b")
            #expect(try await rig.list("root", fields).names == ["c", "d", "z"])
        }
    }

    @Test func foreignMarkersAreRefused() async throws {
        try await Rig.run { rig async throws in
            try rig.emulator.putMany("/", count: 5)
            let marker = try await rig.list("root", ["limit": 2]).marker
            let folder = try rig.emulator.mkdir("/other")
            #expect(try await rig.list(folder, ["marker": marker]).code == "InvalidParameter.Marker")
            #expect(try await rig.list("root", ["marker": marker, "order_by": "size"]).status == 400)
            #expect(try await rig.list("root", ["marker": "rubbish"]).status == 400)
        }
    }

    @Test func everyOrderWorks() async throws {
        try await Rig.run { rig async throws in
            for (name, size) in [("f10", 1), ("f2", 3), ("f1", 2)] {
                try rig.emulator.put("/" + name, .bytes(pattern(size)))
                rig.advance(seconds: 1)
            }
            #expect(try await rig.list("root", ["order_by": "created_at"]).names == ["f10", "f2", "f1"])
            #expect(try await rig.list("root", ["order_by": "name"]).names == ["f1", "f10", "f2"])
            #expect(try await rig.list("root", ["order_by": "name_enhanced"]).names == ["f1", "f2", "f10"])
            #expect(try await rig.list("root", ["order_by": "size"]).names == ["f10", "f1", "f2"])
            try rig.emulator.move("/f10", to: "/f11")
            #expect(try await rig.list("root", ["order_by": "updated_at"]).names == ["f2", "f1", "f11"])
            #expect(try await rig.list().names == ["f11", "f2", "f1"])
            #expect(try await rig.list("root", ["order_by": "colour"]).status == 400)
        }
    }

    @Test func strangeNamesLiveSideBySide() async throws {
        try await Rig.run { rig async throws in
            let names = [
                #"a\b:c*d?"e<f>|g"#, String(repeating: "x", count: 1024), "🙂", "e\u{301}", "\u{e9}", " lead", "trail ",
                "dot.",
            ]
            for name in names {
                let reply = try await rig.file(
                    "create", ["parent_file_id": "root", "name": name, "type": "folder", "check_name_mode": "refuse"])
                #expect(try reply.flag("exist") == false)
            }
            let listed = try await rig.list().names
            #expect(listed.count == names.count)
            for name in names { #expect(listed.contains { $0.utf8.elementsEqual(name.utf8) }) }
            for bad in ["a/b", "", String(repeating: "y", count: 1025), "."] {
                let reply = try await rig.file(
                    "create", ["parent_file_id": "root", "name": bad, "type": "folder", "check_name_mode": "refuse"])
                #expect(reply.status == 400)
            }
        }
    }

    @Test func duplicatesAreLegal() async throws {
        try await Rig.run { rig async throws in
            try rig.emulator.put("/same", .text("1"))
            try rig.emulator.put("/same", .text("2"), duplicate: true)
            try rig.emulator.mkdir("/same", duplicate: true)
            #expect(try await rig.list().names == ["same", "same", "same"])
            #expect(try await rig.list("root", ["type": "folder"]).items.count == 1)
            #expect(try await rig.list("root", ["type": "file"]).items.count == 2)
        }
    }

    @Test func trashSlipsInWhenToldTo() async throws {
        try await Rig.run { rig async throws in
            try rig.emulator.put("/gone", .text("1"))
            try rig.emulator.trash("/gone")
            #expect(try await rig.list().items.isEmpty)
            rig.change { $0.listShowsTrashed = true }
            #expect(try await rig.list().items.first?["trashed"] as? Bool == true)
        }
    }

    @Test func uploadsInProgressAreHidden() async throws {
        try await Rig.run { rig async throws in
            let begun = try await rig.file(
                "create",
                ["parent_file_id": "root", "name": "half", "type": "file", "check_name_mode": "refuse", "size": 10])
            #expect(try await rig.list().items.isEmpty)
            let id = try #require(try begun.string("file_id"))
            #expect(try await rig.file("get", ["file_id": id]).string("status") == "uploading")
        }
    }

    @Test func missingParentsAreToldApart() async throws {
        try await Rig.run { rig async throws in
            let absent = try await rig.list("0123456789012345678901234567890123456789")
            #expect(absent.status == 404)
            #expect(try absent.code == "NotFound.ParentFileId")
            let file = try rig.emulator.put("/f", .text(""))
            let notFolder = try await rig.list(file)
            #expect(notFolder.status == 400)
            #expect(try notFolder.string("message")?.contains("is not folder") == true)
            let folder = try rig.emulator.mkdir("/d/e")
            try rig.emulator.trash("/d")
            #expect(try await rig.list(folder).code == "ForbiddenFileInTheRecycleBin")
        }
    }

    @Test func visibilityCanLag() async throws {
        try await Rig.run { rig async throws in
            rig.change { $0.visibilityDelayMs = 5000 }
            let made = try await rig.file(
                "create", ["parent_file_id": "root", "name": "new", "type": "folder", "check_name_mode": "refuse"])
            #expect(try await rig.list().names == [])
            rig.advance(seconds: 6)
            #expect(try await rig.list().names == ["new"])
            let id = try #require(try made.string("file_id"))
            _ = try await rig.file("recyclebin/trash", ["file_id": id])
            #expect(try await rig.list().names == ["new"])
            rig.advance(seconds: 6)
            #expect(try await rig.list().names == [])
        }
    }

    @Test func aMillionEntriesAreListed() async throws {
        try await Rig.run { rig async throws in
            try rig.emulator.putMany("/big", count: 20_000)
            let folder = try #require(try await rig.list().items.first?["file_id"] as? String)
            let page = try await rig.list(folder, ["limit": 100, "order_by": "name"])
            #expect(try page.names.first == "file-00000")
            let next = try await rig.list(folder, ["limit": 100, "order_by": "name", "marker": try page.marker])
            #expect(try next.names.first == "file-00100")
        }
    }
}

@Suite struct FindingTests {
    @Test func getByPathFailsAsTheServiceDoes() async throws {
        try await Rig.run { rig async throws in
            let id = try rig.emulator.put("/a/b.txt", .text("x"))
            #expect(try await rig.file("get_by_path", ["file_path": "/a/b.txt"]).string("file_id") == id)
            let absent = try await rig.file("get_by_path", ["file_path": "/a/c"])
            #expect(absent.status == 400)
            #expect(try absent.code == "NotFound.File")
            rig.change { $0.getByPathStatus = 404 }
            #expect(try await rig.file("get_by_path", ["file_path": "/a/c"]).status == 404)
            try rig.emulator.put("/with space", .text("x"))
            #expect(try await rig.file("get_by_path", ["file_path": "/with space"]).code == "NotFound.File")
            rig.change { $0.getByPathFailsOnWhiteSpace = false }
            #expect(try await rig.file("get_by_path", ["file_path": "/with space"]).status == 200)
        }
    }

    @Test func batchGetLeavesOutWhatIsMissing() async throws {
        try await Rig.run { rig async throws in
            let a = try rig.emulator.put("/a", .text("x"))
            let b = try rig.emulator.put("/b", .text("y"))
            try rig.emulator.trash("/b")
            let list = [a, b, String(repeating: "0", count: 40)].map { ["drive_id": rig.drive, "file_id": $0] }
            #expect(try await rig.file("batch/get", ["file_list": list]).names == ["a"])
            rig.change { $0.batchGetBareArray = true }
            let bare = try await rig.file("batch/get", ["file_list": list])
            let array = try JSONSerialization.jsonObject(with: Data(bare.body)) as? [[String: Any]]
            #expect(array?.count == 1)
            let many = Array(repeating: list[0], count: 101)
            #expect(try await rig.file("batch/get", ["file_list": many]).status == 400)
        }
    }

    @Test func starredFilesAreListed() async throws {
        try await Rig.run { rig async throws in
            let id = try rig.emulator.put("/d/a", .text("x"))
            _ = try await rig.file("update", ["file_id": id, "starred": true])
            #expect(try await rig.file("starredList", [:]).names == ["a"])
        }
    }

    @Test func getShowsPathsWhenAsked() async throws {
        try await Rig.run { rig async throws in
            let id = try rig.emulator.put("/d/a", .text("x"))
            #expect(try await rig.file("get", ["file_id": id, "fields": "*"]).string("name_path") == "/d/a")
            #expect(try await rig.file("get", ["file_id": id]).json["name_path"] == nil)
        }
    }

    private func found(_ rig: Rig, _ query: String, _ more: [String: Any] = [:]) async throws -> Reply {
        var fields: [String: Any] = ["query": query, "order_by": "name ASC"]
        for (key, value) in more { fields[key] = value }
        return try await rig.file("search", fields)
    }

    @Test func searchUnderstandsItsGrammar() async throws {
        try await Rig.run { rig async throws in
            let folder = try rig.emulator.mkdir("/d")
            try rig.emulator.put("/d/one.txt", .bytes(pattern(10)))
            rig.advance(seconds: 3600)
            try rig.emulator.put("/two.mp4", .bytes(pattern(20)))
            try rig.emulator.put("/it's", .bytes(pattern(30)))
            #expect(try await found(rig, "").names == ["d", "it's", "one.txt", "two.mp4"])
            #expect(try await found(rig, "name match 'O'").names == ["one.txt", "two.mp4"])
            #expect(try await found(rig, "name = \"it's\"").names == ["it's"])
            #expect(try await found(rig, "type = 'folder'").names == ["d"])
            #expect(try await found(rig, "parent_file_id = '\(folder)'").names == ["one.txt"])
            #expect(try await found(rig, "parent_file_id = 'root' and type = 'file'").names == ["it's", "two.mp4"])
            #expect(try await found(rig, "updated_at > \"2023-11-14T22:30:00\"").names == ["it's", "two.mp4"])
            #expect(try await found(rig, "size >= 20 and not category = 'video'").names == ["it's"])
            #expect(try await found(rig, "file_extension in ['txt', 'mp4']").names == ["one.txt", "two.mp4"])
            #expect(try await found(rig, "size = 10 or size = 20 and name = 'x'").names == ["one.txt"])
            #expect(try await found(rig, "(size = 10 or size = 20) and name = 'x'").names == [])
            for bad in ["size match '1'", "name =", "colour = 'red'", "name = 'open", "size > 'x'", "name = 'a' 'b'"] {
                #expect(try await found(rig, bad).status == 400)
            }
            let six = Array(repeating: "size = 1", count: 6).joined(separator: " or ")
            #expect(try await found(rig, six).status == 400)
        }
    }

    @Test func searchPagesCountsAndLags() async throws {
        try await Rig.run { rig async throws in
            try rig.emulator.putMany("/", count: 7)
            let first = try await found(rig, "name match 'file'", ["limit": 3, "return_total_count": true])
            #expect(try first.number("total_count") == 7)
            // With a marker the query does not matter any more.
            let second = try await found(rig, "nonsense", ["limit": 3, "marker": try first.marker])
            #expect(try second.names == ["file-3", "file-4", "file-5"])
            rig.change { $0.searchLagMs = 60_000 }
            #expect(try await found(rig, "").items.isEmpty)
            rig.advance(seconds: 61)
            #expect(try await found(rig, "").items.count == 7)
            try rig.emulator.trash("/file-0")
            rig.advance(seconds: 61)
            #expect(try await found(rig, "").items.count == 6)
            #expect(try await rig.file("search", ["query": "", "order_by": "name_enhanced ASC"]).status == 400)
        }
    }
}
