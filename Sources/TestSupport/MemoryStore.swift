import Drive
import MetadataStore
import Synchronization

/// A `MetadataStore` that forgets everything with itself; can be told to fail. For tests of what stands above it.
public final class MemoryStore: MetadataStore {
    private struct State {
        var numbers: [NodeKey: UInt64] = [:]
        var listings: [ObjectID: StoredListing] = [:]
        var facts: [StoredFact: [UInt8]] = [:]
        var failure: StoreError?
    }

    private let state = Mutex(State())
    public let generation: UInt64 = 1

    public init() {}

    /// From now on every call fails like this; `nil` heals it.
    public func fail(with error: StoreError?) { state.withLock { $0.failure = error } }

    public func inodeNumbers(for keys: [NodeKey]) async throws(StoreError) -> [UInt64] {
        try perform { state in
            keys.map { key in
                if let number = state.numbers[key] { return number }
                let number = UInt64(state.numbers.count + 2)
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

    public func fact(_ fact: StoredFact) async throws(StoreError) -> [UInt8]? { try perform { $0.facts[fact] } }

    public func setFact(_ fact: StoredFact, to value: [UInt8]) async throws(StoreError) {
        try perform { $0.facts[fact] = value }
    }

    private func perform<T: Sendable>(_ body: (inout State) -> T) throws(StoreError) -> T {
        let result = state.withLock { state -> Result<T, StoreError> in
            if let failure = state.failure { return .failure(failure) }
            return .success(body(&state))
        }
        return try result.get()
    }
}
