import Basics
import Drive
import MetadataStore
import Synchronization

// Bytes. What changes them returns false when the draft is sealed or at its end: `WriteBack.prepare` comes first.
extension Draft {
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SpoolError) -> Bool {
        let range = ByteRange(offset, offset + Int64(bytes.count))
        guard let change = state.withLock({ $0.begin(range) }) else { return false }
        defer { state.withLock { $0.writing[change] = nil } }
        try file.write(bytes, at: offset)
        let isLogged = state.withLock { state in
            let isLogged = state.needsLog(range)
            state.present.insert(range)
            state.size = max(state.size, range.upper)
            state.running?.take(bytes, at: offset)
            state.didChange(time)
            return isLogged
        }
        if isLogged { try log(range) }
        return true
    }

    func setSize(_ size: Int64) throws(SpoolError) -> Bool {
        let (old, baseEnd, change) = state.withLock { state in
            (state.size, state.baseEnd, state.begin(ByteRange(min(size, state.size), max(size, state.size))))
        }
        guard let change else { return false }
        defer { state.withLock { $0.writing[change] = nil } }
        // First the file: after a crash in between, the base counts no further than the file is long.
        try file.setSize(size)
        if size < baseEnd { try file.append(.baseEnd(size)) }
        state.withLock { state in
            state.size = size
            state.baseEnd = min(state.baseEnd, size)
            if size < old {
                state.present.cut(at: size)
                state.logged.cut(at: size)
                state.filled.cut(at: size)
            }
            if size == 0 { state.running = RunningHash() }
            state.didChange(time)
        }
        return true
    }

    /// The base goes on from where the file ends at `old` to `size`; `nil` when the file does not end there any more.
    func extend(from old: Int64, to size: Int64) throws(SpoolError) -> Bool? {
        let (change, isFit) = state.withLock { state -> (UInt64?, Bool) in
            guard state.size == old, state.writing.isEmpty else { return (nil, false) }
            return (state.begin(ByteRange(old, size)), true)
        }
        guard isFit else { return nil }
        guard let change else { return false }
        defer { state.withLock { $0.writing[change] = nil } }
        // First the log: after a crash in between, the base counts no further than the file is long. The log may tell
        // of bytes further on that were cut off since.
        try file.append(.baseEnd(old))
        try file.append(.baseEnd(size))
        try file.setSize(size)
        state.withLock { state in
            if old == 0 {
                state.present = RangeSet()
                state.logged = RangeSet()
                state.filled = RangeSet()
            }
            state.running = nil
            state.size = size
            state.baseEnd = size
            state.didChange(time)
        }
        return true
    }

    /// Makes a range zeros; it does not grow the file.
    func zero(_ range: ByteRange) throws(SpoolError) -> Bool {
        let clamped = range.clamped(to: size)
        if clamped.isEmpty { return true }
        guard let change = state.withLock({ $0.begin(clamped) }) else { return false }
        defer { state.withLock { $0.writing[change] = nil } }
        try file.punch(clamped)
        let isLogged = state.withLock { state in
            let isLogged = state.needsLog(clamped)
            state.present.insert(clamped)
            state.didChange(time)
            return isLogged
        }
        if isLogged { try log(clamped) }
        return true
    }

    public func reserve(_ range: ByteRange) throws(SpoolError) { try file.reserve(range) }

    public func setModified(_ modified: UnixTime) throws(SpoolError) {
        let result = state.withLock { state -> Result<Void, SpoolError> in
            do throws(SpoolError) {
                try file.setModified(modified)
            } catch {
                return .failure(error)
            }
            state.modified = modified
            if state.machine.record.content?.state == .sealed { state.machine.handle(.touched(modified)) }
            return .success(())
        }
        try result.get()
    }

    /// How a read of `range` is put together: what is here and what only the base has. The rest are zeros, which the
    /// spool has too.
    func plan(_ range: ByteRange) -> (pieces: [(range: ByteRange, isHere: Bool)], base: BaseContent?) {
        state.withLock { state in
            let range = range.clamped(to: state.size)
            guard let base = state.machine.record.content?.base else { return ([(range, true)], nil) }
            let baseEnd = min(state.baseEnd, base.size)
            let pieces = state.present.pieces(of: range).flatMap { piece -> [(range: ByteRange, isHere: Bool)] in
                if piece.isPresent || piece.range.lower >= baseEnd { return [(piece.range, true)] }
                if piece.range.upper <= baseEnd { return [(piece.range, false)] }
                return [
                    (ByteRange(piece.range.lower, baseEnd), false), (ByteRange(baseEnd, piece.range.upper), true),
                ]
            }
            return (pieces, base)
        }
    }

    /// Until `endRead` what is here stays here.
    func beginRead() { state.withLock { $0.reads += 1 } }
    func endRead() { state.withLock { $0.reads -= 1 } }

    /// Puts bytes of the base into the spool where it still lacks them; not a change of the file. False when somebody
    /// has written there meanwhile.
    ///
    /// Writes under the lock: a write of the user's that began after the look would be overwritten otherwise. The log
    /// tells of it after the bytes are synced (`synchronize`): until then the base is the better source.
    func fill(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SpoolError) -> Bool {
        let range = ByteRange(offset, offset + Int64(bytes.count))
        let result = state.withLock { state -> Result<Bool, SpoolError> in
            let isFree = !state.writing.values.contains { $0.lower < range.upper && range.lower < $0.upper }
            guard isFree, range.upper <= state.baseEnd, state.present.pieces(of: range).allSatisfy({ !$0.isPresent })
            else { return .success(false) }
            do throws(SpoolError) {
                try file.write(bytes, at: offset)
            } catch {
                return .failure(error)
            }
            state.present.insert(range)
            state.filled.insert(range)
            return .success(true)
        }
        return try result.get()
    }

    /// Gives the room back of what `fill` has brought since the last sync; the base has it. Not while somebody reads or
    /// writes.
    func dropFilled() throws(SpoolError) {
        let result = state.withLock { state -> Result<Void, SpoolError> in
            guard state.writing.isEmpty, state.reads == 0 else { return .success(()) }
            let mine = state.logged
            let dropped = state.filled.ranges.flatMap { mine.pieces(of: $0) }.filter { !$0.isPresent }.map(\.range)
            state.filled = RangeSet()
            for range in dropped { state.present.remove(range) }
            do throws(SpoolError) {
                for range in dropped { try file.punch(range) }
            } catch {
                return .failure(error)
            }
            return .success(())
        }
        try result.get()
    }

    /// Everything that is in the spool now is on the disk, and its log tells all of it, when this returns. The file
    /// has then the length and the time that the draft has, unless somebody is writing: that is how a sealed file is
    /// known again after a crash.
    func synchronize() throws(SpoolError) {
        let settled = state.withLock { state -> Result<RangeSet, SpoolError> in
            do throws(SpoolError) {
                if state.writing.isEmpty {
                    // A write that failed may have left a piece beyond the end.
                    if let facts = try file.facts(), facts.size != state.size { try file.setSize(state.size) }
                    try file.setModified(state.modified)
                }
            } catch {
                return .failure(error)
            }
            return .success(state.machine.record.content?.base == nil ? RangeSet() : state.present)
        }
        let here = try settled.get()
        try file.synchronize()
        let logged = state.withLock { state -> Result<Void, SpoolError> in
            do throws(SpoolError) {
                for range in here.ranges {
                    for piece in state.logged.pieces(of: range) where !piece.isPresent {
                        try log(piece.range, &state)
                    }
                }
            } catch {
                return .failure(error)
            }
            return .success(())
        }
        try logged.get()
        if !here.ranges.isEmpty { try file.synchronizeLog() }
    }

    private func log(_ range: ByteRange) throws(SpoolError) {
        try file.append(.present(range))
        state.withLock { $0.logged.insert(range) }
    }

    /// What was cut off meanwhile is not told of.
    private func log(_ range: ByteRange, _ state: inout State) throws(SpoolError) {
        for piece in state.present.pieces(of: range) where piece.isPresent {
            try file.append(.present(piece.range))
            state.logged.insert(piece.range)
        }
    }

    /// The next data or hole from `offset` on; what only the base has is data. `nil` beyond the end.
    public func seek(forData: Bool, from offset: Int64) throws(SpoolError) -> Int64? {
        let size = size
        guard offset < size else { return nil }
        beginRead()
        defer { endRead() }
        for piece in plan(ByteRange(offset, size)).pieces {
            if !piece.isHere {
                if forData { return piece.range.lower }
                continue
            }
            let found = try file.seek(forData: forData, from: piece.range.lower) ?? size
            if found < piece.range.upper { return found }
        }
        // The end of a file counts as a hole.
        return forData ? nil : size
    }
}

extension Draft.State {
    /// Bytes of `range` are about to change; `writing` holds it under the number returned until they have. `nil` when
    /// they must not.
    mutating func begin(_ range: ByteRange) -> UInt64? {
        guard machine.record.content?.state == .open, isOpenSaved, !isEnding else { return nil }
        if let running, !running.survives(changeAt: range.lower) { self.running = nil }
        // Of two that write the same bytes at once, either may be last.
        if writing.values.contains(where: { $0.lower < range.upper && range.lower < $0.upper }) { running = nil }
        changes += 1
        writing[changes] = range
        return changes
    }

    mutating func didChange(_ time: any TimeSource) {
        changes += 1
        modified = time.wallTime()
        quietSince = time.now()
    }

    /// Whether it must be noted that the spool, and not the base, has this range.
    func needsLog(_ range: ByteRange) -> Bool {
        guard machine.record.content?.base != nil, range.lower < baseEnd else { return false }
        return logged.pieces(of: ByteRange(range.lower, min(range.upper, baseEnd))).contains { !$0.isPresent }
    }
}
