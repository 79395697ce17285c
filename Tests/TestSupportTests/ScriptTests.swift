import Basics
import Drive
import TestSupport
import Testing

/// Changing calls that fail before they act, after they acted, or wait on either side.
@Suite struct ScriptTests {
    @Test func aCallFailsWithoutEffect() async throws {
        let f = Fixture()
        f.drive.script(.createFolder, .fail(DriveError.unreachable("no network")))
        let error = await failure {
            try await f.drive.createFolder(named: "d", in: f.root, .foreground)
        }
        #expect(error == .unreachable("no network") && f.drive.tree().isEmpty)
    }

    @Test func everyChangeCanTakeEffectAndLoseItsAnswer() async throws {
        let f = Fixture()
        let a = f.drive.object(f.drive.addFile("a", f.small))
        let d = f.drive.addFolder("d")
        let (session, links) = try await f.begin("up", 30)
        f.drive.respond { _ in .lose() }
        let calls: [() async throws -> Void] = [
            { _ = try await f.drive.createFolder(named: "e", in: f.root, .foreground) },
            { _ = try await f.create("f", 1) },
            { try await f.send(links[0], 0, 30, of: f.small) },
            { _ = try await f.drive.completeUpload(session, .foreground) },
            { _ = try await f.drive.rename(a, to: "b", .refuse, .foreground) },
            { _ = try await f.drive.move(a, to: d, .refuse, .foreground) },
            { _ = try await f.drive.copy(a, to: f.root, .foreground) },
            { _ = try await f.drive.remove(a, .trash, .foreground) },
        ]
        for call in calls { #expect(await failure(call)?.gist == "change.uncertain") }
        #expect(f.drive.unfinishedUploads.count == 1)
        let expected: [String: [FakeDrive.Entry]] = [
            "d": [.folder], "e": [.folder], "up": [.file(f.small)], "b": [.file(f.small)],
        ]
        #expect(f.drive.tree() == expected)
    }

    @Test func aCallWaitsBeforeItActsOrWithItsAnswer() async throws {
        let f = Fixture()
        let (before, after) = (FakeGate(), FakeGate())
        f.drive.script(.createFolder, .hold(before))
        f.drive.script(.createFolder, .holdAnswer(after))
        async let first = f.drive.createFolder(named: "a", in: f.root, .foreground)
        await before.arrivals(atLeast: 1)
        #expect(f.drive.tree().isEmpty)
        async let second = f.drive.createFolder(named: "b", in: f.root, .foreground)
        await after.arrivals(atLeast: 1)
        #expect(f.drive.tree() == ["b": [.folder]])
        before.open()
        after.open()
        _ = try await (first, second)
        #expect(f.drive.tree().count == 2)
    }

    @Test func aPartThatIsCutStoresNothing() async throws {
        let f = Fixture()
        let (session, links) = try await f.begin("a", 30)
        f.drive.script(.sendPart, .cutPart(after: 7))
        let progress = Tally()
        let cut = await failure {
            try await f.drive.sendPart(links[0], ByteRange(0, 30), of: MemorySource(f.small)) { progress.add($0) }
        }
        #expect(cut == .change(.part(.cut("reset"))) && progress.total == 7)
        #expect(try await f.drive.uploadedParts(session, .foreground).isEmpty)
        f.drive.script(.sendPart, .lose(.change(.part(.cut("reset")))))
        let lost = await failure { try await f.send(links[0], 0, 30, of: f.small) }
        #expect(lost == .change(.part(.cut("reset"))))
        #expect(try await f.drive.uploadedParts(session, .foreground).count == 1)
        #expect(f.drive.calls(of: .sendPart, for: session.object) == 2)
        #expect(f.drive.log.compactMap(\.part) == [1, 1])
    }

    @Test func aPartThatStallsCanBeCancelled() async throws {
        let f = Fixture()
        let (session, links) = try await f.begin("a", 30)
        let gate = FakeGate()
        f.drive.script(.sendPart, .stall(gate, after: 10))
        let sending = Task { await failure {
            try await f.send(links[0], 0, 30, of: f.small)
        } }
        await gate.arrivals(atLeast: 1)
        sending.cancel()
        #expect(await sending.value == .cancelled)
        #expect(try await f.drive.uploadedParts(session, .foreground).isEmpty)
    }

    @Test func callsAreCountedByKind() async throws {
        let f = Fixture()
        try await f.upload("a", f.small)
        let expected: [FakeFunction: Int] = [.createFile: 1, .sendPart: 1, .completeUpload: 1]
        for function in FakeFunction.allCases { #expect(f.drive.calls(of: function) == expected[function, default: 0]) }
        #expect(f.drive.log.map(\.name) == ["a", nil, nil])
    }
}
