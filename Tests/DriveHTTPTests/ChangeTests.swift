import Basics
import Drive
import Foundation
import Synchronization
import Testing

@testable import DriveHTTP

/// Calls that change the tree, against a scripted service.
@Suite struct ChangeTests {
    private typealias Change = @Sendable (HTTPDrive) async throws -> Void

    private static let changes: [(String, Change)] = [
        ("createFolder", { _ = try await $0.createFolder(named: "n", in: Bench.folder, .foreground) }),
        (
            "createFile",
            {
                let file = FileCreation(
                    parent: Bench.folder, name: "n", size: 5, content: .plain, partCount: 1, onTaken: .refuse)
                _ = try await $0.createFile(file, .foreground)
            }
        ),
        ("complete", { _ = try await $0.completeUpload(Bench.session, .foreground) }),
        ("rename", { _ = try await $0.rename(Bench.id, to: "n", .refuse, .foreground) }),
        ("move", { _ = try await $0.move(Bench.id, to: FileID("d2"), .refuse, .foreground) }),
        ("copy", { _ = try await $0.copy(Bench.id, to: Bench.folder, .foreground) }),
        ("trash", { _ = try await $0.remove(Bench.id, .trash, .foreground) }),
        ("delete", { _ = try await $0.remove(Bench.id, .delete, .foreground) }),
    ]

    private static let unclear: [Result<HTTPAnswer, TransportFailure>] = [
        .failure(.lost("reset")), .failure(.tooLong), .success(.json("Bad Gateway", status: 502)),
        .success(.json("<html>x</html>", status: 200)), .success(.json("<html>firewall</html>", status: 403)),
        .success(.code("InternalError", 500)), .success(.json("", status: 504)), .success(.json(#"{"file_id":"#)),
    ]

    @Test(arguments: changes.indices, unclear.indices)
    func aChangeWithoutAUsableAnswerIsNotRepeated(change: Int, answer: Int) async throws {
        let bench = try Bench { _, _ in Self.unclear[answer] }
        let error = await failure { try await Self.changes[change].1(bench.drive) }
        guard case .change(.uncertain(let words)) = error, !words.isEmpty else {
            Issue.record("\(Self.changes[change].0): \(String(describing: error))")
            return
        }
        #expect(bench.transport.asked.count == 1 && bench.drive.health().lastFaults.count == 1)
    }

    @Test(arguments: changes.indices)
    func whatCertainlyDidNotArriveIsRepeated(change: Int) async throws {
        let bench = try Bench { call, number in
            switch number {
            case 0: .failure(.unreachable("refused"))
            case 1: .success(.json("", status: 429, [("x-retry-after", "1000")]))
            case 2: .success(.code("AccessTokenExpired", 401))
            default: .success(.code("QuotaExhausted.Drive", 403))
            }
        }
        let error = await failure { try await Self.changes[change].1(bench.drive) }
        #expect(error == .quotaExhausted(Refusal(403, "QuotaExhausted.Drive")))
        #expect(bench.transport.count(of: "api.example") == 4)
        #expect(HTTPFields(try #require(bench.transport.asked.last).headers)["authorization"] == "Bearer access-1")
    }

    @Test(arguments: changes.indices)
    func nobodyThereIsNotUncertain(change: Int) async throws {
        let bench = try Bench { _, _ in .failure(.unreachable("no route")) }
        #expect(await failure { try await Self.changes[change].1(bench.drive) } == .unreachable("no route"))
        let left = try Bench { _, _ in .failure(.cancelled) }
        #expect(await failure { try await Self.changes[change].1(left.drive) } == .cancelled)
    }

    @Test func foldersAreMadeUnlessTheNameIsTaken() async throws {
        let made = try Bench(
            .json(#"{"file_id":"n1","file_name":"新","exist":false,"upload_id":"","part_info_list":null}"#))
        let id = ObjectID(drive: DriveID("11"), file: FileID("n1"))
        #expect(try await made.drive.createFolder(named: "新", in: Bench.folder, .foreground) == .made(id, name: "新"))
        #expect(made.transport.asked.first?.url == "https://api.example/adrive/v1.0/openFile/create")
        #expect(
            made.sent == [
                "drive_id": "11", "parent_file_id": "d1", "name": "新", "type": "folder", "check_name_mode": "refuse",
            ])
        let taken = try Bench(.json(#"{"file_id":"n1","name":"x","exist":true,"upload_id":null}"#))
        #expect(try await taken.drive.createFolder(named: "x", in: Bench.folder, .foreground) == .taken(id))
        for answer in [
            HTTPAnswer.code("AlreadyExist.File", 409), .code("AlreadyExist.File", 400), .code("SomethingNew", 409),
            .json(#"{"exist":true}"#),
        ] {
            let bench = try Bench(answer)
            let error = await failure { try await bench.drive.createFolder(named: "x", in: Bench.folder, .foreground) }
            guard case .nameTaken = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test func namesTheDriveCannotHoldAreNotSent() async throws {
        let bench = try Bench(.json("{}"))
        let long = FileName(String(repeating: "x", count: 1_025))
        for name in ["", ".", "..", "a/b", "a\0b", long, FileName(bytes: [0xFF])] as [FileName] {
            let drive = bench.drive
            #expect(await failure { try await drive.createFolder(named: name, in: Bench.folder, .foreground) } != nil)
            #expect(await failure { try await drive.rename(Bench.id, to: name, .ignore, .foreground) } != nil)
        }
        #expect(bench.transport.asked.isEmpty)
    }

    @Test func renaming() async throws {
        let bench = try Bench(.json(#"{"file_id":"f1","name":"b","drive_id":"11","parent_file_id":"d1","size":3}"#))
        let file = try await bench.drive.rename(Bench.id, to: "b", .refuse, .foreground)
        #expect(file.id == Bench.id && file.name == "b" && file.parent == FileID("d1"))
        #expect(bench.transport.asked.first?.url.hasSuffix("/openFile/update") == true)
        #expect(bench.sent == ["drive_id": "11", "file_id": "f1", "name": "b", "check_name_mode": "refuse"])
        _ = try await bench.drive.rename(Bench.id, to: "c", .ignore, .foreground)
        #expect(bench.sent?["check_name_mode"] as? String == "ignore")
        for answer in [
            #"{"file_id":"f1","name":"a"}"#, #"{"file_id":"f2","name":"b"}"#, #"{"file_id":"f1","exist":true}"#,
            // Canonically equal is not the same name.
            "{\"file_id\":\"f1\",\"name\":\"e\u{301}\"}",
        ] {
            let taken = try Bench(.json(answer))
            let name: FileName = answer.contains("e\u{301}") ? "\u{e9}" : "b"
            let error = await failure { try await taken.drive.rename(Bench.id, to: name, .refuse, .foreground) }
            guard case .nameTaken = error else {
                Issue.record("\(answer): \(String(describing: error))")
                continue
            }
        }
    }

    @Test func moving() async throws {
        let bench = try Bench(.json(#"{"drive_id":"11","file_id":"f1","async_task_id":""}"#))
        let change = try await bench.drive.move(Bench.id, to: FileID("d2"), .refuse, .foreground)
        #expect(change == TreeChange(object: Bench.id))
        #expect(
            bench.sent == [
                "drive_id": "11", "file_id": "f1", "to_parent_file_id": "d2", "check_name_mode": "refuse",
            ])
        let task = try Bench(.json(#"{"exist":false,"async_task_id":"t"}"#))
        #expect(
            try await task.drive.move(Bench.id, to: FileID("d2"), .ignore, .foreground)
                == TreeChange(object: Bench.id, task: DriveTaskID("t")))
        let taken = try Bench(.json(#"{"file_id":"f1","exist":true}"#))
        let error = await failure { try await taken.drive.move(Bench.id, to: FileID("d2"), .refuse, .foreground) }
        guard case .nameTaken = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func copying() async throws {
        let bench = try Bench(.json(#"{"file_id":"f9","async_task_id":"t"}"#))
        let copy = ObjectID(drive: DriveID("11"), file: FileID("f9"))
        #expect(
            try await bench.drive.copy(Bench.id, to: Bench.folder, .foreground)
                == TreeChange(object: copy, task: DriveTaskID("t")))
        #expect(
            bench.sent == ["drive_id": "11", "file_id": "f1", "to_parent_file_id": "d1", "auto_rename": true])
        let other = ObjectID(drive: DriveID("12"), file: .root)
        #expect(try await bench.drive.copy(Bench.id, to: other, .foreground).object.drive == other.drive)
        #expect(bench.sent?["to_drive_id"] as? String == "12")
    }

    @Test func whatIsGoneCountsAsRemoved() async throws {
        for (way, path) in [(Removal.trash, "recyclebin/trash"), (.delete, "delete")] {
            for answer in [
                HTTPAnswer.json(#"{"file_id":"f1","async_task_id":""}"#), .json("", status: 204), .json("{}"),
                .code("NotFound.FileId", 404), .code("NotFound.File", 400), .code("ForbiddenFileInTheRecycleBin", 403),
            ] {
                let bench = try Bench(answer)
                let wasGone = answer.status >= 400
                #expect(
                    try await bench.drive.remove(Bench.id, way, .foreground)
                        == TreeChange(object: Bench.id, wasGone: wasGone))
                #expect(bench.transport.asked.first?.url.hasSuffix("/openFile/" + path) == true)
                #expect(bench.sent == ["drive_id": "11", "file_id": "f1"])
            }
            let unknown = try Bench(.code("SomethingNew", 404))
            #expect(
                await failure { try await unknown.drive.remove(Bench.id, way, .foreground) }
                    == .notFound(Refusal(404, "SomethingNew")))
        }
    }

    @Test(arguments: [
        ("Succeed", DriveTaskState.succeeded), ("Running", .running), ("Failed", .failed), ("PartialSucceed", .failed),
    ])
    func tasks(word: String, state: DriveTaskState) async throws {
        let bench = try Bench { _, number in
            number == 0 ? .failure(.lost("reset")) : .success(.json(#"{"state":"\#(word)","async_task_id":"t"}"#))
        }
        #expect(try await bench.drive.state(of: DriveTaskID("t"), .background) == state)
        #expect(bench.transport.asked.count == 2 && bench.sent == ["async_task_id": "t"])
    }

    @Test func aForgottenTask() async throws {
        let bench = try Bench(.code("NotFound.AsyncTask", 404))
        #expect(
            await failure { try await bench.drive.state(of: DriveTaskID("t"), .background) }
                == .notFound(Refusal(404, "NotFound.AsyncTask")))
    }
}
