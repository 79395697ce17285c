import Basics
import Drive
import MetadataStore
import Synchronization

// Copies that the drive has not made yet stand on another file's object: it must not go before they have been made.
extension WriteBack {
    /// `draft` has bytes in another file's object from now on.
    func standsOn(_ object: ObjectID, _ draft: Draft) {
        state.withLock { $0.copies.set(draft.id, to: object) }
    }

    /// A copy that has been made stands on itself, and on its original again if it is lost.
    func rebased(_ draft: Draft, since before: DraftRecord) {
        state.withLock { state in
            let record = draft.record
            guard let base = record.content?.base?.object, base != before.content?.base?.object else { return }
            state.copies.set(draft.id, to: base == record.object?.id ? nil : base)
        }
    }

    /// Copies of `object` that are not made yet.
    func unmadeCopies(of object: ObjectID) -> [Draft] {
        let drafts = state.withLock { state in state.copies[object].compactMap { state.byID[$0] } }
        return drafts.filter { $0.needs(object) && !$0.isMade }
    }

    /// Changes that have one of `objects` in them: their bytes are there only, it is under way to another place, or it
    /// is to be removed.
    public func users(of objects: Set<ObjectID>) -> [(draft: Draft, object: ObjectID)] {
        allDrafts.flatMap { draft in objects.intersection(draft.record.objects).map { (draft, $0) } }
    }

    /// An object that `draft` is to remove lies in `folder` from now on.
    public func note(_ object: ObjectID, in folder: FileID, of draft: Draft) async throws(WriteError) {
        let isNoted: Void? = draft.change { state in
            guard var old = state.machine.record.replaced.first(where: { $0.object == object }) else { return }
            state.machine.spare([old])
            old.folder = folder
            state.machine.handle(.replaces([old]))
        }
        if isNoted != nil { try await saving { () async throws(StoreError) in try await save([draft]) } }
    }

    /// Returns when nothing needs `object` any more, so that it may be removed.
    public func release(_ object: ObjectID, until deadline: Moment) async throws(WriteError) {
        for draft in unmadeCopies(of: object) {
            try await waitUntilStored(draft, until: deadline)
            // Removed, and somebody still reads from it.
            guard draft.needs(object) else { continue }
            do throws(FlightError<Never>) {
                try await draft.ending.value(until: deadline)
            } catch {
                if case .cancelled = error { throw .cancelled }
                throw .timedOut
            }
        }
    }
}
