import Basics
import Crypto
import Drive

typealias ContentID = Int
typealias HandleID = Int
typealias FetchID = Int
typealias WaiterID = Int

/// Everything the read path knows, and every decision it takes: which blocks of which content are in memory, who
/// waits for what, which fetches run and which should.
///
/// A value behind the reader's lock: each event is a function that changes it and appends what is to be done to
/// `Actions`, which the reader carries out after the lock is released. No waiting and no input or output in here.
struct Shelf {
    let settings: ReaderSettings
    let time: any TimeSource
    var pool: BlockPool
    var contents: [ContentID: Content] = [:]
    var contentsByKey: [ContentKey: ContentID] = [:]
    var handles: [HandleID: Handle] = [:]
    var fetches: [FetchID: Fetch] = [:]
    /// Those that wait; an entry goes when the wait has been decided.
    var waiters: [WaiterID: Waiter] = [:]
    /// Waits decided before their continuation was there.
    var decidedEarly: [WaiterID: Wake] = [:]
    /// Handles that want to be read ahead for, in turn.
    var hungry: [HandleID] = []
    var lastID = 0
    /// Downloads that the drive allows now.
    var streams: Int
    /// A reader waits for bytes that no fetch is under way for.
    var isForegroundBlocked = false
    /// Something waits for a block of memory.
    var isStarved = false
    /// Blocks that stay in memory until they have been hashed.
    var protectedBlocks = 0
    /// Blocks being handed to the store.
    var savingBlocks = 0
    var alarm: Moment?
    let hasStore: Bool
    var isShutDown = false
    var activeReaders = 1
    var activeReadersAt: UInt64 = 0
    var handlesThen = 0
    var counts = ReadCounts()

    init(settings: ReaderSettings, time: any TimeSource, hasStore: Bool) {
        self.hasStore = hasStore
        self.settings = settings
        self.time = time
        streams = max(1, settings.streams)
        pool = BlockPool(blockSize: settings.blockSize, capacity: settings.capacity)
    }

    mutating func makeID() -> Int {
        lastID += 1
        return lastID
    }
}

/// Bytes that somebody has opened, or of which blocks are still in memory.
struct Content {
    let key: ContentKey
    let size: Int64
    var handles: Set<HandleID> = []
    /// Block number to slot.
    var blocks: [Int: BlockPool.Index] = [:]
    var waiters: [WaiterID] = []
    var fetches: Set<FetchID> = []
    /// Objects that turned out to be gone while others with the same bytes may live.
    var goneObjects: Set<ObjectID> = []
    /// Reading ahead failed; not tried again until bytes come.
    var isAheadPaused = false
    /// One more each time the bytes turned out to be wrong and were thrown away.
    var generation = 0
    var mismatches = 0
    var isCorrupt = false
    var check: Verification

    init(source: ContentSource, blockSize: Int) {
        key = source.key
        size = source.size
        check = Verification(hash: source.contentHash, size: source.size, blockSize: blockSize)
    }
}

/// One opening of a content: its guesses, and what it has been given.
struct Handle {
    let content: ContentID
    let source: ContentSource
    var ahead = ReadAhead()
    /// Fetches under way that were started for it.
    var fetches = 0
    var isHungry = false
    /// The generation of the bytes it was given; mixing two would be two versions in one file.
    var servedGeneration: Int?
    /// The reader's traffic when it last read: tells who is active without a clock.
    var lastTraffic: UInt64 = 0
}

/// One run of blocks on its way: the next byte it expects, and the slots that wait for it.
struct Fetch {
    enum Phase: Hashable {
        case linking
        /// Has its link and waits for a stream.
        case queued
        case downloading
        case sleeping
    }

    let content: ContentID
    let handle: HandleID?
    let source: ContentSource
    let firstBlock: Int
    var slots: [BlockPool.Index]
    var position: Int64
    var end: Int64
    /// Where it would end if there is memory when its turn comes.
    let wantedEnd: Int64
    let startedAt: Moment
    var urgency: Urgency
    var phase = Phase.linking
    /// Bytes since the current request was sent.
    var received: Int64 = 0
    var isStopped = false
    var trouble: ReadError?
    var task: Task<Void, Never>?
    var admission: CheckedContinuation<Void, Never>?
}

/// How a wait ends.
enum Wake: Sendable {
    /// The bytes are there; this slot is pinned for the waiter.
    case ready(BlockPool.Index)
    /// Look again.
    case again
    case failed(ReadError)
}

/// A read that waits for bytes of one block.
struct Waiter {
    let content: ContentID
    let handle: HandleID
    let block: Int
    /// The bytes up to here, within the block, are needed.
    let need: Int64
    /// The end of the whole read.
    let end: Int64
    let deadline: Moment
    var continuation: CheckedContinuation<Wake, Never>?
}

/// What the reader has to do once the lock is released.
struct Actions: Sendable {
    var wakes: [(continuation: CheckedContinuation<Wake, Never>, wake: Wake)] = []
    var starts: [FetchID] = []
    var stops: [Task<Void, Never>] = []
    var admissions: [CheckedContinuation<Void, Never>] = []
    var hashes: [ContentID] = []
    var saves: [SavingBlock] = []
    var drops: [ContentKey] = []
    /// Look whether this request still stands in line at the drive.
    var queuedChecks: [FetchID] = []
    var alarm: Moment?
    var mismatches: [Mismatch] = []
}

struct Mismatch: Hashable, Sendable {
    var source: ContentSource
    var isFinal: Bool
}

/// Counters since the start.
struct ReadCounts: Hashable, Sendable {
    var bytesServed: UInt64 = 0
    var bytesFetched: UInt64 = 0
    var bytesLoaded: UInt64 = 0
    var readsServedAtOnce: UInt64 = 0
    var readsThatWaited: UInt64 = 0
    var fetches: UInt64 = 0
    var retries: UInt64 = 0
    var failedFetches: UInt64 = 0
    var verified: UInt64 = 0
    var mismatches: UInt64 = 0
}

// MARK: - Opening and closing

extension Shelf {
    mutating func open(_ source: ContentSource) -> HandleID {
        let key = source.key
        let id = contentsByKey[key] ?? makeID()
        var content = contents[id] ?? Content(source: source, blockSize: settings.blockSize)
        if content.isCorrupt {
            // Opened anew: one more chance. Handles that were given the wrong bytes stay refused.
            content.isCorrupt = false
            content.mismatches = 0
            content.generation += 1
        }
        content.goneObjects.remove(source.object)
        let handle = makeID()
        content.handles.insert(handle)
        contents[id] = content
        contentsByKey[key] = id
        handles[handle] = Handle(content: id, source: source)
        return handle
    }

    mutating func close(_ id: HandleID, _ actions: inout Actions) {
        guard let handle = handles.removeValue(forKey: id) else { return }
        contents[handle.content]?.handles.remove(id)
        for waiter in contents[handle.content]?.waiters ?? [] where waiters[waiter]?.handle == id {
            decide(waiter, .failed(.interrupted), &actions)
        }
        stopUnwantedFetches(of: handle.content, &actions)
        dropIfUnused(handle.content)
        dispatch(&actions)
    }

    /// A content that nobody has open and nothing is kept of is forgotten.
    mutating func dropIfUnused(_ id: ContentID) {
        guard let content = contents[id], content.handles.isEmpty, content.blocks.isEmpty, content.fetches.isEmpty,
            !content.check.isHashing
        else { return }
        contents[id] = nil
        contentsByKey[content.key] = nil
    }

    mutating func shutDown(_ actions: inout Actions) {
        isShutDown = true
        for id in waiters.keys { decide(id, .failed(.interrupted), &actions) }
        for id in fetches.keys { stop(id, &actions) }
    }

    // MARK: - Waits

    /// Ends a wait, whether its continuation is there yet or not.
    mutating func decide(_ id: WaiterID, _ wake: Wake, _ actions: inout Actions) {
        guard let waiter = waiters.removeValue(forKey: id) else { return }
        contents[waiter.content]?.waiters.removeAll { $0 == id }
        if let continuation = waiter.continuation {
            actions.wakes.append((continuation, wake))
        } else {
            decidedEarly[id] = wake
        }
    }

    /// The continuation of a wait; the answer, if it has been decided already.
    mutating func park(_ id: WaiterID, _ continuation: CheckedContinuation<Wake, Never>) -> Wake? {
        if let early = decidedEarly.removeValue(forKey: id) { return early }
        waiters[id]?.continuation = continuation
        return nil
    }

    /// One reader leaves; what it waited for goes on for the others, and stops if there are none.
    mutating func cancel(_ id: WaiterID, _ actions: inout Actions) {
        leave(id, .interrupted, &actions)
    }

    /// Readers whose deadline has passed leave. Returns when to look again.
    mutating func expire(at now: Moment, _ actions: inout Actions) -> Moment? {
        for (id, waiter) in waiters where waiter.deadline <= now {
            leave(id, trouble(of: waiter), &actions)
        }
        alarm = waiters.values.map(\.deadline).min()
        return alarm
    }

    private mutating func leave(_ id: WaiterID, _ error: ReadError, _ actions: inout Actions) {
        guard let waiter = waiters[id] else { return }
        decide(id, .failed(error), &actions)
        stopUnwantedFetches(of: waiter.content, &actions)
        dispatch(&actions)
    }

    /// What to say to a reader that has waited in vain.
    private func trouble(of waiter: Waiter) -> ReadError {
        let troubles = (contents[waiter.content]?.fetches ?? []).compactMap { fetches[$0]?.trouble }
        return troubles.first ?? .timedOut("the bytes did not come in time")
    }
}
