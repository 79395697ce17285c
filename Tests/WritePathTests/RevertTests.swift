import Basics
import Drive
import MetadataStore
import Testing

@testable import WritePath

/// Unsent bytes that are given up, in every phase of their upload.
@Suite struct RevertTests {
    private static func object(_ name: String) -> ObjectID { ObjectID(drive: DriveID("d"), file: FileID(name)) }
    private static func place(_ name: String) -> DrivePlace {
        DrivePlace(folder: object("root"), name: FileName(bytes: Array(name.utf8)))
    }
    private static let stored = PlacedObject(id: object("o"), place: place("a"))
    private static let session = UploadSession(object: object("n"), uploadID: "u")

    private func machine(
        object: PlacedObject? = stored, at name: String = "a", phase: UploadRecord.Phase? = nil,
        isRecovered: Bool = false
    ) -> DraftMachine {
        let content = DraftContent(
            state: .sealed, revision: 3, size: 10, modified: .epoch, base: nil, baseEnd: 0, present: [ByteRange(0, 10)])
        let upload = phase.map { phase in
            UploadRecord(
                phase: phase, revision: 3, size: 10, hash: nil, place: Self.place("a"), isTwin: true,
                session: phase == .creating ? nil : Self.session,
                result: phase == .placing ? Self.session.object : nil)
        }
        let record = DraftRecord(
            id: DraftID(1), inode: 2, place: Self.place(name), content: content, upload: upload, object: object,
            failure: "refused")
        return DraftMachine(record, UploadPolicy(), isRecovered: isRecovered)
    }

    // Macros take no calls that change something.
    private func revert(_ machine: inout DraftMachine) -> Bool { machine.revert() }
    private func next(_ machine: inout DraftMachine) -> DraftStep { machine.next(isOpen: false, mayBegin: true) }

    @Test func whatHasNotBegunIsOverAtOnce() {
        var machine = machine()
        #expect(revert(&machine))
        #expect(machine.record.content == nil && machine.record.failure == nil)
        #expect(machine.record.object == Self.stored)
        #expect(next(&machine) == .end)
    }

    @Test(arguments: [UploadRecord.Phase.sending, .completing])
    func anUploadUnderWayIsTakenAway(phase: UploadRecord.Phase) {
        var machine = machine(phase: phase)
        #expect(revert(&machine))
        #expect(next(&machine) == .discard(Self.session.object))
        machine.handle(.gone(Self.session.object))
        #expect(next(&machine) == .end)
        #expect(machine.record.object == Self.stored)
    }

    @Test func aRenameThatWaitedIsMadeAllTheSame() {
        var machine = machine(at: "b")
        #expect(revert(&machine))
        #expect(
            next(&machine)
                == .place(Self.stored.id, from: Self.place("a"), to: Self.place("b")))
        machine.handle(.placed(Self.place("b")))
        #expect(next(&machine) == .end)
    }

    @Test func whatCannotBeGivenUp() {
        // The drive has no version, or has the new one already, or may be making it.
        for var machine in [
            machine(object: nil), machine(phase: .placing), machine(phase: .creating, isRecovered: true),
        ] {
            let before = machine.record
            #expect(!revert(&machine))
            #expect(machine.record == before)
        }
    }

    @Test func writingGoesOnAfterwards() {
        var machine = machine(phase: .sending)
        #expect(revert(&machine))
        machine.handle(
            .began(DraftContent(state: .open, revision: 1, size: 0, modified: .epoch, base: nil, baseEnd: 0)))
        machine.handle(.sealed(size: 4, modified: .epoch, baseEnd: 0, present: [ByteRange(0, 4)]))
        #expect(next(&machine) == .discard(Self.session.object))
        machine.handle(.gone(Self.session.object))
        #expect(next(&machine) == .hash)
    }
}
