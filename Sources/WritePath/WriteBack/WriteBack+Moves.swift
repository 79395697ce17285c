import Basics
import Drive
import MetadataStore
import Synchronization

// Moves of stored objects.
extension WriteBack {
    /// Several rows that change their places together, and how to take it back.
    private struct Shift: Sendable {
        /// Of stored objects; made for the move.
        var movers: [Draft] = []
        var others: [(draft: Draft, before: DrivePlace, to: DrivePlace)] = []
        var gone: Gone?
        var replaced: [ReplacedObject] = []
        var targets: [DrivePlace] = []
        /// Whose rows change together with those of the movers.
        var along: [Draft] { others.map(\.draft) + gone.drafts }
    }

    /// Moves stored objects now, in the caller's name, together with drafts (`others`) that go to new places of their
    /// own. If nothing was moved, and certainly not, all is taken back and the reason thrown; otherwise it goes on
    /// behind until all of it is done. False when one of the drafts came to its end meanwhile: nothing changed then.
    public func moveStored(
        _ moves: [(inode: UInt64, object: PlacedObject, file: DriveFile, to: DrivePlace)],
        with others: [(Draft, DrivePlace)] = [], over target: Target?, until deadline: Moment
    ) async throws(WriteError) -> Bool {
        var shift = Shift()
        let isBegun = try await changing { () async throws(StoreError) in
            try await commit {
                guard let way = giveWay(target, isHeld: true) else { return nil }
                (shift.gone, shift.replaced) = (way.gone, way.replaced)
                for (draft, place) in others {
                    guard let before = draft.change({ $0.move(to: place, replacing: []) }) else {
                        takeBack(shift)
                        return nil
                    }
                    shift.others.append((draft, before, place))
                }
                shift.movers = moves.map { stored($0.inode, $0.object, $0.file) }
                shift.targets = moves.map(\.to)
                for (index, mover) in shift.movers.enumerated() {
                    let replaced = index == 0 ? shift.replaced : []
                    mover.state.withLock { _ = $0.move(to: moves[index].to, replacing: replaced) }
                }
                return shift.movers + shift.along
            } undo: {
                takeBack(shift)
                for mover in shift.movers { leave(mover) }
            }
        }
        guard isBegun else {
            await ended(others.map(\.0) + target.drafts)
            return false
        }
        try await carryOut(shift, until: deadline)
        return true
    }

    private func takeBack(_ shift: Shift) {
        for (draft, before, _) in shift.others { draft.state.withLock { $0.moveBack(to: before, sparing: []) } }
        takeBack(shift.gone)
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

    private func carryOut(_ shift: Shift, until deadline: Moment) async throws(WriteError) {
        let flight = Flight<WriteError?, Never>(time: time)
        tasks.spawn { [self] in flight.complete(.success(await carryOut(shift))) }
        let failure: WriteError?
        do throws(FlightError<Never>) {
            failure = try await flight.value(until: deadline)
        } catch {
            if case .cancelled = error { throw .cancelled }
            throw .timedOut
        }
        if let failure { throw failure }
    }

    /// One after another; returns why nothing was done, or why it is not known.
    private func carryOut(_ shift: Shift) async -> WriteError? {
        var failure: WriteError?
        for (index, mover) in shift.movers.enumerated() {
            let end = await run(mover)
            if index == 0 {
                failure = cause(of: end, of: mover)
                if failure != nil, await undo(shift, end) { return failure }
                // What is left to be removed goes on behind.
                if mover.record.object?.place == mover.record.place { failure = nil }
            }
            finish(mover, end)
        }
        shift.gone?.draft.state.withLock { $0.isHeld = false }
        for draft in shift.along { wake(draft) }
        return failure
    }

    private func cause(of end: RunEnd, of mover: Draft) -> WriteError? {
        switch end {
        case .trouble(let trouble): trouble.cause.map { .drive($0) } ?? .refused(trouble.words)
        case .over where mover.record.object == nil:
            .drive(.notFound(Refusal(status: 404, code: "", message: "the object is gone")))
        case .stopped: .cancelled
        default: nil
        }
    }

    /// Takes back a move that was not made: the objects are where they were, or gone, and the rows have nothing else
    /// to do.
    private func undo(_ shift: Shift, _ end: RunEnd) async -> Bool {
        if case .stopped = end { return false }
        if case .trouble(let trouble) = end, case .change(.uncertain) = trouble.cause { return false }
        let movers = shift.movers.filter { !$0.state.withLock(\.isOver) }
        let isUnmoved = zip(shift.movers, shift.targets).allSatisfy { mover, target in
            mover.state.withLock { $0.isOver || $0.isUnmoved(from: target) }
        }
        guard isUnmoved else { return false }
        let made = shift.gone.flatMap { $0.isMade ? $0.draft.id : nil }
        do throws(StoreError) {
            _ = try await commit(finishing: movers.map(\.id) + [made].compactMap { $0 }) {
                takeBack(shift)
                return shift.along
            } undo: {
                // As it was: what is in the journal goes on behind.
                _ = giveWay(shift.gone.map { .draft($0.draft) }, isHeld: false)
                for (draft, _, place) in shift.others {
                    draft.state.withLock { _ = $0.move(to: place, replacing: []) }
                }
            }
        } catch {
            log.error("a rename cannot be taken back: \(error)")
            return false
        }
        for mover in movers {
            mover.state.withLock { $0.isOver = true }
            leave(mover)
            var back = mover.record
            if let upload = back.upload { back.place = upload.place }
            observer.withLock { $0 }?.ended(back, nil)
            mover.ending.complete(.success(()))
        }
        for mover in shift.movers { finish(mover, .over) }
        for draft in shift.along { wake(draft) }
        return true
    }
}

extension Draft.State {
    /// A row made for a move to `target`, which was not made and which nothing else has come to.
    fileprivate func isUnmoved(from target: DrivePlace) -> Bool {
        let record = machine.record
        guard record.content == nil, !record.isRemoved, let upload = record.upload else { return false }
        return record.object?.place == upload.place && record.place == target && target != upload.place
    }
}
