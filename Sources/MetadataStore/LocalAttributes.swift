import Basics

/// What this machine remembers of an inode because the drive cannot hold it (semantics 2). `nil` where the drive or the
/// mount options decide.
public struct LocalAttributes: Hashable, Sendable {
    public var modified: UnixTime?
    public var accessed: UnixTime?
    public var changed: UnixTime?
    public var permissions: UInt32?
    public var userID: UInt32?
    public var groupID: UInt32?
    /// Makes the inode a symbolic link.
    public var linkTarget: [UInt8]?
    /// Extended attributes of the user, by full name.
    public var extended: [FileName: [UInt8]]

    public init(
        modified: UnixTime? = nil, accessed: UnixTime? = nil, changed: UnixTime? = nil, permissions: UInt32? = nil,
        userID: UInt32? = nil, groupID: UInt32? = nil, linkTarget: [UInt8]? = nil, extended: [FileName: [UInt8]] = [:]
    ) {
        self.modified = modified
        self.accessed = accessed
        self.changed = changed
        self.permissions = permissions
        self.userID = userID
        self.groupID = groupID
        self.linkTarget = linkTarget
        self.extended = extended
    }

    public var isEmpty: Bool { self == LocalAttributes() }
}
