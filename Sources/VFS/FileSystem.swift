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

/// What `setattr` wants changed; `nil` stays as it is.
public struct AttributeChange: Hashable, Sendable {
    public enum Time: Hashable, Sendable {
        case now
        case at(UnixTime)
    }

    public var size: Int64?
    public var permissions: UInt32?
    public var userID: UInt32?
    public var groupID: UInt32?
    public var accessed: Time?
    public var modified: Time?

    public init(
        size: Int64? = nil, permissions: UInt32? = nil, userID: UInt32? = nil, groupID: UInt32? = nil,
        accessed: Time? = nil, modified: Time? = nil
    ) {
        self.size = size
        self.permissions = permissions
        self.userID = userID
        self.groupID = groupID
        self.accessed = accessed
        self.modified = modified
    }
}

/// Who asks, as the kernel tells it: new files belong to them.
public struct Caller: Hashable, Sendable {
    public var userID: UInt32
    public var groupID: UInt32

    public init(userID: UInt32, groupID: UInt32) {
        self.userID = userID
        self.groupID = groupID
    }
}

/// One name in one folder.
public struct Place: Hashable, Sendable {
    public var parent: InodeNumber
    public var name: FileName

    public init(parent: InodeNumber, name: FileName) {
        self.parent = parent
        self.name = name
    }
}

public enum RenameMode: Hashable, Sendable {
    /// What has the new name is replaced.
    case replace
    /// `RENAME_NOREPLACE`
    case refuse
    /// `RENAME_EXCHANGE`
    case exchange
}

public enum AttributeSetMode: Hashable, Sendable {
    case any
    /// `XATTR_CREATE`: must not be there yet.
    case create
    /// `XATTR_REPLACE`: must be there.
    case replace
}

public enum AllocationMode: Hashable, Sendable {
    /// Room for the range, the file grows to hold it; with `keepSize` it does not grow.
    case allocate(keepSize: Bool)
    /// `FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE`: reads as zeros afterwards.
    case punchHole
    /// `FALLOC_FL_ZERO_RANGE`
    case zero(keepSize: Bool)
}

public enum SeekTarget: Hashable, Sendable {
    case data, hole
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

/// The bytes of a write.
///
/// `@unchecked Sendable`: the memory belongs to exactly one request, from its start until its reply, and nobody writes
/// to it.
public struct WriteBytes: @unchecked Sendable {
    public let bytes: UnsafeRawBufferPointer
    /// Pages of a shared mapping, through any handle of the file: they go to their offset, also where others append.
    public let isMapped: Bool

    public init(_ bytes: UnsafeRawBufferPointer, isMapped: Bool = false) {
        self.bytes = bytes
        self.isMapped = isMapped
    }

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
    /// The same, told who asks; the bridge calls this one. Without one of its own it asks the other.
    func extendedAttribute(
        _ name: FileName, of inode: InodeNumber, by caller: Caller
    ) async throws(FSError) -> [UInt8]
    func extendedAttributeNames(of inode: InodeNumber) async throws(FSError) -> [FileName]

    // What follows changes something; a filesystem that cannot be changed leaves it out.

    /// `handle` is the open file through which the change comes, where there is one.
    func setAttributes(
        of inode: InodeNumber, to change: AttributeChange, through handle: FileHandle?
    ) async throws(FSError) -> AttributesReply
    /// Makes a file and opens it. A name that is taken throws `.alreadyExists` with `exclusive`; otherwise what is
    /// there is opened. Credits the inode with one lookup.
    func create(
        _ place: Place, permissions: UInt32, _ flags: OpenFlags, exclusive: Bool, by caller: Caller
    ) async throws(FSError) -> (entry: Entry, opened: OpenReply)
    /// The same for the other kinds; each credits the new inode with one lookup.
    func makeFile(_ place: Place, permissions: UInt32, by caller: Caller) async throws(FSError) -> Entry
    func makeDirectory(_ place: Place, permissions: UInt32, by caller: Caller) async throws(FSError) -> Entry
    func makeSymbolicLink(_ place: Place, to target: [UInt8], by caller: Caller) async throws(FSError) -> Entry
    func target(ofSymbolicLink inode: InodeNumber) async throws(FSError) -> [UInt8]
    /// Removes anything but a folder.
    func remove(_ place: Place) async throws(FSError)
    func removeDirectory(_ place: Place) async throws(FSError)
    func rename(_ old: Place, to new: Place, _ mode: RenameMode) async throws(FSError)

    /// Takes all of `bytes`, or none and throws.
    func write(_ handle: FileHandle, at offset: Int64, _ bytes: WriteBytes) async throws(FSError)
    /// A descriptor of the handle was closed; may come several times, or never. What it throws is `close`'s error.
    func flush(_ handle: FileHandle) async throws(FSError)
    /// Returns when the bytes survive a crash of this machine.
    func synchronize(_ handle: FileHandle) async throws(FSError)
    func synchronizeDirectory(_ handle: DirectoryHandle) async throws(FSError)
    func allocate(_ handle: FileHandle, _ range: ByteRange, _ mode: AllocationMode) async throws(FSError)
    /// The next offset from `offset` on that is data, or a hole; the end of the file is a hole.
    func seek(_ handle: FileHandle, _ target: SeekTarget, from offset: Int64) async throws(FSError) -> Int64
    /// Returns how many bytes were copied, possibly fewer than `count`; 0 at the end of the source.
    func copy(
        _ source: FileHandle, at offset: Int64, to target: FileHandle, at targetOffset: Int64, count: Int64
    ) async throws(FSError) -> Int64
    func setExtendedAttribute(
        _ name: FileName, of inode: InodeNumber, to value: [UInt8], _ mode: AttributeSetMode
    ) async throws(FSError)
    func removeExtendedAttribute(_ name: FileName, of inode: InodeNumber) async throws(FSError)
}

extension FileSystem {
    public func extendedAttribute(
        _ name: FileName, of inode: InodeNumber, by caller: Caller
    ) async throws(FSError) -> [UInt8] {
        try await extendedAttribute(name, of: inode)
    }
}

/// What a filesystem tells the kernel of its own accord. Calls return at once; the bridge delivers them from a
/// thread of its own, never from inside a request.
public protocol KernelNotifier: Sendable {
    /// The name no longer means what the kernel was told (it is gone, or another inode).
    func invalidateEntry(_ name: FileName, in parent: InodeNumber)
    /// Attributes, and with `content` the cached pages or the cached listing too, are out of date.
    func invalidate(_ inode: InodeNumber, content: Bool)
    /// How many of these calls wait to be delivered.
    var waiting: Int { get }
}

extension KernelNotifier {
    public var waiting: Int { 0 }
}
