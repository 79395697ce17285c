import Basics
import Drive
import Foundation
import Testing

@testable import DriveHTTP

/// The calls of an upload, against a scripted service.
@Suite struct UploadCallTests {
    private static let hash = ContentHash(hex: "2EF7BDE608CE5404E97D5F042F95F89F1C232871")!
    private static let hello = Array("Hello World!".utf8)
    private static let rapid = HTTPAnswer.json(
        #"{"file_id":"f1","file_name":"n","rapid_upload":true,"upload_id":null}"#)

    private static func file(
        _ content: FileCreation.Content = .plain, size: Int64 = 12, parts: Int = 1, _ onTaken: OnTaken = .refuse
    ) -> FileCreation {
        FileCreation(
            parent: Bench.folder, name: "n", size: size, content: content, partCount: parts, onTaken: onTaken)
    }

    @Test func anUploadBegins() async throws {
        let bench = try Bench { _, _ in
            let end = 1_700_000_000 + 900
            return .success(
                .json(
                    #"""
                    {"drive_id":"11","file_id":"f1","file_name":"n(1)","upload_id":"U1","exist":false,
                     "rapid_upload":false,"part_info_list":[
                     {"part_number":1,"upload_url":"https://x.aliyundrive.net/1?x-oss-expires=\#(end)"},
                     {"part_number":2,"upload_url":"https://x.aliyundrive.net/2","internal_upload_url":"http://i/2"},
                     {"part_number":3,"upload_url":null}]}
                    """#))
        }
        var file = Self.file(parts: 3, .ignore)
        file.modifiedAt = UnixTime(seconds: 1_687_946_420, nanoseconds: 22_000_000)
        let now = bench.time.now()
        let links = [
            UploadLink(
                part: 1, url: "https://x.aliyundrive.net/1?x-oss-expires=1700000900", expires: now + .seconds(900)),
            UploadLink(part: 2, url: "https://x.aliyundrive.net/2", expires: now + .seconds(3_000)),
        ]
        #expect(
            try await bench.drive.createFile(file, .foreground) == .upload(Bench.session, name: "n(1)", links: links))
        #expect(
            bench.sent == [
                "drive_id": "11", "parent_file_id": "d1", "name": "n", "type": "file", "check_name_mode": "ignore",
                "size": 12, "part_info_list": [["part_number": 1], ["part_number": 2], ["part_number": 3]],
                "local_created_at": "2023-06-28T10:00:20.022Z", "local_modified_at": "2023-06-28T10:00:20.022Z",
            ])
    }

    @Test func whatAFileIsSaidToHold() async throws {
        let bench = try Bench(Self.rapid)
        let common: [String: Any] = [
            "drive_id": "11", "parent_file_id": "d1", "name": "n", "type": "file", "check_name_mode": "refuse",
            "size": 12, "part_info_list": [["part_number": 1]],
        ]
        _ = try await bench.drive.createFile(Self.file(), .foreground)
        #expect(bench.sent == common as NSDictionary)
        _ = try await bench.drive.createFile(Self.file(.preHash(Self.hash)), .foreground)
        #expect(bench.sent == common.merging(["pre_hash": Self.hash.hex]) { $1 } as NSDictionary)
        let source = MemorySource(Self.hello)
        #expect(
            try await bench.drive.createFile(Self.file(.hashed(Self.hash, source)), .foreground)
                == .made(Bench.id, name: "n"))
        let declared: [String: Any] = [
            "content_hash": Self.hash.hex, "content_hash_name": "sha1", "proof_version": "v1",
            "proof_code": try await ProofCode.make(token: "access-0", size: 12, source: source),
        ]
        #expect(bench.sent == common.merging(declared) { $1 } as NSDictionary)
        #expect(bench.transport.asked.allSatisfy { $0.url.hasSuffix("/openFile/create") })
    }

    @Test func nothingIsDeclaredAsNothing() async throws {
        let bench = try Bench(Self.rapid)
        let source = MemorySource([], failsFrom: 0)
        for content in [FileCreation.Content.plain, .preHash(Self.hash), .hashed(Self.hash, source)] {
            _ = try await bench.drive.createFile(Self.file(content, size: 0, parts: 3), .foreground)
            #expect(
                bench.sent == [
                    "drive_id": "11", "parent_file_id": "d1", "name": "n", "type": "file",
                    "check_name_mode": "refuse", "size": 0, "part_info_list": [["part_number": 1]],
                    "content_hash": "da39a3ee5e6b4b0d3255bfef95601890afd80709", "content_hash_name": "sha1",
                    "proof_code": "", "proof_version": "v1",
                ])
        }
        #expect(source.reads.isEmpty)
    }

    @Test func theProofIsThatOfTheTokenItTravelsWith() async throws {
        let bench = try Bench { call, _ in
            HTTPFields(call.headers)["authorization"] == "Bearer access-0"
                ? .success(.code("AccessTokenExpired", 401)) : .success(Self.rapid)
        }
        let source = MemorySource(Self.hello)
        _ = try await bench.drive.createFile(Self.file(.hashed(Self.hash, source)), .foreground)
        var proofs: [String] = []
        for token in ["access-0", "access-1"] {
            proofs.append(try await ProofCode.make(token: token, size: 12, source: source))
        }
        let sent = bench.transport.asked.compactMap { $0.fields?["proof_code"] as? String }
        #expect(proofs[0] != proofs[1] && sent == proofs)
    }

    @Test func bytesThatCannotBeReadEndTheCall() async throws {
        let bench = try Bench(Self.rapid)
        let content = FileCreation.Content.hashed(Self.hash, MemorySource(Self.hello, failsFrom: 0))
        #expect(
            await failure { try await bench.drive.createFile(Self.file(content), .foreground) }
                == .change(.source(MemorySource.failure)))
        #expect(bench.transport.asked.isEmpty)
    }

    @Test(arguments: [
        (409, "PreHashMatched", DriveError.change(.preHashMatched)), (400, "PreHashMatched", .change(.preHashMatched)),
        (400, "InvalidRapidProof", .change(.invalidProof(Refusal(400, "InvalidRapidProof")))),
        (409, "AlreadyExist.File", .nameTaken(Refusal(409, "AlreadyExist.File"))),
        (400, "QuotaExhausted.Drive", .quotaExhausted(Refusal(400, "QuotaExhausted.Drive"))),
        (400, "InvalidParameter.Name", .rejected(Refusal(400, "InvalidParameter.Name"))),
    ])
    func refusalsOfCreate(status: Int, code: String, expected: DriveError) async throws {
        let bench = try Bench(.code(code, status))
        #expect(await failure { try await bench.drive.createFile(Self.file(), .foreground) } == expected)
        #expect(bench.transport.asked.count == 1)
    }

    @Test func otherEndsOfCreate() async throws {
        let large = try Bench(.json("Payload Too Large", status: 413))
        #expect(
            await failure { try await large.drive.createFile(Self.file(), .foreground) }
                == .tooLarge(Refusal(status: 413, code: "", message: "Payload Too Large")))
        let taken = try Bench(.json(#"{"file_id":"f1","exist":true,"upload_id":null,"part_info_list":null}"#))
        #expect(try await taken.drive.createFile(Self.file(), .foreground) == .taken(Bench.id))
        let odd = try Bench(.json(#"{"file_id":"f1","upload_id":"","rapid_upload":false}"#))
        let error = await failure { try await odd.drive.createFile(Self.file(), .foreground) }
        guard case .change(.uncertain) = error else {
            Issue.record("neither made nor an upload")
            return
        }
        for (size, parts) in [(Int64(-1), 1), (1, 0), (1, 10_001)] {
            let file = Self.file(size: size, parts: parts)
            #expect(await failure { try await odd.drive.createFile(file, .foreground) } != nil)
        }
        #expect(odd.transport.asked.count == 1)
    }

    /// Contract 7.4: completed only with an upload id, and a failure of that means nothing.
    @Test func aRapidUploadIsCompletedWhereItHasAnID() async throws {
        let bench = try Bench { call, _ in
            call.url.hasSuffix("/create")
                ? .success(.json(#"{"file_id":"f1","file_name":"n","rapid_upload":true,"upload_id":"U1"}"#))
                : .success(.code("NotFound.UploadId", 400))
        }
        #expect(try await bench.drive.createFile(Self.file(), .foreground) == .made(Bench.id, name: "n"))
        #expect(bench.transport.asked.map { $0.url.split(separator: "/").last } == ["create", "complete"])
    }

    @Test func moreLinks() async throws {
        let bench = try Bench { call, number in
            number == 0
                ? .failure(.lost("reset"))
                : .success(
                    .json(
                        #"""
                        {"part_info_list":[{"part_number":4,"upload_url":"https://h/4"},
                         {"part_number":3,"upload_url":"https://h/3"}]}
                        """#))
        }
        let links = try await bench.drive.uploadLinks(Bench.session, parts: 3...4, .foreground)
        #expect(links.map(\.part) == [3, 4] && links.map(\.url) == ["https://h/3", "https://h/4"])
        #expect(
            bench.sent == [
                "drive_id": "11", "file_id": "f1", "upload_id": "U1",
                "part_info_list": [["part_number": 3], ["part_number": 4]],
            ])
        #expect(bench.transport.asked.count == 2)
        let error = await failure {
            try await bench.drive.uploadLinks(Bench.session, parts: 3...5, .foreground)
        }
        guard case .malformedAnswer = error else {
            Issue.record("a part without an address")
            return
        }
        #expect(await failure { try await bench.drive.uploadLinks(Bench.session, parts: 0...1, .foreground) } != nil)
    }

    @Test func theInternalHostIsUsedWhereConfigured() async throws {
        let answer = HTTPAnswer.json(
            #"""
            {"part_info_list":[{"part_number":1,"upload_url":"https://h/1?s=1"},
             {"part_number":2,"upload_url":"https://h/2","internal_upload_url":"http://x-internal.aliyuncs.com/2"}]}
            """#)
        let bench = try Bench(change: { $0.usesInternalUploadHost = true }) { _, _ in .success(answer) }
        let links = try await bench.drive.uploadLinks(Bench.session, parts: 1...2, .foreground)
        #expect(links.map(\.url) == [UploadHost.internal + "/1?s=1", "http://x-internal.aliyuncs.com/2"])
    }

    @Test func partsAreListedPageByPage() async throws {
        let bench = try Bench { call, number in
            switch call.fields?["part_number_marker"] as? String {
            case nil:
                .success(
                    .json(
                        #"""
                        {"parallelUpload":false,"uploaded_parts":[{"part_number":1,"part_size":100,"etag":"e"},
                         {"part_number":2,"part_size":"200"}],"next_part_number_marker":"2"}
                        """#))
            case "2":
                number == 1
                    ? .success(.json("", status: 503))
                    : .success(
                        .json(#"{"uploaded_parts":[{"part_number":3,"part_size":5}],"next_part_number_marker":""}"#))
            default: .failure(.lost("not asked for"))
            }
        }
        #expect(
            try await bench.drive.uploadedParts(Bench.session, .background)
                == [(1, 100), (2, 200), (3, 5)].map { UploadedPart(number: $0, size: $1) })
        let none = try Bench(.json(#"{"uploaded_parts":null,"next_part_number_marker":null}"#))
        #expect(try await none.drive.uploadedParts(Bench.session, .background).isEmpty)
        let endless = try Bench(
            .json(#"{"uploaded_parts":[{"part_number":1,"part_size":1}],"next_part_number_marker":"1"}"#))
        #expect(await failure { try await endless.drive.uploadedParts(Bench.session, .background) } != nil)
        #expect(endless.transport.asked.count == 2)
    }

    @Test func completing() async throws {
        let hex = Self.hash.hex.uppercased()
        let bench = try Bench(
            .json(#"{"file_id":"f1","file_name":"n","size":12,"content_hash":"\#(hex)","content_hash_name":"sha1"}"#))
        let file = try await bench.drive.completeUpload(Bench.session, .foreground)
        #expect(file.id == Bench.id && file.name == "n" && file.size == 12 && file.contentHash == Self.hash)
        #expect(bench.sent == ["drive_id": "11", "file_id": "f1", "upload_id": "U1"])
        // Without the size it is not known what arrived.
        let bare = try Bench(.json(#"{"file_id":"f1","file_name":"n"}"#))
        let error = await failure { try await bare.drive.completeUpload(Bench.session, .foreground) }
        guard case .change(.uncertain) = error else {
            Issue.record("an answer without a size")
            return
        }
    }

    @Test(arguments: [
        (400, "NotFound.UploadId", DriveError.change(.uploadGone(Refusal(400, "NotFound.UploadId")))),
        (404, "NotFound.UploadId", .change(.uploadGone(Refusal(404, "NotFound.UploadId")))),
        (
            400, "InvalidParameter.ContentHash",
            .change(.contentMismatch(Refusal(400, "InvalidParameter.ContentHash")))
        ),
        (404, "NotFound.FileId", .notFound(Refusal(404, "NotFound.FileId"))),
    ])
    func refusalsOfComplete(status: Int, code: String, expected: DriveError) async throws {
        let bench = try Bench(.code(code, status))
        #expect(await failure { try await bench.drive.completeUpload(Bench.session, .foreground) } == expected)
    }
}
