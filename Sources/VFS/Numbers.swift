/// The kernel's name for a file or folder of this mount.
public struct InodeNumber: Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
    public static let root = InodeNumber(1)
    public static func < (a: InodeNumber, b: InodeNumber) -> Bool { a.rawValue < b.rawValue }
}

/// An open file, as the bridge hands it to the kernel and gets it back.
public struct FileHandle: Hashable, Sendable {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// An open folder.
public struct DirectoryHandle: Hashable, Sendable {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// Where a folder's reader stands: the cookie of the last entry it took, 0 before the first.
public struct DirectoryCookie: Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
    public static let start = DirectoryCookie(0)
    public static func < (a: DirectoryCookie, b: DirectoryCookie) -> Bool { a.rawValue < b.rawValue }
}
