import Basics
import Drive
import MetadataStore
import TestSupport
import Testing

@testable import WritePath

/// Answers are lost while users go on: what belongs to whom is told apart, and nothing goes that should stay.
@Suite(.serialized) struct RivalTests {
    private static let offline = DriveError.unreachable("no route")

    /// The drive made a file at once and the answer was lost; the file is removed and made anew, of the same bytes.
    @Test func whatAnUnansweredCallMadeIsToldFromANewFile() async throws {
        for isOpen in [false, true] {
            let play = try await Play(["k": Scenario.large])
            play.fake.script(.createFile, .lose())
            play.stage.at("after createFile") { stage in
                stage.fake.script(.list, times: 3, .fail(Self.offline))
                if isOpen { stage.back.opened(try await stage.inode("f"), forWriting: false) }
                let inode = try await stage.inode("f")
                try await stage.remove("f")
                try await stage.create("f", Scenario.large)
                if isOpen { stage.back.closed(inode, forWriting: false) }
            }
            try await play.stage.create("f", Scenario.large)
            await play.settle("made anew, open: \(isOpen)")
        }
    }

    /// The file is called otherwise by the time that the drive could have said that it made it at once.
    @Test func whatAnUnansweredCallMadeFollowsARename() async throws {
        let play = try await Play(["k": Scenario.large])
        play.fake.script(.createFile, .lose())
        play.stage.at("after createFile") { try await $0.rename("a", "b") }
        try await play.stage.create("a", Scenario.large)
        await play.settle("renamed")
    }

    @Test func whatAnUnansweredCallMadeIsReplacedByAChange() async throws {
        let play = try await Play(["k": Scenario.large])
        play.fake.script(.createFile, .lose())
        play.stage.at("after createFile") { stage in
            try await stage.open("a")
            try await stage.write("a", [7, 7, 7], at: 200)
            try await stage.close("a")
        }
        try await play.stage.create("a", Scenario.large)
        await play.settle("changed")
    }

    /// Neither the move nor the question what came of it is answered: it is not taken back, as it may be made.
    @Test func aRenameOfWhichNothingIsHeard() async throws {
        for name in ["b", "d/b"] {
            for isPending in [true, false] {
                let before = isPending ? ["a": Scenario.small] : ["a": Scenario.small, "b": Scenario.large]
                let play = try await Play(before)
                play.fake.addFolder("d")
                if isPending { try await play.stage.create(name, Scenario.large) }
                for function in [FakeFunction.rename, .move] { play.fake.script(function, .lose()) }
                play.fake.script(.file, times: 2, .fail(Self.offline))
                let replaces = isPending || name == "b"
                await fails("rename") { try await play.stage.rename("a", name, over: replaces) }
                await play.settle("\(name), \(isPending)")
            }
        }
    }

    /// A new file wants the name that a stored one is just leaving. What the drive says of the old one was true when it
    /// was asked, and by the time the answer is here the rename is done and its row gone.
    @Test func aNameThatIsBeingLeft() async throws {
        let play = try await Play(["x": Scenario.small])
        let gate = FakeGate()
        play.fake.script(.rename, .hold(gate))
        let old = try await play.stage.inode("x")
        play.stage.at("after file") { stage in
            gate.open()
            #expect(await stage.life.pass { stage.back.draft(of: old) == nil })
        }
        let renaming = Task { try await play.stage.rename("x", "z") }
        #expect(await play.life.pass { gate.arrivals > 0 })
        let made = try await play.life.back.makeFile(at: play.stage.place("x"))
        try await play.life.back.waitUntilStored(made)
        try await renaming.value
        #expect(await play.life.drain())
        #expect(play.fake.tree() == ["x": [.file(.bytes([]))], "z": [.file(Scenario.small)]])
        await play.life.end()
    }

    /// Its new folder is gone: the file stays where it is.
    @Test func aMoveIntoAFolderThatIsGone() async throws {
        let play = try await Play(["a": Scenario.small])
        let folder = play.fake.addFolder("d")
        play.stage.at("before move") { $0.fake.remove(folder) }
        await fails("move") { try await play.stage.rename("a", "d/b") }
        #expect(await play.life.drain())
        #expect(play.fake.tree() == ["a": [.file(Scenario.small)]])
        await play.life.end()
        #expect(await play.world.rows.isEmpty)
    }

    @Test func anExchangeWithWhatIsGone() async throws {
        for isPending in [true, false] {
            let play = try await Play(isPending ? ["a": Scenario.small] : ["a": Scenario.small, "b": Scenario.large])
            if isPending { try await play.stage.create("b", Scenario.large) }
            play.stage.at("before rename") { stage in stage.fake.remove(stage.fake.ids(named: "a")[0]) }
            await fails("exchange") { try await play.stage.exchange("a", "b") }
            #expect(await play.life.drain())
            #expect(play.fake.tree() == ["b": [.file(Scenario.large)]])
            await play.life.end()
            #expect(await play.world.rows.isEmpty)
        }
    }

    /// Who waits for the drive to have it is told when it is removed, though the waiting one has it open.
    @Test func waitingForWhatIsRemoved() async throws {
        let play = try await Play()
        let gate = FakeGate()
        play.fake.script(.createFile, .hold(gate))
        try await play.stage.create("a", Scenario.small)
        let draft = try #require(try await play.stage.draft("a"))
        play.life.back.opened(draft.inode, forWriting: false)
        let waiting = Task { try await play.life.back.waitUntilStored(draft) }
        #expect(await play.life.pass { gate.arrivals > 0 })
        try await play.stage.remove("a")
        gate.open()
        try await waiting.value
        play.life.back.closed(draft.inode, forWriting: false)
        await play.settle("removed")
    }

    @Test func waitingWhileTheDriveIsFull() async throws {
        let play = try await Play()
        play.fake.set { $0.quota = 10 }
        try await play.stage.create("a", Scenario.small)
        let draft = try #require(try await play.stage.draft("a"))
        let waiting = Task { try await play.life.back.waitUntilStored(draft) }
        var isRefused = false
        do { try await waiting.value } catch { isRefused = true }
        #expect(isRefused)
        play.fake.set { $0.quota = nil }
        await play.settle("room again")
    }

    /// It can be read and written until its last close, and what was written into it comes to nothing.
    @Test func aStoredFileRenamedOverAnOpenOne() async throws {
        for isPending in [true, false] {
            let play = try await Play(isPending ? ["b": Scenario.large] : ["a": Scenario.small, "b": Scenario.large])
            if isPending { try await play.stage.create("a", Scenario.small) }
            let (inode, old) = (try await play.stage.inode("b"), try play.stage.stored("b").object)
            try await play.stage.open("b")
            try await play.stage.rename("a", "b", over: true)
            #expect(await play.life.pass { play.fake.tree()["b"]?.contains(.file(Scenario.small)) == true })
            #expect(play.fake.current(old.id.file)?.isTrashed == false)
            let moved = try #require(try await play.stage.draft("b"))
            try await play.life.back.waitUntilStored(moved)
            play.life.back.closed(inode, forWriting: true)
            await play.settle("closed, \(isPending)")
        }
    }
}
