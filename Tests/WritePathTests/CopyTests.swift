import Basics
import Drive
import MetadataStore
import TestSupport
import Testing

@testable import WritePath

/// Copies that the drive makes.
@Suite(.serialized) struct CopyTests {
    /// Once the copy is made it stands on itself: what it was made of may go.
    @Test(arguments: [false, true])
    func theOriginalIsRemovedAfterTheCopy(_ isChanged: Bool) async throws {
        let play = try await Play(["b": Scenario.large])
        let original = try play.stage.stored("b").object.id
        let gate = FakeGate()
        play.fake.script(.rename, .hold(gate))
        try await play.stage.copy("b", to: "a")
        await play.wait("a copy") { _ in gate.arrivals > 0 }
        let draft = try #require(try await play.stage.draft("a"))
        try await play.stage.remove("b")
        await play.wait("the original is gone") { $0.fake.current(original.file)?.isTrashed != false }
        let bytes = try await play.bytes(of: draft, at: 200_000, count: 100)
        #expect(bytes == Array(Scenario.large.allBytes[200_000..<200_100]))
        if isChanged {
            try await play.stage.open("a")
            try await play.stage.write("a", [1, 2, 3], at: 10)
            try await play.stage.close("a")
        }
        gate.open()
        await play.settle("copied")
        #expect(play.life.back.state.withLock { $0.copies.isEmpty })
    }

    /// Somebody removes the copy before its row has ended, and the original is still there.
    @Test func theCopyIsRemovedByOthers() async throws {
        let play = try await Play(["b": Scenario.large])
        let original = try play.stage.stored("b").object.id
        let gate = FakeGate()
        play.fake.script(.rename, .hold(gate))
        try await play.stage.copy("b", to: "a")
        await play.wait("a copy") { _ in gate.arrivals > 0 }
        let copy = try #require(try await play.stage.draft("a")?.record.object?.id)
        #expect(play.life.back.unmadeCopies(of: original).isEmpty)
        play.fake.remove(copy.file)
        gate.open()
        await play.settle("copied twice")
        #expect(play.fake.calls(of: .copy) == 2)
    }
}
