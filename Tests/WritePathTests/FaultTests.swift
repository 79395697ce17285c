import Basics
import Drive
import MetadataStore
import Synchronization
import TestSupport
import Testing

@testable import WritePath

private let refusal = Refusal(status: 400, code: "SaidSo", message: "the fake's words")

/// A life on a fresh world, with what was acknowledged.
struct Play: Sendable {
    let world = World()
    let life: Life
    let stage: Stage
    var fake: FakeDrive { world.fake }

    init(_ files: Files = [:], _ settings: WriteSettings = Life.settings) async throws {
        for (name, content) in files.sorted(by: { $0.key < $1.key }) {
            world.fake.addFile(FileName(bytes: Array(name.utf8)), content)
        }
        life = try Life(world, settings)
        stage = Stage(life, files)
        try await life.begin()
    }

    /// Everything comes to its end, and the drive has what was acknowledged and nothing else.
    func settle(_ words: String, callsMax: Int = 80) async {
        let isDrained = await life.drain()
        #expect(isDrained, "\(words): \(life.back.statuses)")
        check(words)
        let calls = fake.totalCalls
        #expect(calls <= callsMax, "\(words): \(calls) calls")
        await life.end()
        let rows = await world.rows
        #expect(rows.isEmpty, "\(words)")
    }

    func check(_ words: String) {
        let wanted = stage.outcomes.map { $0.mapValues { [FakeDrive.Entry.file($0)] } }
        let tree = fake.tree().filter { $0.value != [.folder] }
        #expect(wanted.contains(tree), "\(words): \(tree.mapValues { $0.map(\.size) }), wanted \(wanted)")
        #expect(fake.unfinishedUploads.isEmpty, "\(words)")
    }

    /// Reads from a draft; the drive is asked for what only it has.
    func bytes(of draft: Draft, at offset: Int, count: Int) async throws -> [UInt8] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer { memory.deallocate() }
        let read = try await life.back.read(draft, at: Int64(offset), into: memory, until: stage.deadline)
        return Array(memory.prefix(read))
    }

    /// Waits until `isTrue`, while time passes.
    func wait(_ words: String, until isTrue: @escaping @Sendable (Play) -> Bool) async {
        let play = self
        let isMet = await life.pass { isTrue(play) }
        #expect(isMet, "\(words): \(life.back.statuses)")
    }
}

/// Each call of the write path meets each failure: a retry ends in the right state, with no object too many.
@Suite(.serialized) struct FaultTests {
    private static let passing: [DriveError] = [
        .unreachable("no route"), .serverFailure(refusal), .deadlinePassed, .malformedAnswer("[]"),
    ]
    private static let lost = DriveError.change(.uncertain("the answer was lost"))
    static let scenarios = Scenario.all.filter { scenario in
        [
            "a new small file", "a new file of many parts", "an empty file", "bytes in the middle of a stored file",
            "a new file renamed while a part is sent", "a pending file renamed over a stored one",
            "a new file removed after the creation", "a file the drive knows",
        ].contains(scenario.name)
    }
    private static let functions: [FakeFunction] = [
        .createFile, .sendPart, .completeUpload, .rename, .remove, .file, .list, .uploadedParts, .downloadLinks,
    ]

    @Test(arguments: scenarios)
    func passingFailures(in scenario: Scenario) async throws {
        for function in Self.functions {
            for (number, error) in (Self.passing + [Self.lost]).enumerated() {
                let play = try await Play(scenario.before)
                let isLost = error == Self.lost
                let changes: [FakeFunction] = [.createFile, .completeUpload, .rename, .remove]
                if isLost, !changes.contains(function) { continue }
                play.fake.script(function, times: 2, isLost ? .lose() : .fail(error))
                try await scenario.body(play.stage)
                let words = "“\(scenario.name)”, \(function) fails by \(number)"
                // A placeholder whose creation was not answered is dropped by the drive itself.
                let isDrained = await play.life.drain()
                #expect(isDrained, "\(words)")
                if isLost, function == .createFile {
                    for upload in play.fake.unfinishedUploads { play.fake.dropUpload(upload) }
                }
                await play.settle(words)
            }
        }
    }

    @Test(arguments: [
        PartFailure.expired, .notSequential(expected: nil), .notSequential(expected: 2), .denied("Signature"),
        .throttled(status: 503), .cut("reset"), .sessionGone,
    ])
    func parts(_ failure: PartFailure) async throws {
        for times in [1, 3, 6] {
            let play = try await Play()
            play.stage.at("before sendPart 2") { stage in
                stage.fake.script(.sendPart, times: times, .fail(.change(.part(failure))))
            }
            try await play.stage.create("a", Scenario.large)
            await play.settle("\(failure), \(times) times")
        }
    }

    @Test func addressesExpire() async throws {
        let play = try await Play()
        play.stage.at("before sendPart 2") { $0.fake.expireUploadLinks() }
        try await play.stage.create("a", Scenario.large)
        await play.settle("expired")
        #expect(play.fake.calls(of: .uploadLinks) == 1)
    }

    @Test func theSessionIsGone() async throws {
        for point in ["before sendPart 2", "before completeUpload"] {
            let play = try await Play()
            play.stage.at(point) { stage in
                for upload in stage.fake.unfinishedUploads { stage.fake.dropUpload(upload) }
            }
            try await play.stage.create("a", Scenario.large)
            await play.settle(point)
            #expect(play.fake.calls(of: .createFile) == 2)
        }
    }

    @Test func aProofThatIsRefusedTwiceIsLeftOut() async throws {
        let play = try await Play()
        play.fake.script(.createFile, times: 2, .fail(.change(.invalidProof(refusal))))
        try await play.stage.create("a", Scenario.small)
        await play.settle("no proof")
        #expect(play.fake.log.compactMap(\.declaration) == [.hashed, .hashed, .plain])
    }

    @Test func otherBytesArriveOnceAndTwice() async throws {
        let once = try await Play()
        once.fake.script(.completeUpload, .fail(.change(.contentMismatch(refusal))))
        try await once.stage.create("a", Scenario.small)
        await once.settle("once")
        let twice = try await Play()
        twice.fake.script(.completeUpload, times: 2, .fail(.change(.contentMismatch(refusal))))
        try await twice.stage.create("a", Scenario.small)
        await twice.wait("fails") { $0.life.back.statuses.first?.stage == .failed }
        let id = try #require(twice.life.back.drafts.first?.id)
        #expect(try await twice.life.back.retry(id))
        await twice.settle("twice")
    }

    @Test func refusedForGoodUntilSomebodyAsks() async throws {
        for function in [FakeFunction.createFile, .completeUpload] {
            for error in [DriveError.rejected(refusal), .accessDenied(refusal), .tooLarge(refusal)] {
                let play = try await Play()
                // A completion that is rejected is tried once more from the start.
                let times = function == .completeUpload && error == .rejected(refusal) ? 2 : 1
                play.fake.script(function, times: times, .fail(error))
                try await play.stage.create("a", Scenario.small)
                await play.wait("fails") { $0.life.back.statuses.first?.stage == .failed }
                let calls = play.fake.totalCalls
                let status = try #require(play.life.back.statuses.first)
                #expect(status.trouble?.contains("the fake's words") == true, "\(status)")
                play.world.time.advance(by: .seconds(100_000))
                #expect(play.fake.totalCalls == calls)
                #expect(try await play.life.back.retry(status.id))
                await play.settle("\(function) \(error)")
            }
        }
    }

    @Test func theDriveIsFullAndBack() async throws {
        let play = try await Play()
        play.fake.set { $0.quota = 10 }
        try await play.stage.create("a", Scenario.small)
        let start = play.world.time.now()
        await play.wait("an hour") { $0.world.time.now() - start > .seconds(3_600) }
        #expect(play.fake.calls(of: .createFile) <= 14)
        #expect(play.life.back.statuses.first?.trouble?.contains("full") == true)
        play.fake.set { $0.quota = nil }
        await play.settle("room again")
    }

    @Test func aLoginIsNeededAndDone() async throws {
        let play = try await Play()
        play.fake.script(.createFile, times: 3, .fail(.loginRequired("log in")))
        try await play.stage.create("a", Scenario.small)
        await play.settle("logged in")
        #expect(play.fake.calls(of: .createFile) == 4)
    }

    /// A day without a drive: tries that get rarer, no storm.
    @Test func anHourWithoutADrive() async throws {
        let play = try await Play()
        play.fake.respond { _ in .fail(.unreachable("no route")) }
        try await play.stage.create("a", Scenario.small)
        let start = play.world.time.now()
        await play.wait("an hour") { $0.world.time.now() - start > .seconds(3_600) }
        #expect(play.fake.totalCalls <= 45)
        play.fake.respond(nil)
        await play.settle("back", callsMax: 60)
    }

    @Test func somebodyElseTakesTheName() async throws {
        let play = try await Play()
        play.stage.at("before createFile") { $0.fake.addFile("a", Scenario.other) }
        try await play.stage.create("a", Scenario.small)
        await play.settle("a file of theirs")
        #expect(play.fake.log.filter { $0.function == .remove }.map(\.removal) == [.trash])

        let same = try await Play([:], WriteSettings(removal: .delete, delay: .zero, diskReserve: 0))
        same.stage.at("before createFile") { $0.fake.addFile("a", Scenario.small) }
        try await same.stage.create("a", Scenario.small)
        await same.settle("the same file of theirs")
        #expect(same.fake.calls(of: .remove) == 0)

        let folder = try await Play()
        folder.stage.at("before createFile") { $0.fake.addFolder("a") }
        try await folder.stage.create("a", Scenario.small)
        #expect(await folder.life.drain())
        #expect(folder.fake.tree()["a"] == [.folder, .file(Scenario.small)])
        await folder.life.end()
    }

    /// Somebody else replaced the file while ours was written: theirs goes to the recycle bin, whatever the setting.
    @Test func somebodyElseReplacesTheFileToo() async throws {
        for removal in [Removal.trash, .delete] {
            let play = try await Play(
                ["a": Scenario.large], WriteSettings(removal: removal, delay: .zero, diskReserve: 0))
            let old = try #require(play.fake.ids(named: "a").first)
            let theirs = Mutex<FileID?>(nil)
            play.stage.at("before remove") { stage in
                stage.fake.remove(old)
                let id = stage.fake.addFile("a", Scenario.other)
                theirs.withLock { $0 = id }
            }
            try await play.stage.open("a")
            try await play.stage.write("a", [1, 2], at: 5)
            try await play.stage.close("a")
            await play.settle("\(removal)")
            let id = try #require(theirs.withLock { $0 })
            #expect(play.fake.current(id)?.isTrashed == true)
        }
    }

    @Test func theDriveGivesAnotherName() async throws {
        for content in [Scenario.small, Scenario.large] {
            let play = try await Play()
            play.stage.at("before completeUpload") { stage in
                for upload in stage.fake.unfinishedUploads { stage.fake.rename(upload.object.file, to: "a(1)") }
            }
            try await play.stage.create("a", content)
            await play.settle("another name")
        }
    }

    @Test func theFolderIsGone() async throws {
        let play = try await Play()
        let folder = play.fake.addFolder("d")
        let draft = try await play.life.back.makeFile(
            at: DrivePlace(folder: play.fake.object(folder), name: "a"))
        play.fake.remove(folder)
        try await play.life.back.seal(draft)
        play.life.back.wake(draft)
        await play.wait("fails") { $0.life.back.statuses.first?.stage == .failed }
        #expect(draft.status.trouble?.contains("folder is gone") == true)
        // Moved elsewhere it goes on.
        #expect(try await play.life.back.move(draft, to: play.stage.place("b")))
        #expect(await play.life.drain())
        #expect(play.fake.tree() == ["b": [.file(.bytes([]))]])
        await play.life.end()
    }

    @Test func theBaseIsGone() async throws {
        let play = try await Play(["a": Scenario.large])
        try await play.stage.open("a")
        try await play.stage.write("a", [1, 2], at: 5)
        play.fake.remove(try #require(play.fake.ids(named: "a").first))
        try await play.stage.close("a")
        await play.wait("fails") { $0.life.back.statuses.first?.stage == .failed }
        #expect(play.life.back.statuses.first?.trouble?.contains("gone") == true)
        #expect(play.world.spooled.contains("1.data"))
        await play.life.end()
    }
}
