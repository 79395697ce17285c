import Basics
import Drive
import MetadataStore
import Synchronization

// Names. None of these waits for the drive but `moveStored`. Rows that belong together change in one step.
extension WriteBack {
    /// What a rename replaces.
    public enum Target: Sendable {
        case stored(ReplacedObject)
        /// Stored, and open somewhere: it can be read and written until its last close.
        case open(inode: UInt64, PlacedObject)
        case draft(Draft)
    }

    /// A draft that gave way, and what it gave away.
    struct Gone: Sendable {
        var draft: Draft
        var yielded: DraftMachine.Yielded
        /// There was none before.
        var isMade = false
    }

    /// Something is to be called otherwise or to lie elsewhere; what it replaces goes once it is in place. Makes no
    /// call: the bytes just go to the new place. False when a draft came to its end meanwhile.
    public func move(
        _ draft: Draft, to place: DrivePlace, over target: Target? = nil
    ) async throws(WriteError) -> Bool {
        var gone: Gone?
        var before = place
        var replaced: [ReplacedObject] = []
        let isMoved = try await changing { () async throws(StoreError) in
            try await commit {
                guard let way = giveWay(target) else { return nil }
                (gone, replaced) = (way.gone, way.replaced)
                guard let old = draft.change({ $0.move(to: place, replacing: replaced) }) else {
                    takeBack(gone)
                    return nil
                }
                before = old
                return [draft] + gone.drafts
            } undo: {
                draft.state.withLock { $0.moveBack(to: before, sparing: replaced) }
                takeBack(gone)
            }
        }
        guard isMoved else {
            await ended([draft] + target.drafts)
            return false
        }
        for draft in [draft] + target.drafts { wake(draft) }
        return true
    }

    /// What is to be removed in favour of something else. `nil` when the draft that it is comes to its end.
    func giveWay(_ target: Target?, isHeld: Bool = false) -> (gone: Gone?, replaced: [ReplacedObject])? {
        switch target {
        case nil: return (nil, [])
        case .stored(let object): return (nil, [object])
        case .open(let inode, let object):
            let record = DraftRecord(id: newID(), inode: inode, place: object.place, object: object)
            let made = Draft(DraftMachine(record, settings.policy), file: spool.file(record.id), time: time)
            enter(made)
            return giveWay(made, isHeld: isHeld, isMade: true)
        case .draft(let other): return giveWay(other, isHeld: isHeld, isMade: false)
        }
    }

    private func giveWay(_ other: Draft, isHeld: Bool, isMade: Bool) -> (gone: Gone?, replaced: [ReplacedObject])? {
        let change = other.change { state -> (DraftMachine.Yielded, Task<Void, Never>?, ObjectID?) in
            state.isHeld = isHeld
            if state.machine.record.content == nil { state.given = state.machine.record.object?.id }
            defer { state.sending = nil }
            return (state.machine.yield(), state.sending, state.opens > 0 ? state.storedBytes : nil)
        }
        guard let (yielded, sending, read) = change else { return nil }
        sending?.cancel()
        if let read { standsOn(read, other) }
        return (Gone(draft: other, yielded: yielded, isMade: isMade), yielded.replaced)
    }

    func takeBack(_ gone: Gone?) {
        guard let gone else { return }
        gone.draft.state.withLock { state in
            state.isHeld = false
            state.machine.takeBack(gone.yielded)
            state.isOver = state.isOver || gone.isMade
        }
        // Its upload was stopped.
        guard gone.isMade else { return wake(gone.draft) }
        leave(gone.draft)
        observer.withLock { $0 }?.ended(gone.draft.record, nil)
        gone.draft.ending.complete(.success(()))
    }

    /// Returns when no row of these is being dropped any more: it is gone, or stays after all.
    func ended(_ drafts: [Draft]) async {
        for draft in drafts {
            while true {
                let rings = draft.turns.listen()
                guard draft.state.withLock({ $0.isEnding }), draft.ending.result == nil else { break }
                guard await flightResult(rings) else { return }
            }
        }
    }

    func changing(_ body: () async throws(StoreError) -> Bool) async throws(WriteError) -> Bool {
        do throws(StoreError) {
            return try await body()
        } catch {
            throw .journal(error)
        }
    }
}

extension WriteBack.Gone? {
    var drafts: [Draft] { map { [$0.draft] } ?? [] }
}

extension WriteBack.Target? {
    var drafts: [Draft] {
        if case .draft(let draft) = self { return [draft] }
        return []
    }
}

extension Draft.State {
    /// Returns the place that it had.
    mutating func move(to place: DrivePlace, replacing replaced: [ReplacedObject]) -> DrivePlace {
        let before = machine.record.place
        machine.handle(.replaces(replaced))
        machine.handle(.moved(place))
        isInPlace = false
        return before
    }

    mutating func moveBack(to place: DrivePlace, sparing replaced: [ReplacedObject]) {
        machine.spare(replaced)
        machine.handle(.moved(place))
    }
}
