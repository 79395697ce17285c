import Basics

public enum NodeKind: Hashable, Sendable {
    case file, directory, symbolicLink
}

/// What `stat` shows of an inode.
public struct Attributes: Hashable, Sendable {
    public var inode: InodeNumber
    public var kind: NodeKind
    /// The exact readable length in bytes; 0 for folders.
    public var size: Int64
    /// Permission bits only, `0o7777` at most.
    public var permissions: UInt32
    public var userID: UInt32
    public var groupID: UInt32
    public var accessed: UnixTime
    public var modified: UnixTime
    public var changed: UnixTime
    /// It has no name any more; somebody still has it open.
    public var isRemoved = false

    public init(
        inode: InodeNumber, kind: NodeKind, size: Int64, permissions: UInt32, userID: UInt32, groupID: UInt32,
        accessed: UnixTime, modified: UnixTime, changed: UnixTime
    ) {
        self.inode = inode
        self.kind = kind
        self.size = size
        self.permissions = permissions
        self.userID = userID
        self.groupID = groupID
        self.accessed = accessed
        self.modified = modified
        self.changed = changed
    }

    /// Folders have two links (their name and their `.`), files one; none when it was removed.
    public var linkCount: UInt32 { isRemoved ? 0 : kind == .directory ? 2 : 1 }
    /// 512-byte units, following the size.
    public var blocks: Int64 { size / 512 + (size % 512 == 0 ? 0 : 1) }
}

/// Attributes with the time for which the kernel may believe them.
public struct AttributesReply: Hashable, Sendable {
    public var attributes: Attributes
    public var validFor: Duration

    public init(attributes: Attributes, validFor: Duration) {
        self.attributes = attributes
        self.validFor = validFor
    }
}

/// A name resolved to an inode. Handing one to the kernel credits the inode with one lookup.
public struct Entry: Hashable, Sendable {
    public var attributes: Attributes
    /// Tells apart two objects that were given one inode number at different times.
    public var generation: UInt64
    public var entryValidFor: Duration
    public var attributesValidFor: Duration

    public init(
        attributes: Attributes, generation: UInt64, entryValidFor: Duration, attributesValidFor: Duration
    ) {
        self.attributes = attributes
        self.generation = generation
        self.entryValidFor = entryValidFor
        self.attributesValidFor = attributesValidFor
    }
}

/// The answer to a lookup: an absent name is knowledge too, and may be believed for a while.
public enum LookupReply: Hashable, Sendable {
    case found(Entry)
    case absent(validFor: Duration)
}

/// What `statfs` shows, in bytes and objects.
public struct FileSystemStatistics: Hashable, Sendable {
    public var totalBytes: Int64
    public var freeBytes: Int64
    /// In bytes of one name.
    public var nameLengthMax: UInt32

    public init(totalBytes: Int64, freeBytes: Int64, nameLengthMax: UInt32 = 255) {
        self.totalBytes = totalBytes
        self.freeBytes = freeBytes
        self.nameLengthMax = nameLengthMax
    }
}
