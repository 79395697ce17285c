import Basics
import Drive
import MetadataStore
import Synchronization
import TestSupport

/// Counts the points at which a process can die, and lets it die at one of them: from then on nobody gets past any.
final class KillSwitch: Sendable {
    private struct State {
        var passed = 0
        var died: String?
        var isReleased = false
        var held: [CheckedContinuation<Void, Never>] = []
        var hooks: [String: @Sendable () async -> Void] = [:]
        /// What a call made and the journal does not know of.
        var unsaved: Set<ObjectID> = []
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: the number of the point at which it dies; 0 for never.
    init(at limit: Int = 0) { self.limit = limit }

    var passed: Int { state.withLock { $0.passed } }
    /// How many wait at a point that nobody gets past any more.
    var heldCount: Int { state.withLock { $0.held.count } }
    /// Where it died.
    var died: String? { state.withLock { $0.died } }
    /// What was on the drive without the journal's knowledge.
    var unsaved: Set<ObjectID> { state.withLock { $0.unsaved } }

    /// Does `body` once, at the point `words`, before it counts.
    func at(_ words: String, _ body: @escaping @Sendable () async -> Void) {
        state.withLock { $0.hooks[words] = body }
    }

    /// Returns false to those who were held when everything is over; never returns before, once dead.
    func point(_ words: String) async -> Bool {
        if let hook = state.withLock({ $0.hooks.removeValue(forKey: words) }) { await hook() }
        let isAlive = state.withLock { state in
            if state.died == nil {
                state.passed += 1
                if state.passed == limit { state.died = words }
            }
            return state.died == nil
        }
        if isAlive { return true }
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isReleased { state.held.append(continuation) }
                return state.isReleased
            }
            if isOver { continuation.resume() }
        }
        return false
    }

    /// Also after the end: the drive acts on what was sent before.
    func made(_ object: ObjectID) { state.withLock { _ = $0.unsaved.insert(object) } }

    func saved(_ change: JournalChange) {
        state.withLock { state in
            if state.died != nil { return }
            for record in change.drafts {
                let known = [record.object?.id, record.upload?.session?.object, record.upload?.result]
                state.unsaved.subtract(known.compactMap { $0 } + record.litter + record.replaced.map(\.object))
            }
        }
    }

    /// Lets those who are held go, with an error.
    func release() {
        let held = state.withLock { state in
            state.isReleased = true
            state.died = state.died ?? "the end"
            defer { state.held = [] }
            return state.held
        }
        for one in held { one.resume() }
    }
}

/// The journal up to the moment of death: a commit took effect or it did not.
final class MortalStore: MetadataStore, JournalStore {
    private let store: MemoryStore
    private let kill: KillSwitch
    let generation: UInt64 = 1

    init(_ store: MemoryStore, _ kill: KillSwitch) {
        self.store = store
        self.kill = kill
    }

    func commit(_ change: JournalChange, durable: Bool) async throws(StoreError) {
        guard await kill.point("before a commit") else { throw StoreError("dead") }
        try await store.commit(change, durable: durable)
        kill.saved(change)
        guard await kill.point("after a commit") else { throw StoreError("dead") }
    }

    func inodeNumbers(for keys: [NodeKey]) async throws(StoreError) -> [UInt64] {
        try await store.inodeNumbers(for: keys)
    }
    func listing(of folder: ObjectID) async throws(StoreError) -> StoredListing? { try await store.listing(of: folder) }
    func save(_ listing: StoredListing?, of folder: ObjectID) async throws(StoreError) {
        try await store.save(listing, of: folder)
    }
    func fact(_ fact: StoredFact) async throws(StoreError) -> [UInt8]? { try await store.fact(fact) }
    func setFact(_ fact: StoredFact, to value: [UInt8]) async throws(StoreError) {
        try await store.setFact(fact, to: value)
    }
    func place(of object: ObjectID) async throws(StoreError) -> DrivePlace? { try await store.place(of: object) }
    func drafts() async throws(StoreError) -> [DraftRecord] { try await store.drafts() }
    func localAttributes() async throws(StoreError) -> [UInt64: LocalAttributes] { try await store.localAttributes() }
}
