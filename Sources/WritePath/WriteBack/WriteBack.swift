import Basics
import Drive
import Logging
import MetadataStore
import ReadPath
import Synchronization

/// Everything that is acknowledged here and not finished on the drive: one for a mount.
///
/// Each change is a `Draft` with a row in the journal; a machine decides its steps (`DraftMachine`), and tasks of this
/// class do them, a few at a time. A row is written before whatever it announces, one write at a time. May be used from
/// any thread.
public final class WriteBack: Sendable {
    struct State {
        var byInode: [UInt64: Draft] = [:]
        var byID: [DraftID: Draft] = [:]
        var nextID: UInt64 = 1
        var handles: [UInt64: (opens: Int, writers: Int)] = [:]
        var queue: UploadQueue
        /// Drafts that stand on an object of another file, or on one that another is to remove.
        var copies = DraftIndex<ObjectID>()
        /// Where drafts made creations, the last of each; those that have an answer may still be here.
        var creations = DraftIndex<DrivePlace>()
        var isStopped = false

        init(queue: UploadQueue) { self.queue = queue }
    }

    let drive: any WritableDrive
    let journal: any JournalStore
    let numbers: any MetadataStore
    let reader: ContentReader
    let spool: Spool
    let settings: WriteSettings
    let time: any TimeSource
    let log: Logger
    /// Numbers from 0 up to 1, to spread retries.
    let random: @Sendable () -> Double
    let state: Mutex<State>
    let tasks = TaskRegistry()
    let disk = DiskQueue()
    let room: Room
    /// Rows are written one after another, each as it is when its turn comes, so that none overtakes a newer one.
    let turnstile = Turnstile()
    let observer = Mutex<(any DraftObserver)?>(nil)
    let bell: Bell
    /// Rings when a draft is over and its room in the spool is free.
    let freed: Bell
    let beginnings = Turnstile()

    public init(
        drive: any WritableDrive, store: any MetadataStore & JournalStore, reader: ContentReader, spool: Spool,
        settings: WriteSettings, time: any TimeSource, random: @escaping @Sendable () -> Double, log: Logger
    ) {
        self.drive = drive
        journal = store
        numbers = store
        self.reader = reader
        self.spool = spool
        self.settings = settings
        self.time = time
        self.random = random
        self.log = log
        state = Mutex(State(queue: UploadQueue(places: settings.uploads)))
        bell = Bell(time: time)
        freed = Bell(time: time)
        room = Room(spool: spool, settings: settings, time: time)
    }

    public func attach(_ observer: any DraftObserver) { self.observer.withLock { $0 = observer } }

    /// Ends all work; what is unfinished stays in the journal.
    public func shutdown() async {
        state.withLock { $0.isStopped = true }
        await tasks.close()
    }

    // The table.

    public func draft(of inode: UInt64) -> Draft? { state.withLock { $0.byInode[inode] } }
    var allDrafts: [Draft] { state.withLock { Array($0.byID.values) } }
    public var drafts: [Draft] { state.withLock { $0.byID.values.sorted { $0.id < $1.id } } }

    /// Whether a handle that may write is open.
    public func isBeingWritten(_ inode: UInt64) -> Bool { state.withLock { ($0.handles[inode]?.writers ?? 0) > 0 } }

    /// A handle was opened.
    public func opened(_ inode: UInt64, forWriting: Bool) {
        count(inode) { count in
            count.opens += 1
            if forWriting { count.writers += 1 }
        }
    }

    /// A handle was closed. Unsealed bytes that nobody can change any more are sealed behind the caller's back.
    public func closed(_ inode: UInt64, forWriting: Bool) {
        guard
            let (draft, count) = count(
                inode,
                { count in
                    count.opens -= 1
                    if forWriting { count.writers -= 1 }
                })
        else { return }
        if forWriting, count.writers == 0 {
            tasks.spawn { [self] in
                do {
                    try await seal(draft)
                } catch {
                    log.error("a closed file cannot be sealed: \(error)")
                }
                wake(draft)
            }
        } else if count.opens == 0 {
            wake(draft)
        }
    }

    @discardableResult
    private func count(
        _ inode: UInt64, _ change: (inout (opens: Int, writers: Int)) -> Void
    ) -> (Draft, (opens: Int, writers: Int))? {
        // The draft is told under the same lock: of two at once the last count would not be the last to arrive.
        let (draft, count, isLast) = state.withLock { state -> (Draft?, (opens: Int, writers: Int), Bool) in
            var count = state.handles[inode] ?? (0, 0)
            change(&count)
            state.handles[inode] = count.opens > 0 ? count : nil
            let draft = state.byInode[inode]
            return (draft, count, draft?.setHandles(count.opens, writers: count.writers) ?? false)
        }
        guard let draft else { return nil }
        if isLast { draft.file.release() }
        return (draft, count)
    }

    func enter(_ draft: Draft) {
        let isLast = state.withLock { state in
            state.byInode[draft.inode] = draft
            state.byID[draft.id] = draft
            let record = draft.record
            let base = record.content?.base?.object
            if base != record.object?.id { state.copies.set(draft.id, to: base) }
            state.creations.set(draft.id, to: draft.state.withLock(\.machine.unanswered))
            let count = state.handles[draft.inode] ?? (0, 0)
            return draft.setHandles(count.opens, writers: count.writers)
        }
        if isLast { draft.file.release() }
    }

    func leave(_ draft: Draft) {
        let isLast = state.withLock { state in
            if state.byInode[draft.inode] === draft { state.byInode[draft.inode] = nil }
            state.byID[draft.id] = nil
            state.queue.forget(draft.id)
            state.queue.ended(draft.id)
            state.copies.set(draft.id, to: nil)
            state.creations.set(draft.id, to: nil)
            return draft.setHandles(0, writers: 0)
        }
        if isLast { draft.file.release() }
        draft.closeBase()
    }

    func newID() -> DraftID {
        state.withLock { state in
            defer { state.nextID += 1 }
            return DraftID(state.nextID)
        }
    }

    /// Whether a draft stands on this object of the drive, has made it, or is going to remove it.
    func isOurs(_ object: ObjectID) -> Bool { allDrafts.contains { $0.record.names(object) } }
    /// All of these. Who asks the drive takes them first and asks `isOurs` of the answer: a row may end, and another
    /// begin, while the answer is on its way.
    var ownObjects: Set<ObjectID> { Set(allDrafts.flatMap(\.record.objects)) }

    // The journal.

    /// Writes the rows of `drafts` as they are when it is their turn, and whatever else is to become true with them.
    func save(
        _ drafts: [Draft], with extra: JournalChange = JournalChange(), durable: Bool = false
    ) async throws(StoreError) {
        try await turnstile.pass { () async throws(StoreError) in
            try await write(drafts, with: extra, durable: durable)
        }
    }

    /// Changes drafts and writes their rows in one step, so that no row is written in between that has a part of it.
    /// What `change` returns is written; `undo` is done when that fails. `nil` from `change` ends it: nothing changed.
    func commit(
        finishing: [DraftID] = [], _ change: () -> [Draft]?, undo: () -> Void
    ) async throws(StoreError) -> Bool {
        try await turnstile.pass { () async throws(StoreError) in
            guard let drafts = change() else { return false }
            do throws(StoreError) {
                try await write(drafts, with: JournalChange(finished: finishing), durable: true)
            } catch {
                undo()
                throw error
            }
            return true
        }
    }

    /// For whoever has the turnstile.
    private func write(_ drafts: [Draft], with extra: JournalChange, durable: Bool) async throws(StoreError) {
        let observer = observer.withLock { $0 }
        let drafts = drafts.filter { draft in draft.state.withLock { !$0.isOver } }
        let records = drafts.map(\.record)
        var change = extra
        change.drafts += records
        try await journal.commit(change, durable: durable)
        for (draft, record) in zip(drafts, records) {
            draft.state.withLock { state in
                state.saved = record
                let isOpen = record.content?.state == .open
                if isOpen, state.machine.record.content?.state == .open { state.isOpenSaved = true }
            }
            observer?.updated(record)
        }
    }
}
