import Basics
import Drive
import MetadataStore
import Synchronization
import TestSupport
import Testing

@testable import WritePath

/// The journal fails, the drive fails in the middle of a rename, two want the same at once.
@Suite(.serialized) struct WriteBackTests {
    private static let broken = StoreError("the disk is full")

    @Test func aSealThatTheJournalRefusesIsStillDue() async throws {
        let play = try await Play()
        let draft = try await play.life.back.makeFile(at: play.stage.place("a"))
        play.world.store.fail(with: Self.broken)
        await fails("seal") { try await play.life.back.seal(draft) }
        await fails("seal again") { try await play.life.back.seal(draft) }
        play.world.store.fail(with: nil)
        try await play.life.back.seal(draft)
        #expect(await play.world.rows.first?.content?.state == .sealed)
        await play.life.end()
    }

    /// Nobody closes it a second time: it is sealed and sent when the journal works again.
    @Test func aCloseThatTheJournalRefuses() async throws {
        let play = try await Play()
        try await play.stage.create("a", Scenario.small)
        try await play.stage.open("a")
        try await play.stage.write("a", [1, 2, 3], at: 0)
        play.world.store.fail(with: Self.broken)
        await fails("close") { try await play.stage.close("a") }
        play.life.back.closed(try await play.stage.inode("a"), forWriting: true)
        let start = play.world.time.now()
        await play.wait("ten minutes") { $0.world.time.now() - start > .seconds(600) }
        #expect(play.fake.calls(of: .createFile) == 0)
        play.world.store.fail(with: nil)
        await play.settle("healed")
    }

    @Test func whatCannotBeBegunLeavesNothing() async throws {
        let play = try await Play(["b": Scenario.small])
        play.world.store.fail(with: Self.broken)
        await fails("new file") { _ = try await play.life.back.makeFile(at: play.stage.place("a")) }
        play.world.store.fail(with: nil)
        let inode = try await play.stage.inode("b")
        play.world.store.fail(with: Self.broken)
        await fails("edit") { try await play.stage.write("b", [1], at: 0) }
        // More often than there are places for uploads: none is taken for ever.
        for _ in 0..<4 { await fails("rename") { try await play.stage.rename("b", "c") } }
        play.world.store.fail(with: nil)
        #expect(play.life.back.draft(of: inode) == nil)
        await play.wait("an empty spool") { $0.world.spooled.isEmpty }
        try await play.stage.create("a", Scenario.large)
        #expect(await play.life.drain())
        #expect(play.fake.tree() == ["a": [.file(Scenario.large)], "b": [.file(Scenario.small)]])
        await play.life.end()
    }

    @Test func aRenameThatTheJournalRefusesLeavesBoth() async throws {
        let play = try await Play()
        try await play.stage.create("a", Scenario.small)
        try await play.stage.create("b", Scenario.other)
        play.world.store.fail(with: Self.broken)
        await fails("rename") { try await play.stage.rename("a", "b", over: true) }
        play.world.store.fail(with: nil)
        #expect(await play.life.drain())
        #expect(play.fake.tree() == ["a": [.file(Scenario.small)], "b": [.file(Scenario.other)]])
        await play.life.end()
    }

    /// A move that certainly was not made displaces nothing: unsent bytes under the new name are still there.
    @Test(arguments: [
        DriveError.unreachable("no route"), .accessDenied(Refusal(status: 403, code: "No", message: "")),
    ])
    func aRenameThatTheDriveRefusesLeavesBoth(_ error: DriveError) async throws {
        let play = try await Play(["a": Scenario.small])
        try await play.stage.create("b", Scenario.large)
        play.fake.script(.rename, .fail(error))
        await fails("rename") { try await play.stage.rename("a", "b", over: true) }
        #expect(await play.life.drain())
        #expect(play.fake.tree() == ["a": [.file(Scenario.small)], "b": [.file(Scenario.large)]])
        await play.life.end()
        #expect(await play.world.rows.isEmpty)
    }

    @Test func anExchangeThatTheDriveRefusesLeavesBoth() async throws {
        for isPending in [true, false] {
            let play = try await Play(isPending ? ["a": Scenario.small] : ["a": Scenario.small, "b": Scenario.large])
            if isPending { try await play.stage.create("b", Scenario.large) }
            play.fake.script(.rename, .fail(.unreachable("no route")))
            await fails("exchange") { try await play.stage.exchange("a", "b") }
            #expect(await play.life.drain())
            #expect(play.fake.tree() == ["a": [.file(Scenario.small)], "b": [.file(Scenario.large)]])
            await play.life.end()
            #expect(await play.world.rows.isEmpty)
        }
    }

    /// The first half is done: the second goes on behind until it is.
    @Test func anExchangeIsNeverHalf() async throws {
        let play = try await Play(["a": Scenario.small, "b": Scenario.large])
        let count = Mutex(0)
        play.fake.respond { call in
            guard call.function == .rename else { return .proceed }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return (2...4).contains(number) ? .fail(.unreachable("no route")) : .proceed
        }
        try await play.stage.exchange("a", "b")
        await play.settle("both halves")
    }

    @Test func aRenameWhoseAnswerIsLost() async throws {
        let play = try await Play(["a": Scenario.small, "b": Scenario.large])
        play.fake.script(.rename, .lose())
        try await play.stage.rename("a", "b", over: true)
        await play.settle("lost")
        #expect(play.fake.calls(of: .rename) == 1)
    }

    @Test func aRenameOfWhatIsGone() async throws {
        let play = try await Play(["a": Scenario.small])
        try await play.stage.create("b", Scenario.large)
        play.stage.at("before rename") { stage in
            stage.fake.remove(stage.fake.ids(named: "a")[0])
        }
        await fails("rename") { try await play.stage.rename("a", "b", over: true) }
        #expect(await play.life.drain())
        #expect(play.fake.tree() == ["b": [.file(Scenario.large)]])
        await play.life.end()
    }

    /// What a copy is made of stays until the copy is made.
    @Test func aCopyWhoseOriginalIsRemoved() async throws {
        for removal in [Removal.trash, .delete] {
            let play = try await Play(
                ["b": Scenario.large], WriteSettings(removal: removal, delay: .seconds(5), diskReserve: 0))
            let original = try play.stage.stored("b").object
            try await play.stage.copy("b", to: "a")
            #expect(play.life.back.unmadeCopies(of: original.id).count == 1)
            try await play.stage.remove("b")
            await play.settle("copied")
        }
    }

    /// A name is taken by what somebody still reads: that is no other version of the file that takes the name.
    @Test func aNewFileBesideARemovedOneThatIsOpen() async throws {
        let play = try await Play(["a": Scenario.small])
        let (old, inode) = (try play.stage.stored("a").object.id, try await play.stage.inode("a"))
        try await play.stage.open("a")
        try await play.stage.remove("a")
        try await play.stage.create("a", Scenario.other)
        let draft = try #require(try await play.stage.draft("a"))
        #expect(await play.life.pass { draft.ending.result != nil })
        #expect(play.fake.current(old.file)?.isTrashed == false)
        play.life.back.closed(inode, forWriting: true)
        await play.settle("closed")
    }

    /// Another file takes the name of one that is open and has bytes on the drive only.
    @Test func whatIsOpenIsReadAfterARenameOverIt() async throws {
        for isStored in [true, false] {
            let play = try await Play(isStored ? ["a": Scenario.small, "b": Scenario.large] : ["b": Scenario.large])
            if !isStored { try await play.stage.create("a", Scenario.small) }
            try await play.stage.open("b")
            try await play.stage.write("b", [1, 2], at: 10)
            let open = try #require(try await play.stage.draft("b"))
            try await play.stage.rename("a", "b", over: true)
            #expect(await play.life.pass { play.fake.tree()["b"]?.contains(.file(Scenario.small)) == true })
            let bytes = try await play.bytes(of: open, at: 200_000, count: 100)
            #expect(bytes == Array(Scenario.large.allBytes[200_000..<200_100]))
            play.life.back.closed(open.inode, forWriting: true)
            await play.settle("closed")
        }
    }

    @Test func twoWhoBeginAtOnceGetOneDraft() async throws {
        let play = try await Play(["a": Scenario.large])
        let inode = try await play.stage.inode("a")
        let (object, base, _) = try play.stage.stored("a")
        let back = play.life.back
        let drafts = await withTaskGroup(of: DraftID?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do { return try await back.edit(inode, object, base, keeps: base.size).id } catch { return nil }
                }
            }
            return await group.reduce(into: Set<DraftID?>()) { $0.insert($1) }
        }
        #expect(drafts.count == 1 && !drafts.contains(nil))
        #expect(back.drafts.count == 1)
        await play.life.end()
    }

    /// Parts that the drive has are not sent again after a restart.
    @Test func anUploadGoesOnAfterARestart() async throws {
        let world = World()
        let first = try Life(world)
        try await first.begin()
        let stage = Stage(first, [:])
        let gate = FakeGate()
        stage.at("before sendPart 3") { $0.fake.script(.sendPart, .hold(gate)) }
        try await stage.create("a", Scenario.large)
        #expect(await first.pass { gate.arrivals > 0 })
        await first.end()
        world.fake.resetCounters()
        let second = try Life(world)
        try await second.begin()
        #expect(await second.drain())
        #expect(world.fake.tree() == ["a": [.file(Scenario.large)]])
        #expect(world.fake.calls(of: .createFile) == 0)
        #expect(world.fake.log.compactMap(\.part) == [3, 4])
        await second.end()
    }

    /// Writers wait for room and do not spin; what is queued makes it.
    @Test func writersWaitForRoom() async throws {
        var settings = Life.settings
        settings.spoolMax = 400_000
        let play = try await Play([:], settings)
        try await play.stage.create("a", Scenario.large)
        // The credit for small writes is used up at once.
        try await play.stage.create("b", Scenario.large, pieces: 1)
        await play.settle("room")
    }

    @Test func whatIsTooLargeForTheSpoolIsSaidAtOnce() async throws {
        var settings = Life.settings
        settings.spoolMax = 100_000
        let play = try await Play([:], settings)
        await fails("no room") { try await play.stage.create("a", Scenario.large, pieces: 1) }
        await play.life.end()
    }

    @Test func waitingUntilTheDriveHasIt() async throws {
        let play = try await Play([:], WriteSettings(delay: .seconds(3_600), diskReserve: 0))
        try await play.stage.create("a", Scenario.small)
        let draft = try #require(try await play.stage.draft("a"))
        let back = play.life.back
        try await back.waitUntilStored(draft)
        #expect(play.fake.tree() == ["a": [.file(Scenario.small)]])

        play.fake.script(.createFile, .fail(.rejected(Refusal(status: 400, code: "No", message: ""))))
        try await play.stage.create("b", Scenario.small)
        let other = try #require(try await play.stage.draft("b"))
        await fails("refused") { try await back.waitUntilStored(other) }
        await play.life.end()
    }

    /// Thousands in the queue: the work for each stays the same.
    @Test func manyDrafts() async throws {
        let play = try await Play([:], WriteSettings(uploads: 3, delay: .seconds(60), diskReserve: 0))
        func make(_ numbers: Range<Int>) async throws -> Duration {
            let clock = ContinuousClock()
            let start = clock.now
            for number in numbers {
                let draft = try await play.life.back.makeFile(at: play.stage.place("f\(number)"))
                play.life.back.wake(draft)
            }
            return clock.now - start
        }
        _ = try await make(0..<500)
        let first = try await make(500..<1_000)
        _ = try await make(1_000..<5_000)
        let last = try await make(5_000..<5_500)
        #expect(last < first * 4 + .milliseconds(200), "\(first) at first, \(last) later")
        #expect(play.life.back.statuses.count == 5_500)
        await play.life.end()
    }
}
