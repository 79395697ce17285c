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
        /// As far as its log tells.
        var logged = RangeSet()
        /// What the base has too, as long as the log does not tell of it.
        var filled = RangeSet()
        var running: RunningHash?
        /// Writes between their start and their end: nothing else may put bytes there.
        var writing: [UInt64: ByteRange] = [:]
        /// Reads under way that go by what `present` said when they began.
        var reads = 0
        /// Counts every change of bytes or size.
        var changes: UInt64 = 0
        var opens = 0
        var writers = 0
        /// The row as the journal has it; `nil` before it was written.
        var saved: DraftRecord?
        /// The journal knows that the bytes may change.
        var isOpenSaved = false
        /// The row is being dropped: whoever wants to change the file begins a new draft after that.
        var isEnding = false
        /// The journal has no row any more.
        var isOver = false
        /// The stored object that it was before another file took its name; open handles may still read it.
        var given: ObjectID?
        /// It is in place, and only what it replaced waits for somebody who still reads that.
        var isInPlace = false
        /// Nothing is done for it for the moment: it gave way to a move that may still fail, or is being given up.
        var isHeld = false
        /// When it was last changed or closed; an upload begins some time after.
        var quietSince: Moment
        /// Somebody waits for the drive to have it: no waiting for quiet or for the last close.
        var waiters = 0
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
    /// Rings when a run of its steps has ended, and when its end has come or is put off.
    let turns: Bell

    init(_ machine: DraftMachine, file: SpoolFile, time: any TimeSource) {
        id = machine.record.id
        inode = machine.record.inode
        self.file = file
        self.time = time
        ending = Flight(time: time)
        turns = Bell(time: time)
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

    /// Whether bytes of it are only in the stored `object`.
    public func needs(_ object: ObjectID) -> Bool {
        state.withLock { state in
            guard state.storedBytes == object else { return false }
            return !state.machine.record.isRemoved || state.opens > 0
        }
    }

    /// The drive has all of its bytes in an object of its own.
    var isMade: Bool {
        state.withLock { state in
            guard let upload = state.machine.record.upload, upload.phase == .placing else { return false }
            return upload.revision == state.machine.record.content?.revision
        }
    }

    /// Changes what the draft is about; `nil` when its row is being dropped, so that nothing may change any more.
    func change<T>(_ body: (inout State) -> T) -> T? {
        state.withLock { state in state.isEnding ? nil : body(&state) }
    }

    /// How many handles there are. Keeps the spool's file open while there are any: true when it is to be released,
    /// which takes the disk's time, by whoever has no lock.
    func setHandles(_ opens: Int, writers: Int) -> Bool {
        state.withLock { state in
            let held = state.opens > 0
            if writers < state.writers { state.quietSince = time.now() }
            state.opens = opens
            state.writers = writers
            if !held, opens > 0 { file.retain() }
            return held && opens == 0
        }
    }

    /// Whether this revision of the bytes is still to get to the drive.
    func wants(_ revision: UInt64) -> Bool { state.withLock { $0.wants(revision) } }
}

extension Draft.State {
    func wants(_ revision: UInt64) -> Bool {
        machine.record.content?.revision == revision && !machine.record.isRemoved
    }

    /// The stored object that has bytes of the file which the spool has not.
    var storedBytes: ObjectID? {
        guard let content = machine.record.content else { return given }
        guard let base = content.base else { return nil }
        let range = ByteRange(0, min(baseEnd, base.size))
        return present.pieces(of: range).contains { !$0.isPresent } ? base.object : nil
    }
}
