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
        ["file_id": try #require(try reply.string("file_id")), "upload_id": try #require(try reply.string("upload_id"))]
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
            _ = try await rig.file("update", ["file_id": id, "name": "b", "local_modified_at": "2021-01-01T00:00:00.000Z"])
            #expect(try await shown() == [true, true])
        }
    }
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
            #expect(try await fetch("PUT", url.replacing("partNumber=1", with: "partNumber=2"), body: [1]).status == 403)
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
            while rig.emulator.links.connectionCounts.open == 0 { await Task.yield() }
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
            while rig.emulator.links.connectionCounts.open == 0 { await Task.yield() }
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

@Suite struct RapidTests {
    @Test(arguments: [
        ("token-B", "byBXb3JsZCE=", Array("Hello World!".utf8)), ("token-C", "bGQh", Array("Hello World!".utf8)),
        ("example-access-token", "amtsbW5vcHE=", Array("abcdefghijklmnopqrstuvwxyz".utf8)),
        ("example-access-token", "h4iJiouMjY4=", pattern(1 << 20)), ("token-A", "Yw==", Array("abc".utf8)),
        ("any", "", []),
    ] as [(String, String, [UInt8])])
    func proofsOfTheContract(token: String, proof: String, content: [UInt8]) async throws {
        let state = State(configuration: Configuration(time: .manual()), epoch: 1)
        #expect(state.proof(of: Content(bytes: content), bearer: token) == proof)
    }

    @Test func hashesOfTheContract() throws {
        #expect(Content(bytes: Array("Hello World!".utf8)).hash?.text == "2EF7BDE608CE5404E97D5F042F95F89F1C232871")
        let made = try Content(synthetic: .modulo(251), size: 1 << 20, hashed: true)
        #expect(made.hash?.text == "C2FC4CB20F1301A6B0DD211C19E69A13925DBE40")
        #expect(sha1(Array(pattern(2048, modulus: 256).prefix(1024))) == "5B00669C480D5CFFBDFA8BDBA99561160F2D1B77")
    }

    private func rapid(_ rig: Rig, _ name: String, _ bytes: [UInt8], token: String? = nil) async throws -> Reply {
        let start = bytes.isEmpty ? 0 : Int(ProofCode.start(token: token ?? rig.token, size: Int64(bytes.count)))
        let proof = Data(bytes[start..<min(start + 8, bytes.count)]).base64EncodedString()
        return try await rig.begin(
            name, size: bytes.count,
            [
                "content_hash": sha1(bytes).lowercased(), "content_hash_name": "sha1", "proof_code": proof,
                "proof_version": "v1",
            ])
    }

    @Test func knownContentNeedsNoUpload() async throws {
        try await Rig.run { rig async throws in
            let bytes = pattern(5000)
            let unknown = try await rapid(rig, "a", bytes)
            #expect(try unknown.flag("rapid_upload") == false)
            #expect(try unknown.partURLs.count == 1)
            _ = try await rig.upload("b", bytes)
            let known = try await rapid(rig, "c", bytes)
            #expect(try known.flag("rapid_upload") == true)
            #expect(try rig.emulator.bytes("/c") == bytes)
            // The proof counts for the bearer of this very request.
            let stale = try await rapid(rig, "d", bytes, token: "another token")
            #expect(stale.status == 400)
            #expect(try stale.code == "InvalidRapidProof")
            rig.change { $0.uploadIdAfterRapid = true }
            let withID = try await rapid(rig, "e", bytes)
            #expect(try await rig.file("complete", rig.ids(withID)).string("file_name") == "e")
        }
    }

    @Test func preHashSaysMaybe() async throws {
        try await Rig.run { rig async throws in
            let bytes = pattern(5000)
            let fields: [String: Any] = ["pre_hash": sha1(Array(bytes.prefix(1024)))]
            let fresh = try await rig.begin("a", size: 5000, fields)
            #expect(fresh.status == 200)
            #expect(try fresh.partURLs.count == 1)
            _ = try await rig.upload("b", bytes)
            let matched = try await rig.begin("c", size: 5000, fields)
            #expect(matched.status == 409)
            #expect(try matched.code == "PreHashMatched")
            rig.change { $0.preHashStatus = 400 }
            #expect(try await rig.begin("c", size: 5000, fields).status == 400)
            #expect(try await rig.begin("c", size: 5001, fields).status == 200)
        }
    }

    @Test func proofNeedsItsCompany() async throws {
        try await Rig.run { rig async throws in
            let hash: [String: Any] = ["content_hash": sha1([1]), "proof_code": "AQ==", "proof_version": "v1"]
            #expect(try await rig.begin("a", size: 1, hash).code == "InvalidParameterMissing")
            let named = hash.merging(["content_hash_name": "sha1"]) { $1 }
            #expect(try await rig.begin("a", size: nil, named).code == "InvalidParameterMissing")
            #expect(try await rig.begin("a", size: 1, named.merging(["proof_version": "v2"]) { $1 }).status == 400)
        }
    }
}
