import Basics
import Drive
import MetadataStore
import Synchronization
import TestSupport
import Testing

@testable import WritePath

/// Files that are removed, or replaced, while something is done for them.
@Suite(.serialized) struct RemovalTests {
    private static let refused = DriveError.rejected(Refusal(status: 400, code: "SaidSo", message: ""))

    /// What the drive says of bytes that nobody wants any more keeps nothing from being removed.
    @Test func aRefusalOfWhatIsRemovedMeanwhile() async throws {
        let play = try await Play(["a": Scenario.large])
        play.stage.at("after createFile") { try await $0.remove("a") }
        play.fake.script(.createFile, .fail(Self.refused))
        try await play.stage.open("a")
        try await play.stage.write("a", [1, 2, 3], at: 5)
        let inode = try await play.stage.inode("a")
        try await play.stage.close("a")
        await play.wait("removed") { $0.life.back.draft(of: inode)?.record.isRemoved != false }
        await play.settle("removed and refused")
    }

    /// What is not wanted any more is not sent to its end.
    @Test(arguments: [true, false])
    func aFileRenamedOverOneThatIsSent(_ isStored: Bool) async throws {
        let play = try await Play(isStored ? ["a": Scenario.small] : [:])
        let gate = FakeGate()
        play.stage.at("before sendPart 2") { $0.fake.script(.sendPart, .hold(gate)) }
        try await play.stage.create("b", Scenario.large)
        await play.wait("a part under way") { _ in gate.arrivals > 0 }
        if !isStored { try await play.stage.create("a", Scenario.small) }
        try await play.stage.rename("a", "b", over: true)
        await play.settle("renamed over")
        #expect(gate.heldCount == 0)
    }

    /// The other way round the same part is sent once more when the drive refuses the rename.
    @Test func aRenameThatIsRefusedLetsTheUploadGoOn() async throws {
        let play = try await Play(["a": Scenario.small])
        let gate = FakeGate()
        play.stage.at("before sendPart 2") { $0.fake.script(.sendPart, .hold(gate)) }
        try await play.stage.create("b", Scenario.large)
        await play.wait("a part under way") { _ in gate.arrivals > 0 }
        play.fake.script(.rename, .fail(Self.refused))
        do {
            try await play.stage.rename("a", "b", over: true)
            Issue.record("no error")
        } catch {
            #expect(error as? WriteError == .drive(Self.refused))
        }
        #expect(await play.life.drain())
        #expect(play.fake.tree() == ["a": [.file(Scenario.small)], "b": [.file(Scenario.large)]])
        #expect(play.fake.calls(of: .createFile) == 1)
        await play.life.end()
    }

    /// The same when the journal refuses it, after the upload has stopped.
    @Test func aRenameThatTheJournalRefusesLetsTheUploadGoOn() async throws {
        let play = try await Play(["a": Scenario.small])
        let gate = FakeGate()
        play.stage.at("before sendPart 2") { $0.fake.script(.sendPart, .hold(gate)) }
        try await play.stage.create("b", Scenario.large)
        await play.wait("a part under way") { _ in gate.arrivals > 0 }
        let sent = try #require(try await play.stage.draft("b"))
        play.stage.at("before a commit") { stage in
            while stage.back.state.withLock({ $0.queue.running.contains(sent.id) }) { await Task.yield() }
            stage.life.world.store.fail(with: StoreError("the disk is full"))
        }
        do {
            try await play.stage.rename("a", "b", over: true)
            Issue.record("no error")
        } catch {
            #expect(error as? WriteError == .journal(StoreError("the disk is full")))
        }
        play.world.store.fail(with: nil)
        #expect(await play.life.drain(), "\(play.life.back.statuses)")
        #expect(play.fake.tree() == ["a": [.file(Scenario.small)], "b": [.file(Scenario.large)]])
        await play.life.end()
    }

    @Test func nothingIsFetchedForWhatIsRemoved() async throws {
        let whole = FakeContent.pattern(seed: 6, size: 3 << 20)
        let play = try await Play(["a": whole])
        try await play.stage.open("a")
        try await play.stage.write("a", [1, 2, 3], at: 5)
        let draft = try #require(try await play.stage.draft("a"))
        play.stage.at("before downloadLinks") { try await $0.remove("a") }
        try await play.stage.close("a")
        await play.settle("removed")
        #expect(draft.bytesHere < 1 << 20)
    }

    @Test func nothingIsHashedOrSentForWhatIsRemoved() async throws {
        let play = try await Play([:], WriteSettings(delay: .seconds(3_600), diskReserve: 0))
        try await play.stage.create("a", Scenario.large)
        let draft = try #require(try await play.stage.draft("a"))
        try await play.stage.open("a")
        try await play.stage.remove("a")
        let session = UploadSession(object: play.fake.object(FileID("n")), uploadID: "u")
        draft.state.withLock { $0.running = nil }
        var carrier = StepCarrier(owner: play.life.back, draft: draft)
        #expect(try await carrier.perform(.hash) == [])
        #expect(try await carrier.perform(.send(session)) == [])
        #expect(play.fake.calls(of: .uploadLinks) == 0)
        play.life.back.closed(draft.inode, forWriting: true)
        await play.settle("closed")
    }
}
