import AlipanEmulator
import Basics
import Drive
import Testing

/// Every changing call with its answer lost (contract 7 and 8): the client says that it does not know, asks nothing
/// twice, and what it can read afterwards tells which of the two it was.
@Suite struct LostAnswerTests {
    private static let calls = ["folder", "create", "complete", "update", "move", "copy", "trash", "delete"]

    /// How the answer is lost, and whether the change is made all the same.
    private static let losses: [(isDone: Bool, set: @Sendable (inout FaultAction) -> Void)] = [
        (true, { $0.drop = .after }), (false, { $0.drop = .before }), (true, { $0.garbage = true }),
        (false, { $0.status = 502 }),
        (
            false,
            {
                $0.status = 502
                $0.body = .html
            }
        ),
    ]

    @Test(arguments: calls, losses.indices)
    func nothingIsAskedTwice(call: String, loss: Int) async throws {
        let (isDone, set) = Self.losses[loss]
        try await Rig.run { rig async throws in
            let file = rig.object(try rig.emulator.put("/a", .text("1")))
            let folder = rig.object(try rig.emulator.mkdir("/d"))
            let (session, links) = try await rig.begin(rig.file("u", pattern(9)))
            try await rig.send(links[0], pattern(9))
            let before = rig.emulator.tree()
            let endpoint = call == "folder" ? "create" : call
            try rig.fault(endpoint, set)
            let asked = rig.emulator.counters.endpoints[endpoint]?.requests ?? 0
            let drive = rig.drive
            let change: () async throws -> Void = {
                switch call {
                case "folder": _ = try await drive.createFolder(named: "n", in: rig.root, .foreground)
                case "create": _ = try await drive.createFile(rig.file("n", pattern(5)), .foreground)
                case "complete": _ = try await drive.completeUpload(session, .foreground)
                case "update": _ = try await drive.rename(file, to: "n", .refuse, .foreground)
                case "move": _ = try await drive.move(file, to: folder.file, .refuse, .foreground)
                case "copy": _ = try await drive.copy(file, to: folder, .foreground)
                case "trash": _ = try await drive.remove(file, .trash, .foreground)
                default: _ = try await drive.remove(file, .delete, .foreground)
                }
            }
            #expect(await failure(change)?.kind == "uncertain")
            #expect((rig.emulator.counters.endpoints[endpoint]?.requests ?? 0) - asked == 1)
            #expect((rig.emulator.tree() != before) == isDone)
        }
    }

    /// An answer of 204 and nothing: enough for a removal, too little for all else.
    @Test(arguments: ["create", "update", "trash", "delete"])
    func anAnswerOfNothing(call: String) async throws {
        try await Rig.run { rig async throws in
            let file = rig.object(try rig.emulator.put("/a", .text("1")))
            try rig.fault(call) { $0.noContent = true }
            let error = await failure {
                switch call {
                case "trash": _ = try await rig.drive.remove(file, .trash, .foreground)
                case "delete": _ = try await rig.drive.remove(file, .delete, .foreground)
                case "update": _ = try await rig.drive.rename(file, to: "b", .refuse, .foreground)
                default: _ = try await rig.drive.createFolder(named: "n", in: rig.root, .foreground)
                }
            }
            #expect(error?.kind == (["trash", "delete"].contains(call) ? nil : "uncertain"))
        }
    }

    /// After a lost answer to complete the object itself tells (contract 7.5).
    @Test func aCompletedUploadIsFoundByLooking() async throws {
        try await Rig.run { rig async throws in
            let bytes = pattern(9)
            let (session, links) = try await rig.begin(rig.file("u", bytes))
            try await rig.send(links[0], bytes)
            try rig.fault("complete") { $0.drop = .after }
            #expect(
                await failure { try await rig.drive.completeUpload(session, .foreground) }?.kind == "uncertain")
            #expect(
                await failure { try await rig.drive.completeUpload(session, .foreground) }?.kind == "uploadGone")
            let file = try await rig.drive.file(session.object, .foreground)
            #expect(file.isAvailable && file.size == 9 && file.contentHash == sha1(bytes))
        }
    }

    @Test func throttlingAndOldTokensAreHealedInside() async throws {
        try await Rig.run { rig async throws in
            let file = rig.object(try rig.emulator.put("/a", .text("1")))
            _ = try await rig.drive.space(.foreground)
            rig.emulator.expireAccessTokens()
            try rig.fault("update") {
                $0.status = 429
                $0.code = "TooManyRequests"
                $0.headers = ["x-retry-after": "20"]
            }
            #expect(try await rig.drive.rename(file, to: "b", .refuse, .foreground).name == "b")
            #expect(rig.paths == ["/b"])
        }
    }

    @Test func readingCallsOfAnUploadAreRepeated() async throws {
        try await Rig.run { rig async throws in
            let (session, _) = try await rig.begin(rig.file("u", pattern(9)))
            for endpoint in ["getUploadUrl", "listUploadedParts"] { try rig.fault(endpoint) { $0.drop = .after } }
            #expect(try await rig.drive.uploadLinks(session, parts: 1...2, .foreground).map(\.part) == [1, 2])
            #expect(try await rig.drive.uploadedParts(session, .foreground).isEmpty)
        }
    }
}
