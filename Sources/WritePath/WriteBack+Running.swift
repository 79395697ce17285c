import Basics
import Drive
import MetadataStore
import Synchronization

/// How a run of a draft's steps ended.
enum RunEnd: Sendable {
    /// The row is gone.
    case over
    /// Nothing to do until something happens.
    case resting
    case trouble(Trouble)
    case stopped
}

// Whose turn it is, and the steps one after another.
extension WriteBack {
    /// Starts the work; once, after `recover`.
    public func start() {
        tasks.spawn { [self] in
            while !Task.isCancelled {
                let rings = bell.listen()
                let (due, next) = state.withLock { state in
                    (state.queue.due(at: time.now()).compactMap { state.byID[$0] }, state.queue.nextTime)
                }
                for draft in due { spawnRun(draft) }
                do throws(FlightError<Never>) {
                    try await rings.value(until: next)
                } catch {
                    if case .cancelled = error { return }
                }
            }
        }
    }

    /// Something happened to `draft`: it gets its turn when it is time for it.
    func wake(_ draft: Draft, atOnce: Bool = false) {
        let moment = draft.state.withLock { state -> Moment in
            let isBusy = state.waiters > 0 || state.machine.record.content == nil || state.machine.record.isRemoved
            return atOnce || isBusy ? time.now() : max(time.now(), state.quietSince + settings.delay)
        }
        state.withLock { state in
            guard state.byID[draft.id] === draft, !state.isStopped else { return }
            state.queue.schedule(draft.id, at: moment)
        }
        bell.ring()
    }

    private func spawnRun(_ draft: Draft) {
        tasks.spawn { [self] in
            let end = await run(draft)
            finish(draft, end)
        }
    }

    /// Notes how a run ended, and when the next one is due.
    func finish(_ draft: Draft, _ end: RunEnd) {
        var next: Moment?
        switch end {
        case .over, .stopped: break
        case .resting:
            next = draft.state.withLock { state in
                state.trouble = nil
                state.failures = 0
                let isWaiting = state.machine.record.content?.state == .sealed && state.writers == 0
                let isHeld = state.machine.record.isRemoved || state.machine.record.failure != nil
                return isWaiting && !isHeld ? max(time.now(), state.quietSince + settings.delay) : nil
            }
        case .trouble(let trouble):
            next = draft.state.withLock { state in
                state.trouble = trouble
                state.failures += 1
                return trouble.pause(afterFailures: state.failures, jitter: random()).map { time.now() + $0 }
            }
            log.warning("“\(draft.record.place.name)” does not get on: \(trouble.words)")
        }
        state.withLock { state in
            state.queue.ended(draft.id)
            if let next, state.byID[draft.id] === draft { state.queue.schedule(draft.id, at: next) }
        }
        bell.ring()
    }

    /// Does steps until there is nothing to do.
    func run(_ draft: Draft) async -> RunEnd {
        var carrier = StepCarrier(owner: self, draft: draft)
        while !Task.isCancelled {
            let (step, isChanged, isTwin) = draft.state.withLock { state in
                let before = state.machine.record
                let isQuiet = state.writers == 0 && state.quietSince + settings.delay <= time.now()
                let mayBegin = state.waiters > 0 || isQuiet
                let step = state.isHeld ? .rest : state.machine.next(isOpen: state.opens > 0, mayBegin: mayBegin)
                let record = state.machine.record
                return (step, before != record, record.upload?.isTwin ?? false)
            }
            do {
                if isChanged { try await save([draft], durable: isTwin) }
                switch step {
                case .rest: return .resting
                case .end:
                    if try await end(draft, carrier.file) { return .over }
                default:
                    let events = try await carrier.perform(step)
                    if try await apply(events, to: draft) { carrier.forget() }
                }
            } catch let trouble as Trouble {
                if case .cancelled = trouble.cause, Task.isCancelled { return .stopped }
                if trouble.cause == .cancelled { continue }
                guard await note(trouble, on: draft) else { continue }
                return .trouble(trouble)
            } catch {
                return .trouble(Trouble(.passing, "\(error)"))
            }
        }
        return .stopped
    }

    /// Tells the machine; returns whether the upload is another one now.
    private func apply(_ events: [DraftEvent], to draft: Draft) async throws(StoreError) -> Bool {
        let (isChanged, isOther) = draft.state.withLock { state in
            let before = state.machine.record
            for event in events { state.machine.handle(event) }
            let record = state.machine.record
            return (before != record, before.upload?.session != record.upload?.session && record.upload == nil)
        }
        if isChanged { try await save([draft]) }
        return isOther
    }

    /// What cannot go on by itself is marked so in its row. False when the trouble is over by that.
    private func note(_ trouble: Trouble, on draft: Draft) async -> Bool {
        guard trouble.kind == .final || trouble.kind == .gone else { return true }
        draft.state.withLock { $0.machine.handle(.failed(trouble.words)) }
        do {
            try await save([draft])
        } catch {
            log.error("a failure cannot be noted: \(error)")
        }
        return true
    }

    /// What the drive has now, asked for where no answer brought it. Our own file that somebody removed meanwhile is sent
    /// once more: only the bin has those bytes.
    private func known(_ file: DriveFile?, _ draft: Draft) async throws -> DriveFile? {
        let record = draft.record
        guard !record.isRemoved, let object = record.object else { return nil }
        if let file, file.id == object.id { return file }
        do throws(DriveError) {
            let found = try await drive.file(object.id, .background)
            if !found.isTrashed { return found }
        } catch {
            switch error {
            case .notFound, .inRecycleBin: break
            default: throw Trouble(error)
            }
        }
        if record.content == nil { return nil }
        draft.state.withLock { $0.machine.handle(.lost) }
        throw Trouble(.passing, "it was removed from the drive by somebody else and is sent again")
    }

    /// Drops the row, unless something changed once more.
    private func end(_ draft: Draft, _ last: DriveFile?) async throws -> Bool {
        let mayEnd = draft.state.withLock { state in
            let step = state.isHeld ? .rest : state.machine.next(isOpen: state.opens > 0, mayBegin: false)
            state.isEnding = step == .end
            return state.isEnding
        }
        guard mayEnd else { return false }
        let file: DriveFile?
        do {
            file = try await known(last, draft)
        } catch {
            draft.state.withLock { $0.isEnding = false }
            bell.ring()
            throw error
        }
        let observer = observer.withLock { $0 }
        let record: DraftRecord
        do throws(StoreError) {
            record = try await turnstile.pass { () async throws(StoreError) in
                let record = draft.record
                var change = observer?.ending(draft, record, file) ?? JournalChange()
                change.finished.append(draft.id)
                try await journal.commit(change, durable: false)
                return record
            }
        } catch {
            draft.state.withLock { $0.isEnding = false }
            bell.ring()
            throw error
        }
        observer?.ended(record, file)
        leave(draft)
        draft.ending.complete(.success(()))
        bell.ring()
        do {
            try await disk.run { () throws(SpoolError) in try draft.file.remove() }
        } catch {
            log.error("a file of the spool is left over: \(error)")
        }
        return true
    }
}
