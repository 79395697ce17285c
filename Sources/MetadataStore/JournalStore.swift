import Basics
import Drive

/// Several changes that happen together or not at all.
public struct JournalChange: Hashable, Sendable {
    /// Rows to write, whole, by id.
    public var drafts: [DraftRecord]
    /// Rows to drop.
    public var finished: [DraftID]
    /// Inodes that stand for another object from now on. Another inode that stood for that object gives way.
    public var bindings: [InodeBinding]
    /// Local attributes to write; empty ones are dropped.
    public var attributes: [UInt64: LocalAttributes]
    /// Changes to stored listings; folders without one are left alone.
    public var listings: [ListingEdit]

    public init(
        drafts: [DraftRecord] = [], finished: [DraftID] = [], bindings: [InodeBinding] = [],
        attributes: [UInt64: LocalAttributes] = [:], listings: [ListingEdit] = []
    ) {
        self.drafts = drafts
        self.finished = finished
        self.bindings = bindings
        self.attributes = attributes
        self.listings = listings
    }
}

/// An inode and what it stands for; `nil` frees the number for good.
public struct InodeBinding: Hashable, Sendable {
    public var inode: UInt64
    public var key: NodeKey?

    public init(inode: UInt64, key: NodeKey?) {
        self.inode = inode
        self.key = key
    }
}

/// What became of one folder's stored listing.
public struct ListingEdit: Hashable, Sendable {
    public var folder: ObjectID
    public var removed: [FileID]
    /// Added, or put in the place of the entry of the same id.
    public var put: [DriveFile]

    public init(folder: ObjectID, removed: [FileID] = [], put: [DriveFile] = []) {
        self.folder = folder
        self.removed = removed
        self.put = put
    }
}

/// The journal and the local attributes. Every call is one transaction; all may be used from any task at the same time.
public protocol JournalStore: Sendable {
    /// All rows, by id.
    func drafts() async throws(StoreError) -> [DraftRecord]
    func localAttributes() async throws(StoreError) -> [UInt64: LocalAttributes]
    /// Makes all of `change` true. Survives the end of the process when it returns, and with `durable` the end of the
    /// machine.
    func commit(_ change: JournalChange, durable: Bool) async throws(StoreError)
}
