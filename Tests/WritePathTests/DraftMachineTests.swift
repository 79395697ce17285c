import Basics
import Drive
import MetadataStore
import TestSupport
import Testing

@testable import WritePath

private func object(_ name: String) -> ObjectID { ObjectID(drive: DriveID("d"), file: FileID(name)) }
private func place(_ name: String) -> DrivePlace {
    DrivePlace(folder: object("root"), name: FileName(bytes: Array(name.utf8)))
}
/// Stands for the SHA-1 of a revision.
private func hash(_ revision: UInt64) -> ContentHash? {
    ContentHash(bytes: (0..<20).map { UInt8(truncatingIfNeeded: revision &* 31 &+ UInt64($0)) })
}

/// The phases one by one.
@Suite struct DraftMachineTests {
    private func sealed(_ size: Int64 = 10, revision: UInt64 = 1, base: BaseContent? = nil) -> DraftContent {
        DraftContent(
            state: .sealed, revision: revision, size: size, modified: .epoch, base: base, baseEnd: base?.size ?? 0,
            present: [ByteRange(0, size)])
    }

    private func machine(
        _ content: DraftContent?, object: PlacedObject? = nil, policy: UploadPolicy = UploadPolicy(),
        _ change: (inout DraftRecord) -> Void = { _ in }, isRecovered: Bool = false
    ) -> DraftMachine {
        var record = DraftRecord(
            id: DraftID(1), inode: 2, place: place("a"), content: content, object: object)
        change(&record)
        return DraftMachine(record, policy, isRecovered: isRecovered)
    }

    private func next(_ machine: inout DraftMachine, isOpen: Bool = false) -> DraftStep {
        machine.next(isOpen: isOpen, mayBegin: true)
    }

    @Test func aSmallFileInTwoCalls() throws {
        var machine = machine(sealed())
        #expect(next(&machine) == .hash)
        let known = try #require(hash(1))
        machine.handle(.hashed(known, revision: 1))
        #expect(next(&machine) == .create(.hashed))
        #expect(machine.record.upload?.phase == .creating)
        let session = UploadSession(object: object("n"), uploadID: "u")
        machine.handle(.opened(session, partSize: 16 << 20))
        #expect(next(&machine) == .send(session))
        machine.handle(.sent)
        #expect(next(&machine) == .complete(session))
        #expect(machine.record.upload?.phase == .completing)
        machine.handle(.whole(session.object, size: 10, hash: known))
        #expect(next(&machine) == .end)
    }

    @Test func aLargeFileIsAnnouncedByItsBeginningAndHashedWhileNobodyWaits() throws {
        var machine = machine(sealed(100), policy: UploadPolicy(hashedFirstMax: 50))
        #expect(next(&machine) == .create(.preHash))
        var copy = machine
        copy.handle(.preHashMatched)
        #expect(next(&copy) == .hash)
        copy.handle(.hashed(try #require(hash(1)), revision: 1))
        #expect(next(&copy) == .create(.hashed))
        copy.handle(.hashRefused)
        #expect(next(&copy) == .create(.plain))
        let session = UploadSession(object: object("n"), uploadID: "u")
        machine.handle(.opened(session, partSize: 50))
        machine.handle(.sent)
        _ = next(&machine)
        #expect(next(&machine) == .hash)
        machine.handle(.hashed(try #require(hash(1)), revision: 1))
        #expect(next(&machine) == .complete(session))
    }

    @Test func nothingBeginsBeforeItsTime() {
        var machine = machine(sealed())
        #expect(machine.next(isOpen: false, mayBegin: false) == .rest)
        machine.handle(.changed)
        #expect(next(&machine) == .rest)
        #expect(machine.record.content?.revision == 2)
        machine.handle(.changed)
        #expect(machine.record.content?.revision == 2)
    }

    @Test func aRecoveredRowAsksBeforeItRepeats() {
        for phase in UploadRecord.Phase.allCases {
            let session = UploadSession(object: object("n"), uploadID: "u")
            var machine = machine(
                sealed(),
                {
                    $0.upload = UploadRecord(
                        phase: phase, revision: 1, size: 10, hash: hash(1), place: place("a"), isTwin: false,
                        session: phase == .creating ? nil : session, partSize: 16 << 20)
                    if phase == .placing { $0.object = PlacedObject(id: session.object, place: place("a")) }
                }, isRecovered: true)
            let step = next(&machine)
            switch phase {
            case .creating: #expect(step == .find)
            case .sending: #expect(step == .send(session))
            case .completing: #expect(step == .confirm(session.object))
            case .placing: #expect(step == .locate(session.object))
            }
        }
    }

    @Test func theOldOneGoesOnlyWhenTheNewOneIsInPlace() throws {
        var machine = machine(sealed(), object: PlacedObject(id: object("old"), place: place("a")))
        machine.handle(.hashed(try #require(hash(1)), revision: 1))
        #expect(next(&machine) == .create(.hashed))
        #expect(machine.record.upload?.isTwin == true)
        machine.handle(.made(object("n")))
        #expect(next(&machine) == .confirm(object("n")))
        machine.handle(.moved(place("b")))
        machine.handle(.whole(object("n"), size: 10, hash: hash(1)))
        #expect(next(&machine) == .place(object("n"), from: place("a"), to: place("b")))
        machine.handle(.placed(place("b")))
        #expect(next(&machine) == .remove(ReplacedObject(object: object("old"), folder: FileID("root"))))
        machine.handle(.gone(object("old")))
        #expect(next(&machine) == .end)
    }

    @Test func otherBytesThanOursAreNotKept() throws {
        var machine = machine(sealed())
        for round in 1...2 {
            machine.handle(.hashed(try #require(hash(1)), revision: 1))
            #expect(next(&machine) == .create(.hashed))
            machine.handle(.made(object("n\(round)")))
            machine.handle(.whole(object("n\(round)"), size: 9, hash: hash(1)))
            if round == 1 { #expect(next(&machine) == .discard(object("n1"))) }
            machine.handle(.gone(object("n1")))
        }
        #expect(machine.record.failure != nil)
        #expect(next(&machine) == .rest)
        machine.handle(.retry)
        #expect(next(&machine) == .discard(object("n2")))
    }

    @Test func theSameBytesAreNotSentAgain() throws {
        let base = BaseContent(object: object("old"), size: 10, hash: hash(1))
        var machine = machine(sealed(base: base), object: PlacedObject(id: object("old"), place: place("a")))
        machine.handle(.hashed(try #require(hash(1)), revision: 1))
        #expect(next(&machine) == .end)
    }

    @Test func aCopyStandsOnItselfOnceItIsMade() throws {
        let base = BaseContent(object: object("other"), size: 10, hash: hash(1))
        var content = sealed(base: base)
        content.present = []
        var machine = machine(content)
        #expect(next(&machine) == .create(.copy(base.object)))
        machine.handle(.made(object("n")))
        machine.handle(.whole(object("n"), size: 10, hash: hash(1)))
        #expect(machine.record.content?.base == BaseContent(object: object("n"), size: 10, hash: hash(1)))
        #expect(next(&machine) == .end)
        // Somebody removes it: there is still the other one.
        machine.handle(.lost)
        #expect(next(&machine) == .create(.copy(base.object)))
    }

    @Test func whatFailedIsTriedAgainWhenItChangesOrMoves() {
        for event in [DraftEvent.retry, .changed, .moved(place("b"))] {
            var machine = machine(sealed())
            machine.handle(.failed("no"))
            #expect(next(&machine) == .rest)
            machine.handle(event)
            #expect(machine.record.failure == nil)
        }
    }

    @Test func aRemovedFileStaysWhileItIsOpen() {
        var machine = machine(nil, object: PlacedObject(id: object("old"), place: place("a")))
        machine.handle(.removed)
        #expect(next(&machine, isOpen: true) == .rest)
        #expect(next(&machine) == .remove(ReplacedObject(object: object("old"), folder: FileID("root"))))
        machine.handle(.gone(object("old")))
        #expect(next(&machine) == .end)
    }
}

/// A drive of ids only, and everything that may happen, drawn by lot: nothing is ever both forgotten and unfinished.
@Suite struct DraftMachineWalkTests {
    @Test func everyWayEndsRight() {
        for seed in 0..<4_000 {
            var walk = Walk(UInt64(seed))
            if let fault = walk.run() {
                Issue.record("seed \(seed): \(fault)\n\(walk.trace.suffix(30).joined(separator: "\n"))")
                return
            }
        }
    }
}

private struct Walk {
    struct Stored {
        var revision: UInt64
        var isWhole: Bool
        var place: DrivePlace
    }

    var random: SplitMix
    var machine: DraftMachine
    /// What the drive has; placeholders of unanswered creations are not looked at.
    var drive: [ObjectID: Stored] = [:]
    var orphans: Set<ObjectID> = []
    var trace: [String] = []
    private var count = 0
    private var mayRefuse = true
    private let policy = UploadPolicy(hashedFirstMax: 50)

    init(_ seed: UInt64) {
        random = SplitMix(seed)
        var record = DraftRecord(id: DraftID(1), inode: 2, place: place("a"))
        let size: Int64 = seed % 2 == 0 ? 10 : 100
        record.content = DraftContent(
            state: .sealed, revision: 1, size: size, modified: .epoch, present: [ByteRange(0, size)])
        if seed % 3 == 0 {
            record.object = PlacedObject(id: object("old"), place: place("a"))
            drive[object("old")] = Stored(revision: 0, isWhole: true, place: place("a"))
        }
        machine = DraftMachine(record, policy)
    }

    mutating func chance(_ percent: UInt64) -> Bool { random.next() % 100 < percent }

    mutating func run() -> String? {
        for round in 0..<400 {
            // Less and less happens, so that it comes to an end.
            if round < 60, chance(20) { happen(round) }
            if chance(4) {
                trace.append("crash")
                machine = DraftMachine(machine.record, policy, isRecovered: true)
            }
            let step = machine.next(isOpen: round < 40 && chance(20), mayBegin: chance(90))
            trace.append("\(step)  \(machine.record.upload.map { "\($0.phase) \($0.revision)" } ?? "-")")
            if step == .end { return faultAtEnd() }
            if let fault = perform(step) { return fault }
        }
        return "it does not end"
    }

    private mutating func happen(_ round: Int) {
        let event: DraftEvent
        switch random.next() % 6 {
        case 0, 1: event = .changed
        case 2: event = .moved(place(chance(50) ? "a" : "b"))
        case 3:
            let other = object("other\(round)")
            drive[other] = Stored(revision: 0, isWhole: true, place: place("b"))
            event = .replaces([ReplacedObject(object: other, folder: FileID("root"))])
        case 4: event = chance(20) ? .removed : .moved(place("b"))
        default: event = .retry
        }
        trace.append("\(event)")
        machine.handle(event)
        if event == .changed, let content = machine.record.content {
            machine.handle(
                .sealed(size: content.size, modified: .epoch, baseEnd: 0, present: [ByteRange(0, content.size)]))
        }
    }

    private mutating func make(_ isWhole: Bool) -> ObjectID {
        count += 1
        let id = object("n\(count)")
        let upload = machine.record.upload
        drive[id] = Stored(revision: upload?.revision ?? 0, isWhole: isWhole, place: upload?.place ?? place("?"))
        return id
    }

    private mutating func perform(_ step: DraftStep) -> String? {
        switch step {
        case .rest: break
        case .end: break
        case .assemble: machine.handle(.assembled)
        case .hash:
            guard let revision = machine.record.content?.revision, let known = hash(revision) else { return "no hash" }
            machine.handle(.hashed(known, revision: revision))
        case .create(let form): create(form)
        case .find:
            let twin = drive.first { $0.value.isWhole && orphans.contains($0.key) }
            if let twin { orphans.remove(twin.key) }
            machine.handle(twin.map { .made($0.key) } ?? .nothingFound)
        case .send(let session):
            if drive[session.object] == nil { return "sends to a session that is gone" }
            if chance(5) {
                drive[session.object] = nil
                machine.handle(.sessionGone)
            } else if chance(80) {
                machine.handle(.sent)
            }
        case .complete(let session):
            if chance(20) { return nil }
            if mayRefuse, chance(10) {
                // A second time would be its last word.
                mayRefuse = false
                machine.handle(.refused("no"))
                return nil
            }
            drive[session.object]?.isWhole = true
            if chance(80) { confirm(session.object) }
        case .confirm(let id): confirm(id)
        case .place(let id, _, let to):
            drive[id]?.place = to
            if chance(80) { machine.handle(.placed(to)) }
        case .locate(let id): machine.handle(drive[id].map { .placed($0.place) } ?? .lost)
        case .remove(let old): return remove(old.object)
        case .discard(let id):
            drive[id] = nil
            if chance(80) { machine.handle(.gone(id)) }
        }
        return nil
    }

    private mutating func create(_ form: UploadForm) {
        switch random.next() % 10 {
        case 0: machine.handle(.nothingFound)
        case 1: machine.handle(form == .preHash ? .preHashMatched : .hashRefused)
        case 2: machine.handle(.taken(nil))
        case 3 where form == .hashed: orphans.insert(make(true))
        case 4...6 where form == .hashed: machine.handle(.made(make(true)))
        default: machine.handle(.opened(UploadSession(object: make(false), uploadID: "u\(count)"), partSize: 50))
        }
    }

    private mutating func confirm(_ id: ObjectID) {
        guard let found = drive[id] else { return machine.handle(.sessionGone) }
        guard found.isWhole else { return machine.handle(.unfinished) }
        machine.handle(.whole(id, size: machine.record.upload?.size ?? 0, hash: hash(found.revision)))
    }

    private mutating func remove(_ id: ObjectID) -> String? {
        let record = machine.record
        if !record.isRemoved {
            guard let object = record.object, object.place == record.place, drive[object.id]?.isWhole == true else {
                return "removes \(id.file.rawValue) before the new one is in place"
            }
            if object.id == id { return "removes its own object" }
        }
        drive[id] = nil
        if chance(80) { machine.handle(.gone(id)) }
        return nil
    }

    private func faultAtEnd() -> String? {
        let record = machine.record
        var left = drive.filter { !orphans.contains($0.key) }
        if !record.isRemoved {
            guard let object = record.object, let found = left.removeValue(forKey: object.id) else {
                return "ends without an object"
            }
            if found.place != record.place { return "ends at another place" }
            if found.revision != record.content?.revision { return "ends with revision \(found.revision)" }
        }
        return left.isEmpty ? nil : "ends and leaves \(left.keys.map(\.file.rawValue))"
    }
}
