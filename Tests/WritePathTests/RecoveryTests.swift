import Basics
import Drive
import MetadataStore
import TestSupport
import Testing

@testable import WritePath

/// What a machine that died leaves: files that are synced, and rows as they were a while ago.
@Suite(.serialized) struct RecoveryTests {
    /// All of the file is in the spool and synced, the base is gone, and the row does not know of either.
    @Test func anOlderRowOfAFileThatWasPutTogether() async throws {
        let world = World()
        world.fake.addFile("a", Scenario.large)
        let base = try #require(world.fake.ids(named: "a").first)
        let first = try Life(world)
        try await first.begin()
        let stage = Stage(first, ["a": Scenario.large])
        let gate = FakeGate()
        world.fake.script(.createFile, .hold(gate))
        try await stage.open("a")
        try await stage.write("a", [1, 2, 3], at: 170_000)
        try await stage.seal("a")
        let rows = await world.rows
        #expect(rows.first?.content?.present == [ByteRange(170_000, 170_003)])
        try await stage.close("a")
        #expect(await first.pass { gate.arrivals > 0 })
        await first.end()
        try await world.store.commit(JournalChange(drafts: rows), durable: true)
        world.fake.remove(base)
        let second = try Life(world)
        try await second.begin()
        #expect(await second.drain(), "\(second.back.statuses)")
        let wanted = try #require(stage.outcomes.last?["a"])
        #expect(world.fake.tree() == ["a": [.file(wanted)]])
        await second.end()
    }

    /// The log of what was fetched may be new: the machine's crash must not take its name along.
    @Test func whatWasPutTogetherIsSafe() async throws {
        let play = try await Play(["a": Scenario.large])
        let gate = FakeGate()
        play.fake.script(.createFile, .hold(gate))
        try await play.stage.open("a")
        try await play.stage.truncate("a", to: 360_000)
        try await play.stage.close("a")
        await play.wait("put together") { _ in gate.arrivals > 0 }
        let draft = try #require(try await play.stage.draft("a"))
        #expect(play.world.spooled.contains("\(draft.id.rawValue).ranges"))
        #expect(!draft.file.takeNewNames())
        gate.open()
        await play.settle("sent")
    }
}
