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
    /// Another draft's bytes are in what is to be removed.
    case blocked
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

    private static let patienceWithOthers = Duration.seconds(2)
    /// The same step more often in one run means that nothing comes of it.
    private static let repeatsMax = 6

    /// Notes how a run ended, and when the next one is due.
    func finish(_ draft: Draft, _ end: RunEnd) {
        var next: Moment?
        switch end {
        case .over, .stopped: break
        case .resting:
            next = draft.state.withLock { state in
                state.trouble = nil
                state.failures = 0
                let isWaiting = state.machine.record.content != nil && state.writers == 0
                let isHeld = state.machine.record.isRemoved || state.machine.record.failure != nil || state.isHeld
                let soon = time.now() + .milliseconds(20)
                return isWaiting && !isHeld ? max(soon, state.quietSince + settings.delay) : nil
            }
        case .blocked: next = time.now() + Self.patienceWithOthers
        case .trouble(let trouble):
            next = draft.state.withLock { state in
                state.trouble = trouble
                state.failures += 1
                return trouble.pause(afterFailures: state.failures, jitter: random()).map { time.now() + $0 }
            }
            log.warning("“\(draft.record.place.name)” does not get on: \(trouble.words)")
        }
        state.withLock { state in
            state.queue.ended(draft.id, next: state.byID[draft.id] === draft ? next : nil)
        }
        draft.turns.ring()
        bell.ring()
    }

    /// Does steps until there is nothing to do.
    func run(_ draft: Draft) async -> RunEnd {
        var carrier = StepCarrier(owner: self, draft: draft)
        var done: [DraftStep: Int] = [:]
        var isRemoval = false
        while !Task.isCancelled {
            do {
                try await sealLeftOpen(draft)
                guard let next = draft.state.withLock({ $0.next(delay: settings.delay, now: time.now()) }) else {
                    return .resting
                }
                if !next.isSaved {
                    try await save([draft], durable: next.record.upload?.isTwin ?? false)
                    // Changed once more: the step may not be right any longer.
                    guard draft.record == next.record else { continue }
                }
                isRemoval = next.record.isRemoved
                log.debug("draft \(draft.id) “\(next.record.place.name)”: \(next.step)")
                done[next.step, default: 0] += 1
                if done[next.step, default: 0] > Self.repeatsMax {
                    return .trouble(Trouble(.passing, "the drive takes it no further"))
                }
                switch next.step {
                case .rest: return .resting
                case .remove(let old) where isNeeded(old.object, besides: draft): return blocked(draft)
                case .end where isAwaited(draft): return .blocked
                case .end:
                    if try await end(draft, carrier.file) { return .over }
                default:
                    if case .create = next.step {
                        state.withLock { $0.creations.set(draft.id, to: next.record.upload?.place) }
                    }
                    let events = try await carrier.perform(next.step)
                    if try await apply(events, to: draft) { carrier.forget() }
                }
            } catch let trouble as Trouble {
                if case .cancelled = trouble.cause, Task.isCancelled { return .stopped }
                if trouble.cause == .cancelled { continue }
                if await note(trouble, on: draft, isRemoval) { return .trouble(trouble) }
            } catch {
                return .trouble(Trouble(.passing, "\(error)"))
            }
        }
        return .stopped
    }

    /// A file that nobody can write to any more and that could not be sealed at its last close.
    private func sealLeftOpen(_ draft: Draft) async throws {
        let isLeft = draft.state.withLock { state in
            state.machine.record.content?.state == .open && state.writers == 0 && !state.machine.record.isRemoved
        }
        if isLeft { try await seal(draft) }
    }

    /// Whether others have bytes in `object` only; those are in a hurry now.
    private func isNeeded(_ object: ObjectID, besides draft: Draft) -> Bool {
        let others = unmadeCopies(of: object).filter { $0 !== draft }
        for other in others { wake(other, atOnce: true) }
        return !others.isEmpty
    }

    private func blocked(_ draft: Draft) -> RunEnd {
        draft.state.withLock { state in
            let record = state.machine.record
            let isCurrent = record.content.map { $0.revision == record.upload?.revision } ?? true
            state.isInPlace = record.object?.place == record.place && isCurrent
        }
        return .blocked
    }

    /// Whether somebody else's creation in this very place has no answer yet: what it made is told from this one by
    /// this one's row.
    private func isAwaited(_ draft: Draft) -> Bool {
        guard draft.record.object != nil else { return false }
        let place = draft.record.place
        let others = state.withLock { state in state.creations[place].compactMap { state.byID[$0] } }.filter { other in
            other !== draft && other.state.withLock { $0.machine.unanswered == place }
        }
        for other in others { wake(other, atOnce: true) }
        return !others.isEmpty
    }

    /// Tells the machine; returns whether the upload is another one now.
    private func apply(_ events: [DraftEvent], to draft: Draft) async throws(StoreError) -> Bool {
        let (before, record) = draft.state.withLock { state in
            let before = state.machine.record
            for event in events { state.machine.handle(event) }
            return (before, state.machine.record)
        }
        rebased(draft, since: before)
        if before != record { try await save([draft]) }
        return before.upload?.session != record.upload?.session && record.upload == nil
    }

    /// What cannot go on by itself is marked so in its row. False when the trouble is with what nobody wants any more:
    /// the file was removed meanwhile, and that must not keep it from going.
    private func note(_ trouble: Trouble, on draft: Draft, _ isRemoval: Bool) async -> Bool {
        guard trouble.kind == .final || trouble.kind == .gone else { return true }
        let isMeant = draft.state.withLock { state in
            guard isRemoval || !state.machine.record.isRemoved else { return false }
            state.machine.handle(.failed(trouble.words))
            return true
        }
        guard isMeant else { return false }
        do {
            try await save([draft])
        } catch {
            log.error("a failure cannot be noted: \(error)")
        }
        return true
    }

    /// What the drive has now, asked for where no answer brought it. Our own file that somebody removed meanwhile is
    /// sent once more: only the bin has those bytes.
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
        rebased(draft, since: record)
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
            stays(draft)
            throw error
        }
        let observer = observer.withLock { $0 }
        do throws(StoreError) {
            try await turnstile.pass { () async throws(StoreError) in
                let record = draft.record
                var change = observer?.ending(draft, record, file) ?? JournalChange()
                change.finished.append(draft.id)
                // A row that came back after a crash of the machine would miss its bytes.
                try await journal.commit(change, durable: record.content != nil)
                draft.state.withLock { $0.isOver = true }
                // In the same turn: a listing that is kept next must know of it.
                observer?.ended(record, file)
            }
        } catch {
            stays(draft)
            throw error
        }
        leave(draft)
        draft.ending.complete(.success(()))
        draft.turns.ring()
        bell.ring()
        do {
            try await disk.run { () throws(SpoolError) in try draft.file.remove() }
        } catch {
            log.error("a file of the spool is left over: \(error)")
        }
        freed.ring()
        return true
    }

    /// The row is not dropped after all.
    private func stays(_ draft: Draft) {
        draft.state.withLock { $0.isEnding = false }
        draft.turns.ring()
        bell.ring()
    }
}

extension Draft.State {
    /// The next step, the record that it is decided on, and whether the journal has that; `nil` for a draft on hold.
    fileprivate mutating func next(
        delay: Duration, now: Moment
    ) -> (step: DraftStep, record: DraftRecord, isSaved: Bool)? {
        if isHeld { return nil }
        isInPlace = false
        let isQuiet = writers == 0 && quietSince + delay <= now
        let step = machine.next(isOpen: opens > 0, mayBegin: waiters > 0 || isQuiet)
        return (step, machine.record, saved == machine.record)
    }
}
