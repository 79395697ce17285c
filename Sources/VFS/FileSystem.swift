import Basics

/// How a file is opened; the access mode is checked by the kernel against the permission bits.
public struct OpenFlags: OptionSet, Hashable, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }
    public static let write = OpenFlags(rawValue: 1 << 0)
    public static let truncate = OpenFlags(rawValue: 1 << 1)
    public static let append = OpenFlags(rawValue: 1 << 2)
    /// `O_DIRECT`: reads bypass the page cache.
    public static let direct = OpenFlags(rawValue: 1 << 3)
}

public struct OpenReply: Hashable, Sendable {
    public var handle: FileHandle
    /// The pages that the kernel still holds of this inode are of this very content.
    public var keepsCache: Bool

    public init(handle: FileHandle, keepsCache: Bool) {
        self.handle = handle
        self.keepsCache = keepsCache
    }
}

public struct OpenDirectoryReply: Hashable, Sendable {
    public var handle: DirectoryHandle
    /// The kernel may answer the next listing from the one it reads now, until the folder is invalidated.
    public var mayCache: Bool

    public init(handle: DirectoryHandle, mayCache: Bool) {
        self.handle = handle
        self.mayCache = mayCache
    }
}

/// One entry of a listing; `.` and `..` included.
public struct DirectoryEntry: Sendable {
    public var name: FileName
    public var inode: InodeNumber
    public var kind: NodeKind
    /// The cookie that continues right after this entry.
    public var cookie: DirectoryCookie
    /// All that a lookup would tell. `nil` for `.` and `..`, and where the attributes are not known without
    /// asking the drive: the kernel then looks the name up when it needs them.
    public var entry: Entry?

    public init(name: FileName, inode: InodeNumber, kind: NodeKind, cookie: DirectoryCookie, entry: Entry?) {
        self.name = name
        self.inode = inode
        self.kind = kind
        self.cookie = cookie
        self.entry = entry
    }
}

/// Where a read puts its bytes.
///
/// `@unchecked Sendable`: the memory belongs to exactly one request, from its start until its reply, and only that
/// request's task writes to it.
public struct ReadBuffer: @unchecked Sendable {
    public let bytes: UnsafeMutableRawBufferPointer
    public init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }
    public var count: Int { bytes.count }
}

/// The operations of a filesystem, one function for one request of the kernel; values in, values out.
///
/// All functions may be called from any thread and at the same time. The asynchronous ones must not block a
/// thread; they stop waiting and throw `.interrupted` when their task is cancelled. What can be answered from
/// memory is answered without suspending.
public protocol FileSystem: Sendable {
    /// Called once, before the first request, with the way back to the kernel.
    func attach(_ kernel: any KernelNotifier)

    /// A found entry credits its inode with one lookup.
    func lookup(_ name: FileName, in parent: InodeNumber) async throws(FSError) -> LookupReply
    /// Takes `lookups` credits back; at zero the inode may be dropped.
    func forget(_ inode: InodeNumber, lookups: UInt64)
    func attributes(of inode: InodeNumber) async throws(FSError) -> AttributesReply
    func statistics() async throws(FSError) -> FileSystemStatistics

    func open(_ inode: InodeNumber, _ flags: OpenFlags) async throws(FSError) -> OpenReply
    /// Fills `buffer` from `offset`; returns how many bytes, fewer than asked only at the end of the file.
    func read(_ handle: FileHandle, at offset: Int64, into buffer: ReadBuffer) async throws(FSError) -> Int
    func release(_ handle: FileHandle)

    func openDirectory(_ inode: InodeNumber) async throws(FSError) -> OpenDirectoryReply
    /// Hands entries after `cookie` to `emit` until it returns false, which says that this entry did not fit.
    ///
    /// Each taken entry that carries an `Entry` credits its inode with one lookup; the one that did not fit does
    /// not. Returns at least one entry unless the folder is at its end; waits only for those it needs. With `plus`
    /// false no entry is credited and `entry` is `nil`.
    func readDirectory(
        _ handle: DirectoryHandle, after cookie: DirectoryCookie, plus: Bool, emit: (DirectoryEntry) -> Bool
    ) async throws(FSError)
    func releaseDirectory(_ handle: DirectoryHandle)

    func extendedAttribute(_ name: FileName, of inode: InodeNumber) async throws(FSError) -> [UInt8]
    func extendedAttributeNames(of inode: InodeNumber) async throws(FSError) -> [FileName]
}

/// What a filesystem tells the kernel of its own accord. Calls return at once; the bridge delivers them from a
/// thread of its own, never from inside a request.
public protocol KernelNotifier: Sendable {
    /// The name no longer means what the kernel was told (it is gone, or another inode).
    func invalidateEntry(_ name: FileName, in parent: InodeNumber)
    /// Attributes, and with `content` the cached pages or the cached listing too, are out of date.
    func invalidate(_ inode: InodeNumber, content: Bool)
}
