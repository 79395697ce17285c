import Basics
import Drive
import MetadataStore

// What users ask of many changes, or of one against its will.
extension WriteBack {
    public func draft(_ id: DraftID) -> Draft? { state.withLock { $0.byID[id] } }

    /// Returns when the drive has what `drafts` are at the moment, without waiting for quiet or for the last close, or
    /// when the rest of them cannot get there without a person. Returns those; what is removed and open is not waited
    /// for.
    ///
    /// - Throws: `.timedOut` at `deadline`; uploads go on.
    public func waitUntilStored(_ drafts: [Draft], until deadline: Moment?) async throws(WriteError) -> [Draft] {
        for draft in drafts where draft.hasContent { try await seal(draft) }
        let before = drafts.map { draft in
            draft.state.withLock { state in
                state.waiters += 1
                return state.failures
            }
        }
        defer { for draft in drafts { draft.state.withLock { $0.waiters -= 1 } } }
        for draft in drafts { wake(draft, atOnce: true) }
        var stuck: [Draft] = []
        for (draft, failures) in zip(drafts, before) {
            while true {
                // One at a time is looked at: thousands may wait.
                let rings = bell.listen()
                let standing = draft.standing(failuresBefore: failures)
                if standing == .stuck { stuck.append(draft) }
                if standing != .underWay { break }
                do throws(FlightError<Never>) {
                    try await rings.value(until: deadline)
                } catch {
                    if case .cancelled = error { throw .cancelled }
                    throw .timedOut
                }
            }
        }
        return stuck
    }

    /// Gives the unsent bytes of `draft` up: the file is again what the drive has. False when there is nothing to give
    /// up, or the drive has no version of it.
    ///
    /// Throws `.timedOut` when a step under way does not end by `deadline`, `.refused` when the file is open.
    public func revert(_ draft: Draft, until deadline: Moment) async throws(WriteError) -> Bool {
        draft.state.withLock { $0.isHeld = true }
        defer {
            draft.state.withLock { $0.isHeld = false }
            wake(draft, atOnce: true)
        }
        draft.state.withLock { $0.sending }?.cancel()
        try await untilAtRest(draft, until: deadline)
        let isReverted = draft.change { state -> Bool? in
            if state.opens > 0 { return nil }
            guard state.machine.revert() else { return false }
            state.present = RangeSet()
            state.running = nil
            state.trouble = nil
            state.failures = 0
            return true
        }
        guard let isReverted else { return false }
        guard let isReverted else { throw .refused("somebody has it open") }
        if isReverted {
            try await saving { () async throws(StoreError) in try await save([draft], durable: true) }
        }
        return isReverted
    }

    private func untilAtRest(_ draft: Draft, until deadline: Moment) async throws(WriteError) {
        while true {
            let rings = bell.listen()
            if !state.withLock({ $0.queue.running.contains(draft.id) }) { return }
            do throws(FlightError<Never>) {
                try await rings.value(until: deadline)
            } catch {
                if case .cancelled = error { throw .cancelled }
                throw .timedOut
            }
        }
    }
}

extension Draft {
    /// How it is with a draft that somebody waits for.
    enum Standing {
        case done, underWay
        /// Does not get on without a person.
        case stuck
    }

    func standing(failuresBefore: Int) -> Standing {
        if ending.result != nil { return .done }
        return state.withLock { state in
            let record = state.machine.record
            if record.failure != nil { return .stuck }
            if record.isRemoved, state.opens > 0 { return .done }
            if state.isInPlace { return .done }
            let isLasting = state.trouble?.kind == .lasting && state.failures > failuresBefore
            return isLasting ? .stuck : .underWay
        }
    }

    /// What keeps it from getting on.
    var refusal: WriteError {
        state.withLock { state in
            if let failure = state.machine.record.failure { return .refused(failure) }
            return state.trouble?.cause.map { .drive($0) } ?? .refused(state.trouble?.words ?? "")
        }
    }

    /// Somebody has the file open.
    public var isOpen: Bool { state.withLock { $0.opens > 0 } }
}
