import Basics
import Drive
import MetadataStore
import Synchronization

// Names and removals. None of these waits for the drive but `moveStored`.
extension WriteBack {
    /// Something is to be called otherwise or to lie elsewhere; what it replaces goes once it is in place. Makes no
    /// call: the bytes just go to the new place. False when the draft came to its end meanwhile.
    public func move(_ draft: Draft, to place: DrivePlace, over target: Target? = nil) async throws(WriteError) -> Bool {
        guard let (replaced, other) = await giveWay(target) else { return false }
        let isMoved: Void? = draft.change { state in
            state.machine.handle(.replaces(replaced))
            state.machine.handle(.moved(place))
        }
        guard isMoved != nil else {
            // What gave way is removed all the same: the caller goes on with the same rename.
            await restore(replaced, other)
            await ended(draft)
            return false
        }
        let changed = [draft] + (other.map { [$0] } ?? [])
        try await saving { () async throws(StoreError) in try await save(changed, durable: true) }
        for draft in changed { wake(draft) }
        return true
    }

    /// What is to be removed in favour of something else, and the draft that gives up its own plans for it. `nil` when
    /// that draft came to its end meanwhile.
    private func giveWay(_ target: Target?) async -> (replaced: [ReplacedObject], other: Draft?)? {
        switch target {
        case nil: return ([], nil)
        case .stored(let object): return ([object], nil)
        case .draft(let other):
            if let replaced = other.change({ $0.machine.yield() }) { return (replaced, other) }
            await ended(other)
            return nil
        }
    }

    /// Takes `giveWay` back as far as it matters: the objects are the other draft's to remove again.
    private func restore(_ replaced: [ReplacedObject], _ other: Draft?) async {
        guard let other else { return }
        other.change { $0.machine.handle(.replaces(replaced)) }
        wake(other)
    }

    /// Returns when the row that is being dropped is gone, or stays after all.
    private func ended(_ draft: Draft) async {
        while draft.state.withLock({ $0.isEnding }), draft.ending.result == nil {
            let rings = bell.listen()
            if draft.ending.result != nil { return }
            guard await flightResult(rings) else { return }
        }
    }

    /// What a rename replaces.
    public enum Target: Sendable {
        case stored(ReplacedObject)
        case draft(Draft)
    }

    /// Moves stored objects now, in the caller's name, together with drafts (`others`) that go to new places of their
    /// own. A move that certainly did not happen is undone and thrown; one whose outcome is not known goes on behind.
    /// False when one of the drafts came to its end meanwhile: nothing was moved then.
    public func moveStored(
        _ moves: [(inode: UInt64, object: PlacedObject, file: DriveFile, to: DrivePlace)],
        with others: [(Draft, DrivePlace)] = [], over target: Target?, until deadline: Moment
    ) async throws(WriteError) -> Bool {
        guard let (first, other) = await giveWay(target) else { return false }
        var replaced = first
        var changed = other.map { [$0] } ?? []
        for (draft, place) in others {
            guard draft.change({ $0.machine.handle(.moved(place)) }) != nil else {
                await ended(draft)
                return false
            }
            changed.append(draft)
        }
        var movers: [Draft] = []
        for move in moves {
            let draft = stored(move.inode, move.object, move.file)
            draft.state.withLock { state in
                state.machine.handle(.replaces(replaced))
                state.machine.handle(.moved(move.to))
            }
            replaced = []
            movers.append(draft)
        }
        let rows = movers + changed
        do {
            try await saving { () async throws(StoreError) in try await save(rows, durable: true) }
        } catch {
            for draft in movers { leave(draft) }
            throw error
        }
        for draft in changed { wake(draft) }
        for draft in movers { try await carryOut(draft, until: deadline) }
        return true
    }

    /// A row for an object whose bytes stay as they are, so that it can be moved. It is not in line for a turn.
    private func stored(_ inode: UInt64, _ object: PlacedObject, _ file: DriveFile) -> Draft {
        let upload = UploadRecord(
            phase: .placing, revision: 0, size: 0, hash: nil, place: object.place, isTwin: true, result: object.id)
        let record = DraftRecord(id: newID(), inode: inode, place: object.place, upload: upload, object: object)
        let draft = Draft(DraftMachine(record, settings.policy), file: spool.file(record.id), time: time)
        draft.state.withLock { $0.knownFile = file }
        state.withLock { $0.queue.begin(draft.id) }
        enter(draft)
        return draft
    }

    private func carryOut(_ draft: Draft, until deadline: Moment) async throws(WriteError) {
        let flight = Flight<RunEnd, Never>(time: time)
        tasks.spawn { [self] in
            let end = await run(draft)
            if case .trouble(let trouble) = end, await undo(draft, trouble) {
                finish(draft, .over)
            } else {
                finish(draft, end)
            }
            flight.complete(.success(end))
        }
        let end: RunEnd
        do throws(FlightError<Never>) {
            end = try await flight.value(until: deadline)
        } catch {
            throw .timedOut
        }
        switch end {
        case .over, .resting: return
        case .stopped: throw .cancelled
        case .trouble(let trouble): throw trouble.cause.map { .drive($0) } ?? .refused(trouble.words)
        }
    }

    /// Takes back a move that was not made: the object is where it was, and the row has nothing else to do.
    private func undo(_ draft: Draft, _ trouble: Trouble) async -> Bool {
        let record = draft.record
        if case .change(.uncertain) = trouble.cause { return false }
        guard record.content == nil, !record.isRemoved, let upload = record.upload,
            record.object?.place == upload.place, record.place != upload.place
        else { return false }
        do {
            try await turnstile.pass { () async throws(StoreError) in
                try await journal.commit(JournalChange(finished: [draft.id]), durable: false)
            }
        } catch {
            log.error("a rename cannot be taken back: \(error)")
            return false
        }
        leave(draft)
        var back = record
        back.place = upload.place
        observer.withLock { $0 }?.ended(back, nil)
        draft.ending.complete(.success(()))
        return true
    }

    /// The file behind `draft` is removed: nothing of it is uploaded any more. What the drive has of it goes after the
    /// last close. False when the draft came to its end meanwhile: the file is what the drive has.
    public func discard(_ draft: Draft) async throws(WriteError) -> Bool {
        let sending = draft.change { state -> Task<Void, Never>? in
            state.machine.handle(.removed)
            defer { state.sending = nil }
            return state.sending
        }
        guard let sending else {
            await ended(draft)
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
