import Basics
import Drive
import MetadataStore
import Synchronization

// Copies that the drive has not made yet stand on another file's object: it must not go before they have been made.
extension WriteBack {
    /// `draft` has bytes in another file's object from now on.
    func standsOn(_ object: ObjectID, _ draft: Draft) {
        state.withLock { $0.stand(draft.id, on: object) }
    }

    /// A copy that has been made stands on itself, and on its original again if it is lost.
    func rebased(_ draft: Draft, since before: DraftRecord) {
        state.withLock { state in
            let record = draft.record
            guard let base = record.content?.base?.object, base != before.content?.base?.object else { return }
            state.stand(draft.id, on: base == record.object?.id ? nil : base)
        }
    }

    /// Copies of `object` that are not made yet.
    func unmadeCopies(of object: ObjectID) -> [Draft] {
        let drafts = state.withLock { state in (state.copies[object] ?? []).compactMap { state.byID[$0] } }
        return drafts.filter { $0.needs(object) && !$0.isMade }
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
