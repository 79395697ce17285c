import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import AlipanEmulator

extension Rig {
    /// Begins an upload with this many parts.
    func begin(_ name: String, size: Int?, parts: Int = 1, _ more: [String: Any] = [:]) async throws -> Reply {
        var fields: [String: Any] = [
            "parent_file_id": "root", "name": name, "type": "file", "check_name_mode": "refuse",
            "part_info_list": (0..<parts).map { ["part_number": $0 + 1] },
        ]
        if let size { fields["size"] = size }
        for (key, value) in more { fields[key] = value }
        return try await file("create", fields)
    }

    func ids(_ reply: Reply) throws -> [String: Any] {
        [
            "file_id": try #require(try reply.string("file_id")),
            "upload_id": try #require(try reply.string("upload_id")),
        ]
    }

    /// Returns when the first body of a part has begun.
    func partBegins(_ reply: Reply) async throws {
        let upload = try #require(try reply.string("upload_id"))
        while try await emulator.world.run({ $0.uploads.find(upload, now: $1)?.data.begun }) == 0 { await Task.yield() }
    }

    /// Begins, sends one part, completes.
    func upload(_ name: String, _ bytes: [UInt8], _ more: [String: Any] = [:]) async throws -> Reply {
        let begun = try await begin(name, size: bytes.count, more)
        let put = try await fetch("PUT", try #require(begun.partURLs.first), body: bytes)
        #expect(put.status == 200)
        return try await file("complete", ids(begun))
    }
}

extension Reply {
    var partURLs: [String] {
        get throws {
            let list = try json["part_info_list"] as? [[String: Any]] ?? []
            return list.compactMap { $0["upload_url"] as? String }
        }
    }
}

func sha1(_ bytes: [UInt8]) -> String {
    Insecure.SHA1.hash(data: bytes).map { String(format: "%02X", $0) }.joined()
}

@Suite struct PartTests {
    private let part = 100 << 10

    @Test func partsMakeAFile() async throws {
        try await Rig.run { rig async throws in
            let bytes = pattern(part * 2 + 7)
            let begun = try await rig.begin("a", size: bytes.count, parts: 3)
            let urls = try begun.partURLs
            for (index, url) in urls.enumerated() {
                let piece = Array(bytes[(index * part)..<min(bytes.count, (index + 1) * part)])
                let reply = try await fetch("PUT", url, body: piece)
                #expect(reply.status == 200)
                let md5 = Insecure.MD5.hash(data: piece).map { String(format: "%02X", $0) }.joined()
                #expect(reply.headers.first(name: "etag") == "\"\(md5)\"")
            }
            rig.change { $0.uploadedPartsPage = 2 }
            let ids = try rig.ids(begun)
            let listed = try await rig.file("listUploadedParts", ids)
            #expect(try listed.flag("parallelUpload") == false)
            #expect(try (listed.json["uploaded_parts"] as? [Any])?.count == 2)
            let marker = try #require(try listed.string("next_part_number_marker"))
            #expect(marker == "2")
            let rest = try await rig.file("listUploadedParts", ids.merging(["part_number_marker": marker]) { $1 })
            #expect(try (rest.json["uploaded_parts"] as? [[String: Any]])?.first?["part_size"] as? Int == 7)
            #expect(try rest.string("next_part_number_marker") == "")

            let done = try await rig.file("complete", ids)
            #expect(done.status == 200)
            #expect(try done.string("file_name") == "a")
            #expect(try done.json["name"] == nil)
            #expect(try done.number("size") == bytes.count)
            #expect(try done.string("content_hash") == sha1(bytes))
            #expect(try rig.emulator.bytes("/a") == bytes)
            let again = try await rig.file("complete", ids)
            #expect(again.status == 400)
            #expect(try again.code == "NotFound.UploadId")
            #expect(try await fetch("PUT", urls[0], body: [1]).ossCode == "NoSuchUpload")
        }
    }

    @Test func partsAreSignedBare() async throws {
        try await Rig.run { rig async throws in
            let url = try #require(try await rig.begin("a", size: 3).partURLs.first)
            for headers in [
                ["content-type": "application/octet-stream"], ["authorization": "Bearer \(rig.token)"],
                ["x-oss-acl": "private"],
            ] {
                let reply = try await fetch("PUT", url, headers, body: [1, 2, 3])
                #expect(reply.status == 403)
                #expect(reply.ossCode == "SignatureDoesNotMatch")
            }
            #expect(
                try await fetch("PUT", url.replacing("partNumber=1", with: "partNumber=2"), body: [1]).status == 403)
            #expect(try await fetch("POST", url, body: [1, 2, 3]).status == 403)
            let chunked = try await fetch("PUT", url, ["transfer-encoding": "chunked"], body: [1, 2, 3])
            #expect(chunked.ossCode == "MissingContentLength")
            rig.change { $0.maxPartBytes = 2 }
            #expect(try await fetch("PUT", url, body: [1, 2, 3]).ossCode == "EntityTooLarge")
            rig.change { $0.maxPartBytes = 5 << 30 }
            #expect(try await fetch("PUT", url, body: [1, 2, 3]).status == 200)
        }
    }

    @Test func orderIsStrict() async throws {
        try await Rig.run { rig async throws in
            let begun = try await rig.begin("a", size: part + 1, parts: 2)
            let urls = try begun.partURLs
            let early = try await fetch("PUT", urls[1], body: [9])
            #expect(early.ossCode == "PartNotSequential")
            #expect(early.text.contains("<PartNumber>1</PartNumber>"))
            let first = pattern(part)
            #expect(try await fetch("PUT", urls[0], body: first).status == 200)
            let again = try await fetch("PUT", urls[0], body: pattern(part, from: 1))
            #expect(again.status == 409)
            #expect(again.ossCode == "PartAlreadyExist")
            #expect(again.text.contains("0042-00000108"))
            #expect(try await fetch("PUT", urls[1], body: [9]).status == 200)
            #expect(try await rig.file("complete", rig.ids(begun)).status == 200)
            #expect(try rig.emulator.bytes("/a") == first + [9])
        }
    }

    @Test func addressesExpireAndAreRenewed() async throws {
        try await Rig.run { rig async throws in
            let begun = try await rig.begin("a", size: 3)
            let url = try #require(begun.partURLs.first)
            #expect(query(url)["x-oss-expires"] == "3600")
            rig.advance(seconds: 3600)
            let late = try await fetch("PUT", url, body: [1, 2, 3])
            #expect(late.status == 403)
            #expect(late.text.contains("Request has expired."))
            var fresh = rig
            fresh.token = rig.emulator.issueTokens().access
            let ids = try rig.ids(begun)
            let empty = try await fresh.file("getUploadUrl", ids.merging(["part_info_list": [[String: Any]]()]) { $1 })
            #expect(try empty.code == "InvalidParameter.PartInfoList")
            let list = [["part_number": 1], ["part_number": 2]]
            let renewed = try await fresh.file("getUploadUrl", ids.merging(["part_info_list": list]) { $1 })
            #expect(try renewed.partURLs.count == 2)
            #expect(try await fetch("PUT", try renewed.partURLs[0], body: [1, 2, 3]).status == 200)
            #expect(try await fresh.file("complete", ids).status == 200)
        }
    }

    @Test func halfAPartIsNoPart() async throws {
        try await Rig.run { rig async throws in
            let bytes = pattern(200_000)
            let begun = try await rig.begin("a", size: bytes.count)
            let url = try #require(begun.partURLs.first)
            let line = try await Line(url)
            line.send(
                "PUT", url, ["content-length": String(bytes.count)], body: pattern(150_000, modulus: 7), end: false)
            try await rig.partBegins(begun)
            try await line.close()
            try rig.fault("part", nth: nil) { $0.resetAfter = 1000 }
            await #expect(throws: (any Error).self) { try await fetch("PUT", url, body: bytes) }
            rig.emulator.clearFaults()
            let ids = try rig.ids(begun)
            #expect(try (await rig.file("listUploadedParts", ids).json["uploaded_parts"] as? [Any])?.isEmpty == true)
            #expect(try await fetch("PUT", url, body: bytes).status == 200)
            #expect(try await rig.file("complete", ids).string("content_hash") == sha1(bytes))
        }
    }

    @Test func theLaterOfTwoWritersWins() async throws {
        try await Rig.run { rig async throws in
            let begun = try await rig.begin("a", size: 2000)
            let url = try #require(begun.partURLs.first)
            let slow = try await Line(url)
            slow.send("PUT", url, ["content-length": "2000"], body: pattern(1000, modulus: 7), end: false)
            try await rig.partBegins(begun)
            let bytes = pattern(2000)
            #expect(try await fetch("PUT", url, body: bytes).status == 200)
            slow.channel.write(
                HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: pattern(1000, modulus: 7)))), promise: nil)
            slow.channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
            #expect(try await slow.receive().status == 409)
            try await slow.close()
            #expect(try await rig.file("complete", rig.ids(begun)).string("content_hash") == sha1(bytes))
        }
    }

    @Test func completionIsParticular() async throws {
        try await Rig.run { rig async throws in
            // A middle part that is too small.
            var begun = try await rig.begin("small", size: 20, parts: 2)
            for url in try begun.partURLs { #expect(try await fetch("PUT", url, body: pattern(10)).status == 200) }
            #expect(try await rig.file("complete", rig.ids(begun)).code == "EntityTooSmall")
            // Less than was declared.
            begun = try await rig.begin("less", size: 20)
            _ = try await fetch("PUT", try begun.partURLs[0], body: pattern(10))
            #expect(try await rig.file("complete", rig.ids(begun)).code == "InvalidParameter.Size")
            rig.change { $0.completeWrongSize = .accept }
            #expect(try await rig.file("complete", rig.ids(begun)).number("size") == 10)
            // Another content than was declared ends the session.
            let declared: [String: Any] = ["content_hash": sha1([1]), "content_hash_name": "sha1"]
            begun = try await rig.begin("hash", size: 1, declared)
            _ = try await fetch("PUT", try begun.partURLs[0], body: [2])
            let ids = try rig.ids(begun)
            #expect(try await rig.file("complete", ids).code == "InvalidParameter.ContentHash")
            #expect(try await rig.file("complete", ids).code == "NotFound.UploadId")
            #expect(try await rig.list().names == ["less"])
        }
    }

    @Test func unknownLengthGoesPartByPart() async throws {
        try await Rig.run { rig async throws in
            let begun = try await rig.file(
                "create", ["parent_file_id": "root", "name": "s", "type": "file", "check_name_mode": "refuse"])
            let ids = try rig.ids(begun)
            for number in 1...3 {
                let list = [["part_number": number]]
                let urls = try await rig.file("getUploadUrl", ids.merging(["part_info_list": list]) { $1 }).partURLs
                #expect(try await fetch("PUT", urls[0], body: pattern(part, from: number)).status == 200)
            }
            #expect(try await rig.file("complete", ids).number("size") == part * 3)
        }
    }

    @Test func emptyFilesWorkInEveryWay() async throws {
        try await Rig.run { rig async throws in
            let rapid = try await rig.begin(
                "rapid", size: 0,
                ["content_hash": sha1([]), "content_hash_name": "sha1", "proof_code": "", "proof_version": "v1"])
            #expect(try rapid.flag("rapid_upload") == true)
            let begun = try await rig.begin("put", size: 0)
            #expect(try await fetch("PUT", try begun.partURLs[0], body: []).status == 200)
            #expect(try await rig.file("complete", rig.ids(begun)).number("size") == 0)
            let bare = try await rig.begin("bare", size: 0, ["part_info_list": [[String: Any]]()])
            let done = try await rig.file("complete", rig.ids(bare))
            #expect(try done.string("content_hash") == sha1([]))
            #expect(try await rig.list("root", ["order_by": "name"]).names == ["bare", "put", "rapid"])
        }
    }

    @Test func answerOfAPartCanBeLost() async throws {
        try await Rig.run { rig async throws in
            let begun = try await rig.begin("a", size: 3)
            let url = try #require(begun.partURLs.first)
            try rig.fault("part") { $0.drop = .after }
            await #expect(throws: (any Error).self) { try await fetch("PUT", url, body: [1, 2, 3]) }
            #expect(try await fetch("PUT", url, body: [1, 2, 3]).ossCode == "PartAlreadyExist")
        }
    }

    @Test func placeholdersCanBeDeleted() async throws {
        try await Rig.run { rig async throws in
            let begun = try await rig.begin("a", size: 3)
            let ids = try rig.ids(begun)
            #expect(try await rig.file("delete", ["file_id": ids["file_id"] ?? ""]).status == 200)
            #expect(try await rig.file("complete", ids).code == "NotFound.UploadId")
        }
    }
}
