import Basics
import Drive
import MetadataStore
import Synchronization
import TestSupport
import Testing

@testable import WritePath

/// Files that are put together from what was written and what the drive has, with little room for them.
@Suite(.serialized) struct AssemblyTests {
    private func settings(spoolMax: Int64) -> WriteSettings {
        var settings = Life.settings
        settings.spoolMax = spoolMax
        return settings
    }

    private func change(_ name: String, in play: Play) async throws {
        try await play.stage.open(name)
        try await play.stage.write(name, [1, 2, 3], at: 170_000)
        try await play.stage.close(name)
    }

    /// There is room for one at a time: they take turns.
    @Test func theSpoolStaysWithinItsBound() async throws {
        let play = try await Play(
            ["a": Scenario.large, "b": Scenario.larger, "c": Scenario.large], settings(spoolMax: 400_000))
        let most = Mutex<Int64>(0)
        let back = play.life.back
        play.fake.respond { _ in
            let now = back.allDrafts.reduce(0) { $0 + $1.bytesHere }
            most.withLock { $0 = max($0, now) }
            return .proceed
        }
        for name in ["a", "b", "c"] { try await change(name, in: play) }
        await play.settle("three")
        #expect(most.withLock { $0 } <= 400_000, "\(most.withLock { $0 })")
    }

    /// Waiting would be of no use, and neither a `sync` nor the queue is to hang on it.
    @Test(arguments: [100_000, 349_998])
    func whatCannotBePutTogetherSaysWhy(spoolMax: Int64) async throws {
        let play = try await Play(["a": Scenario.large], settings(spoolMax: spoolMax))
        try await change("a", in: play)
        await play.wait("failure") { $0.life.back.statuses.first?.stage == .failed }
        let status = try #require(play.life.back.statuses.first)
        #expect(status.trouble?.contains("--spool-size") == true, "\(status)")
        #expect(play.life.back.allDrafts.reduce(0) { $0 + $1.bytesHere } < 100_000)
        await play.life.end()
    }
}
