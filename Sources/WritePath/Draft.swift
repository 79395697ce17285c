import Basics
import Drive
import MetadataStore
import ReadPath
import Synchronization

/// A change on its way to the drive, with its bytes where it has any.
///
/// Bytes go to the spool on the caller's thread; the journal is written by whoever owns the draft (`WriteBack`). May be
/// used from any thread.
public final class Draft: Sendable {
    struct State {
        var machine: DraftMachine
        /// What the file is now; the record has what it was at the last seal.
        var size: Int64 = 0
        var modified: UnixTime
        var baseEnd: Int64 = 0
        /// What the spool has.
        var present = RangeSet()
        var running: RunningHash?
        /// Writes between their start and their end: nothing else may put bytes there.
        var writing: [UInt64: ByteRange] = [:]
        /// Counts every change of bytes or size.
        var changes: UInt64 = 0
        var opens = 0
        var writers = 0
        /// The journal knows that the bytes may change.
        var isOpenSaved = false
        /// The row is being dropped: whoever wants to change the file begins a new draft after that.
        var isEnding = false
        /// When it was last changed or closed; an upload begins some time after.
        var quietSince: Moment
        /// Somebody waits for the drive to have it: no waiting for quiet or for the last close.
        var waiters = 0
        /// No step begins.
        var isHeld = false
        var namesAreSynced = false
        var sending: Task<Void, Never>?
        var trouble: Trouble?
        /// What the drive last said of the object, where that is known without asking.
        var knownFile: DriveFile?
        var failures = 0
        /// Bytes of the running upload that went out.
        var sent: Int64 = 0
    }

    public let id: DraftID
    public let inode: UInt64
    let file: SpoolFile
    let time: any TimeSource
    let state: Mutex<State>
    /// The base, opened when it is first read: one opening for all reads, so that reading ahead works.
    private let base = Mutex<OpenContent?>(nil)
    /// Lands when the row is gone.
    let ending: Flight<Void, Never>

    init(_ machine: DraftMachine, file: SpoolFile, time: any TimeSource) {
        id = machine.record.id
        inode = machine.record.inode
        self.file = file
        self.time = time
        ending = Flight(time: time)
        var state = State(machine: machine, modified: time.wallTime(), quietSince: time.now())
        if let content = machine.record.content {
            state.size = content.size
            state.modified = content.modified
            state.baseEnd = content.baseEnd
            state.present = RangeSet(content.base == nil ? [ByteRange(0, content.size)] : content.present)
            if content.base == nil, content.size == 0 { state.running = RunningHash() }
            state.isOpenSaved = content.state == .open
        }
        self.state = Mutex(state)
    }

    public var record: DraftRecord { state.withLock { $0.machine.record } }
    public var size: Int64 { state.withLock { $0.size } }
    public var modified: UnixTime { state.withLock { $0.modified } }
    public var hasContent: Bool { state.withLock { $0.machine.record.content != nil } }

    /// Bytes that it takes on the local disk.
    var bytesHere: Int64 { state.withLock { $0.present.ranges.reduce(0) { $0 + $1.count } } }

    func base(_ content: BaseContent, _ reader: ContentReader) -> OpenContent {
        let source = ContentSource(object: content.object, size: content.size, contentHash: content.hash)
        let (open, old) = base.withLock { base -> (OpenContent, OpenContent?) in
            if let known = base, known.source == source { return (known, nil) }
            let old = base
            let open = reader.open(source)
            base = open
            return (open, old)
        }
        old?.close()
        return open
    }

    func closeBase() {
        let old = base.withLock { base in
            defer { base = nil }
            return base
        }
        old?.close()
    }

    /// Changes what the draft is about; `nil` when its row is being dropped, so that nothing may change any more.
    func change<T>(_ body: (inout State) -> T) -> T? {
        state.withLock { state in state.isEnding ? nil : body(&state) }
    }

    /// How many handles there are. Keeps the spool's file open while there are any.
    func setHandles(_ opens: Int, writers: Int) {
        let (holds, frees) = state.withLock { state -> (Bool, Bool) in
            let held = state.opens > 0
            if writers < state.writers { state.quietSince = time.now() }
            state.opens = opens
            state.writers = writers
            return (!held && opens > 0, held && opens == 0)
        }
        if holds { file.retain() }
        if frees { file.release() }
    }
}

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
        if isLogged { try file.append(.present(range)) }
        return true
    }

    func setSize(_ size: Int64) throws(SpoolError) -> Bool {
        let (old, baseEnd, change) = state.withLock { state in
            (state.size, state.baseEnd, state.begin(ByteRange(min(size, state.size), max(size, state.size))))
        }
        guard let change else { return false }
        defer { state.withLock { $0.writing[change] = nil } }
        // First the log: bytes of the base that were cut off must not come back when the file grows again.
        if size < baseEnd { try file.append(.baseEnd(size)) }
        try file.setSize(size)
        state.withLock { state in
            state.size = size
            state.baseEnd = min(state.baseEnd, size)
            if size < old { state.present.cut(at: size) }
            if size == 0 { state.running = RunningHash() }
            state.didChange(time)
        }
        return true
    }

    /// The base goes on to `size`.
    func extend(to size: Int64) throws(SpoolError) -> Bool {
        let (change, old) = state.withLock { ($0.begin(ByteRange($0.size, max($0.size, size))), $0.size) }
        guard let change else { return false }
        defer { state.withLock { $0.writing[change] = nil } }
        try file.setSize(size)
        try file.append(.baseEnd(size))
        state.withLock { state in
            if old == 0 { state.present = RangeSet() }
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
            defer {
                state.present.insert(clamped)
                state.didChange(time)
            }
            return state.needsLog(clamped)
        }
        if isLogged { try file.append(.present(clamped)) }
        return true
    }

    public func reserve(_ range: ByteRange) throws(SpoolError) { try file.reserve(range) }

    public func setModified(_ modified: UnixTime) throws(SpoolError) {
        try file.setModified(modified)
        state.withLock { $0.modified = modified }
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

    /// Puts bytes of the base into the spool where it still lacks them; not a change of the file. False when somebody
    /// has written there meanwhile.
    ///
    /// Writes under the lock: a write of the user's that began after the look would be overwritten otherwise.
    func fill(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SpoolError) -> Bool {
        let range = ByteRange(offset, offset + Int64(bytes.count))
        let result = state.withLock { state -> Result<Bool, SpoolError> in
            let isFree = !state.writing.values.contains { $0.lower < range.upper && range.lower < $0.upper }
            guard isFree, range.upper <= state.baseEnd, state.present.pieces(of: range).allSatisfy({ !$0.isPresent })
            else { return .success(false) }
            do throws(SpoolError) {
                try file.write(bytes, at: offset)
                try file.append(.present(range))
            } catch {
                return .failure(error)
            }
            state.present.insert(range)
            return .success(true)
        }
        return try result.get()
    }

    /// The next data or hole from `offset` on; what only the base has is data. `nil` beyond the end.
    public func seek(forData: Bool, from offset: Int64) throws(SpoolError) -> Int64? {
        let (size, pieces) = state.withLock { state -> (Int64, [(range: ByteRange, isPresent: Bool)]) in
            guard state.machine.record.content?.base != nil, offset < state.size else { return (state.size, []) }
            return (state.size, state.present.pieces(of: ByteRange(offset, max(offset, state.baseEnd))))
        }
        guard offset < size else { return nil }
        var from = offset
        for piece in pieces where !piece.isPresent || piece.range.upper <= from {
            if forData {
                // The spool may have data before the part that only the base has.
                let here = try file.seek(forData: true, from: from) ?? size
                return min(here, max(piece.range.lower, from))
            }
            if piece.range.lower > from {
                let hole = try file.seek(forData: false, from: from) ?? size
                if hole < piece.range.lower { return hole }
            }
            from = piece.range.upper
        }
        guard from < size else { return forData ? nil : size }
        let found = try file.seek(forData: forData, from: from)
        return forData ? found.flatMap { $0 < size ? $0 : nil } : min(found ?? size, size)
    }
}

extension Draft.State {
    /// Bytes of `range` are about to change; `writing` holds it under the number returned until they have. `nil` when
    /// they must not.
    mutating func begin(_ range: ByteRange) -> UInt64? {
        guard machine.record.content?.state == .open, isOpenSaved, !isEnding else { return nil }
        if let running, !running.survives(changeAt: range.lower) { self.running = nil }
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
        return present.pieces(of: ByteRange(range.lower, min(range.upper, baseEnd))).contains { !$0.isPresent }
    }
}
