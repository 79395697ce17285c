import Basics
import Drive
import MetadataStore
import Synchronization

// Names and removals. None of these waits for the drive but `moveStored`.
extension WriteBack {
    /// Something is to be called otherwise or to lie elsewhere; what it replaces goes once it is in place. Makes no call:
    /// the bytes just go to the new place.
    public func move(
        _ draft: Draft, to place: DrivePlace, over target: Target? = nil, with extra: JournalChange = JournalChange()
    ) async throws(WriteError) {
        var changed = [draft]
        var replaced: [ReplacedObject] = []
        switch target {
        case .stored(let object): replaced = [object]
        case .draft(let other):
            replaced = other.state.withLock { $0.machine.yield() }
            changed.append(other)
        case nil: break
        }
        draft.state.withLock { state in
            state.machine.handle(.replaces(replaced))
            state.machine.handle(.moved(place))
        }
        try await saving { () async throws(StoreError) in try await save(changed, with: extra, durable: true) }
        for draft in changed { wake(draft) }
    }

    /// What a rename replaces.
    public enum Target: Sendable {
        case stored(ReplacedObject)
        case draft(Draft)
    }

    /// Moves stored objects now, in the caller's name, together with drafts (`others`) that go to new places of their
    /// own. A move that certainly did not happen is undone and thrown; one whose outcome is not known goes on behind.
    public func moveStored(
        _ moves: [(inode: UInt64, object: PlacedObject, file: DriveFile, to: DrivePlace)],
        with others: [(Draft, DrivePlace)] = [], over target: Target?, until deadline: Moment
    ) async throws(WriteError) {
        var replaced: [ReplacedObject] = []
        var changed = others.map(\.0)
        switch target {
        case .stored(let object): replaced = [object]
        case .draft(let other):
            replaced = other.state.withLock { $0.machine.yield() }
            changed.append(other)
        case nil: break
        }
        for (draft, place) in others { draft.state.withLock { $0.machine.handle(.moved(place)) } }
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
    /// last close.
    public func discard(_ draft: Draft) async throws(WriteError) {
        let sending = draft.state.withLock { state -> Task<Void, Never>? in
            state.machine.handle(.removed)
            defer { state.sending = nil }
            return state.sending
        }
        sending?.cancel()
        try await saving { () async throws(StoreError) in try await save([draft], durable: true) }
        wake(draft)
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
