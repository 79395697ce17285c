import Basics
import Drive

/// A whole listing as the drive gave it, in its order. What names its entries are shown by is decided anew after
/// loading, since options may have changed.
public struct StoredListing: Hashable, Sendable {
    public var files: [DriveFile]
    public var listedAt: UnixTime

    public init(files: [DriveFile], listedAt: UnixTime) {
        self.files = files
        self.listedAt = listedAt
    }
}

/// A fact about the mount that must be known offline.
public enum StoredFact: String, Sendable, CaseIterable {
    /// The account and its drives, as JSON.
    case account
}

/// The disk or the database behind it failed.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One line for people: what was tried and what the database said.
    public var description: String
    public init(_ description: String) { self.description = description }
}

/// What survives a restart. Every call is one transaction; all may be used from any task at the same time and none
/// blocks a thread of the caller.
public protocol MetadataStore: Sendable {
    /// Tells this database's numbers from those of an earlier one that was thrown away.
    var generation: UInt64 { get }

    /// The inode numbers of `keys`, in their order; made and kept for those that had none. Never 0 or 1, never one
    /// that stood for something else before.
    func inodeNumbers(for keys: [NodeKey]) async throws(StoreError) -> [UInt64]

    /// The listing of `folder` that was saved last.
    func listing(of folder: ObjectID) async throws(StoreError) -> StoredListing?
    /// Replaces the listing of `folder` as a whole; `nil` forgets it.
    func save(_ listing: StoredListing?, of folder: ObjectID) async throws(StoreError)

    /// Where an object is by the listings that are saved; `nil` when none shows it.
    func place(of object: ObjectID) async throws(StoreError) -> DrivePlace?

    func fact(_ fact: StoredFact) async throws(StoreError) -> [UInt8]?
    func setFact(_ fact: StoredFact, to value: [UInt8]) async throws(StoreError)
}
