import Basics
import Drive
import MetadataStore
import ReadPath
import Synchronization

// Bytes on their way into a draft.
extension WriteBack {
    /// Writes `bytes`, waiting for room where there is none. False when the draft came to its end meanwhile.
    public func write(
        _ bytes: UnsafeRawBufferPointer, at offset: Int64, to draft: Draft, until deadline: Moment
    ) async throws(WriteError) -> Bool {
        let memory = SendableBytes(bytes)
        try await takeRoom(Int64(bytes.count), until: deadline)
        return try await changing(draft) { draft throws(SpoolError) in try draft.write(memory.bytes, at: offset) }
    }

    /// The drive's `base` goes on where the file ends, by `range`: nothing is fetched, and a file that is all of one
    /// stored object is copied by the drive. False when that cannot be.
    public func extend(_ draft: Draft, by base: BaseContent, _ range: ByteRange) async throws(WriteError) -> Bool {
        let isFit = draft.state.withLock { state in
            guard state.size == range.lower, let content = state.machine.record.content, content.state == .open else {
                return false
            }
            if content.base == base { return state.baseEnd == range.lower }
            guard range.lower == 0, content.base == nil else { return false }
            state.machine.handle(.based(base))
            return true
        }
        guard isFit else { return false }
        standsOn(base.object, draft)
        // The journal first: from then on the log of the spool counts.
        try await saving { () async throws(StoreError) in try await save([draft]) }
        let isTaken = Mutex(true)
        let isAlive = try await changing(draft) { draft throws(SpoolError) in
            let done = try draft.extend(from: range.lower, to: range.upper)
            isTaken.withLock { $0 = done != nil }
            return done ?? true
        }
        return isAlive && isTaken.withLock { $0 }
    }

    public func setSize(_ size: Int64, of draft: Draft) async throws(WriteError) -> Bool {
        try await changing(draft) { draft throws(SpoolError) in try draft.setSize(size) }
    }

    public func zero(_ range: ByteRange, of draft: Draft) async throws(WriteError) -> Bool {
        try await changing(draft) { draft throws(SpoolError) in try draft.zero(range) }
    }

    /// Runs `change` on a draft that the journal knows to be open. False when the draft ended.
    private func changing(
        _ draft: Draft, _ change: (Draft) throws(SpoolError) -> Bool
    ) async throws(WriteError) -> Bool {
        while true {
            do throws(SpoolError) {
                if try change(draft) { return true }
            } catch {
                throw error.isFull ? .noRoom("the spool's disk is full") : .spool(error)
            }
            guard try await prepare(draft) else { return false }
        }
    }

    /// The bytes may change from now on, and the journal knows it. An upload of what they were so far is given up.
    /// False when the draft is over: its file is what the drive has.
    func prepare(_ draft: Draft) async throws(WriteError) -> Bool {
        let (isReady, isEnding, sending) = draft.state.withLock { state -> (Bool, Bool, Task<Void, Never>?) in
            guard let content = state.machine.record.content, !state.isEnding else { return (false, true, nil) }
            if content.state == .open, state.isOpenSaved { return (true, false, nil) }
            state.machine.handle(.changed)
            state.isInPlace = false
            defer { state.sending = nil }
            return (false, false, state.sending)
        }
        if isReady { return true }
        sending?.cancel()
        if isEnding {
            guard draft.hasContent else { return false }
            await ended([draft])
            if Task.isCancelled { throw .cancelled }
            // It may stay after all.
            return draft.ending.result == nil
        }
        do {
            try await save([draft])
        } catch {
            throw .journal(error)
        }
        return true
    }

    /// Makes something true that has no row: attributes, listings.
    public func keep(
        durable: Bool = false, _ change: @Sendable () -> JournalChange
    ) async throws(WriteError) {
        try await saving { () async throws(StoreError) in
            try await turnstile.pass { () async throws(StoreError) in
                try await journal.commit(change(), durable: durable)
            }
        }
    }

    /// Everything that was written is safe: bytes and row survive a crash of the machine. Sealed unless somebody wrote
    /// meanwhile.
    public func seal(_ draft: Draft) async throws(WriteError) {
        // A seal that the journal could not be told of is still due.
        let (isDue, changes) = draft.state.withLock { state in
            let record = state.machine.record
            let isUnsaved = record.content?.state == .open || (record.content != nil && state.saved != record)
            return (isUnsaved && !state.isEnding, state.changes)
        }
        guard isDue else { return }
        do throws(SpoolError) {
            try await synchronize(draft)
        } catch {
            throw .spool(error)
        }
        draft.state.withLock { state in
            guard state.changes == changes, state.writing.isEmpty, state.machine.record.content?.state == .open else {
                return
            }
            state.isOpenSaved = false
            state.machine.handle(
                .sealed(
                    size: state.size, modified: state.modified, baseEnd: state.baseEnd, present: state.present.ranges))
            // Written from front to back: the hash costs nothing more.
            if let running = state.running, running.count == state.size, let content = state.machine.record.content {
                state.machine.handle(.hashed(running.result(), revision: content.revision))
            }
        }
        do {
            try await save([draft], durable: true)
        } catch {
            throw .journal(error)
        }
        // What was changed without a handle has no close to wake it.
        if draft.state.withLock({ $0.writers == 0 }) { wake(draft) }
    }

    /// What is in the spool, its log, and the names of both are on the disk when this returns.
    func synchronize(_ draft: Draft) async throws(SpoolError) {
        try await disk.run { [spool] () throws(SpoolError) in
            try draft.synchronize()
            guard draft.file.takeNewNames() else { return }
            do throws(SpoolError) {
                try spool.synchronizeNames()
            } catch {
                draft.file.keepNewNames()
                throw error
            }
        }
    }

    private func takeRoom(_ bytes: Int64, until deadline: Moment) async throws(WriteError) {
        let patience = min(deadline, time.now() + settings.roomPatience)
        var isSaid = false
        while true {
            let rings = freed.listen()
            let answer: Room.Answer
            do {
                answer = try room.take(bytes) { allDrafts.reduce(0) { $0 + $1.bytesHere } }
            } catch {
                throw .spool(error)
            }
            switch answer {
            case .yes: return
            case .no(let words), .never(let words): throw .noRoom(words)
            case .wait(let words):
                if !isSaid { for draft in drafts { wake(draft, atOnce: true) } }
                isSaid = true
                do throws(FlightError<Never>) {
                    try await rings.value(until: patience)
                } catch {
                    if case .cancelled = error { throw .cancelled }
                    throw .noRoom(words)
                }
            }
        }
    }

    /// Waits for a flight that nobody's patience cuts short but the task's own end.
    func flightResult(_ flight: Flight<Void, Never>) async -> Bool {
        do {
            try await flight.value()
            return true
        } catch {
            return false
        }
    }
}

/// Memory of a write on its way through an asynchronous function.
///
/// `@unchecked Sendable`: the caller keeps it until the function returns, and nobody writes to it.
private struct SendableBytes: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }
}
