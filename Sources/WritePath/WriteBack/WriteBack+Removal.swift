import Basics
import Drive
import MetadataStore
import Synchronization

// Removals.
extension WriteBack {
    /// The file behind `draft` is removed: nothing of it is uploaded any more. What the drive has of it goes after the
    /// last close. False when the draft came to its end meanwhile: the file is what the drive has.
    public func discard(_ draft: Draft) async throws(WriteError) -> Bool {
        let sending = draft.change { state -> Task<Void, Never>? in
            state.machine.handle(.removed)
            defer { state.sending = nil }
            return state.sending
        }
        guard let sending else {
            await ended([draft])
            return false
        }
        sending?.cancel()
        try await saving { () async throws(StoreError) in try await save([draft], durable: true) }
        wake(draft)
        return true
    }

    /// A stored file is removed while somebody has it open: it goes after the last close.
    public func discardLater(_ inode: UInt64, _ object: PlacedObject) async throws(WriteError) {
        let record = DraftRecord(id: newID(), inode: inode, place: object.place, object: object)
        var machine = DraftMachine(record, settings.policy)
        machine.handle(.removed)
        let draft = Draft(machine, file: spool.file(record.id), time: time)
        enter(draft)
        do {
            try await saving { () async throws(StoreError) in try await save([draft], durable: true) }
        } catch {
            leave(draft)
            throw error
        }
        wake(draft)
    }

    func saving(_ body: () async throws(StoreError) -> Void) async throws(WriteError) {
        do throws(StoreError) {
            try await body()
        } catch {
            throw .journal(error)
        }
    }
}
