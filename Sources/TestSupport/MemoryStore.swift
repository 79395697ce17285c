import Drive
import MetadataStore
import Synchronization

/// A `MetadataStore` that forgets everything with itself; can be told to fail. For tests of what stands above it.
public final class MemoryStore: MetadataStore, JournalStore {
    private struct State {
        var numbers: [NodeKey: UInt64] = [:]
        var listings: [ObjectID: StoredListing] = [:]
        var facts: [StoredFact: [UInt8]] = [:]
        var drafts: [DraftID: DraftRecord] = [:]
        var attributes: [UInt64: LocalAttributes] = [:]
        var nextNumber: UInt64 = 2
        var failure: StoreError?
        var endGate: FakeGate?
    }

    private let state = Mutex(State())
    public let generation: UInt64 = 1

    public init() {}

    /// From now on every call fails like this; `nil` heals it.
    public func fail(with error: StoreError?) { state.withLock { $0.failure = error } }

    /// Whatever drops rows of the journal has its effect at once and its answer after `gate`.
    public func holdEnds(at gate: FakeGate?) { state.withLock { $0.endGate = gate } }

    public func inodeNumbers(for keys: [NodeKey]) async throws(StoreError) -> [UInt64] {
        try perform { state in
            keys.map { key in
                if let number = state.numbers[key] { return number }
                let number = state.nextNumber
                state.nextNumber += 1
                state.numbers[key] = number
                return number
            }
        }
    }

    public func listing(of folder: ObjectID) async throws(StoreError) -> StoredListing? {
        try perform { $0.listings[folder] }
    }

    public func save(_ listing: StoredListing?, of folder: ObjectID) async throws(StoreError) {
        try perform { $0.listings[folder] = listing }
    }

    public func place(of object: ObjectID) async throws(StoreError) -> DrivePlace? {
        try perform { state in
            for (folder, listing) in state.listings where folder.drive == object.drive {
                guard let file = listing.files.first(where: { $0.id == object }) else { continue }
                return DrivePlace(folder: folder, name: file.name)
            }
            return nil
        }
    }

    public func fact(_ fact: StoredFact) async throws(StoreError) -> [UInt8]? { try perform { $0.facts[fact] } }

    public func setFact(_ fact: StoredFact, to value: [UInt8]) async throws(StoreError) {
        try perform { $0.facts[fact] = value }
    }

    public func drafts() async throws(StoreError) -> [DraftRecord] {
        try perform { $0.drafts.values.sorted { $0.id < $1.id } }
    }

    public func localAttributes() async throws(StoreError) -> [UInt64: LocalAttributes] {
        try perform { $0.attributes }
    }

    public func commit(_ change: JournalChange, durable: Bool) async throws(StoreError) {
        try perform { state in
            for draft in change.drafts { state.drafts[draft.id] = draft }
            for id in change.finished { state.drafts[id] = nil }
            for binding in change.bindings {
                state.numbers = state.numbers.filter { $0.value != binding.inode }
                if let key = binding.key { state.numbers[key] = binding.inode }
            }
            for (inode, row) in change.attributes { state.attributes[inode] = row.isEmpty ? nil : row }
            for edit in change.listings {
                guard var listing = state.listings[edit.folder] else { continue }
                let gone = Set(edit.removed + edit.put.map(\.id.file))
                listing.files = listing.files.filter { !gone.contains($0.id.file) } + edit.put
                state.listings[edit.folder] = listing
            }
        }
        guard !change.finished.isEmpty, let gate = state.withLock({ $0.endGate }) else { return }
        do { try await gate.pass() } catch { throw StoreError("cancelled") }
    }

    private func perform<T: Sendable>(_ body: (inout State) -> T) throws(StoreError) -> T {
        let result = state.withLock { state -> Result<T, StoreError> in
            if let failure = state.failure { return .failure(failure) }
            return .success(body(&state))
        }
        return try result.get()
    }
}
