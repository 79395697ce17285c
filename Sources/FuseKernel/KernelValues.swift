import Basics
import CFuse
import Glibc
import VFS

// Values of the kernel and values of ours, translated in one place.

extension Duration {
    /// Seconds as libfuse takes them: never negative; what is out of range means "for ever".
    var kernelSeconds: Double {
        let (seconds, attoseconds) = components
        return max(0, Double(seconds) + Double(attoseconds) * 1e-18)
    }
}

extension UnixTime {
    init(kernelTime: timespec) {
        self.init(seconds: Int64(kernelTime.tv_sec), nanoseconds: Int32(clamping: kernelTime.tv_nsec))
    }

    var kernelTime: timespec { timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds)) }
}

extension NodeKind {
    /// The type bits of `st_mode`.
    var modeBits: mode_t {
        switch self {
        case .file: S_IFREG
        case .directory: S_IFDIR
        case .symbolicLink: S_IFLNK
        }
    }
}

extension Attributes {
    func kernelAttributes(blockSizeBytes: Int64) -> stat {
        var answer = stat()
        answer.st_ino = numericCast(inode.rawValue)
        answer.st_mode = kind.modeBits | mode_t(permissions & 0o7777)
        answer.st_nlink = numericCast(linkCount)
        answer.st_uid = userID
        answer.st_gid = groupID
        answer.st_size = Int(size)
        answer.st_blocks = numericCast(blocks)
        answer.st_blksize = numericCast(blockSizeBytes)
        answer.st_atim = accessed.kernelTime
        answer.st_mtim = modified.kernelTime
        answer.st_ctim = changed.kernelTime
        return answer
    }
}

extension Entry {
    func kernelEntry(blockSizeBytes: Int64) -> fuse_entry_param {
        var answer = fuse_entry_param()
        answer.ino = attributes.inode.rawValue
        answer.generation = generation
        answer.attr = attributes.kernelAttributes(blockSizeBytes: blockSizeBytes)
        answer.attr_timeout = attributesValidFor.kernelSeconds
        answer.entry_timeout = entryValidFor.kernelSeconds
        return answer
    }
}

extension FileSystemStatistics {
    /// Free space is counted in units of 4 KiB, as other filesystems do; the drive counts bytes.
    private static let unitBytes: Int64 = 4096

    func kernelStatistics(blockSizeBytes: Int64) -> statvfs {
        var answer = statvfs()
        answer.f_bsize = numericCast(blockSizeBytes)
        answer.f_frsize = numericCast(Self.unitBytes)
        answer.f_blocks = numericCast(max(0, totalBytes) / Self.unitBytes)
        answer.f_bfree = numericCast(max(0, freeBytes) / Self.unitBytes)
        answer.f_bavail = answer.f_bfree
        answer.f_namemax = numericCast(nameLengthMax)
        return answer
    }
}

extension OpenFlags {
    init(kernelFlags: Int32) {
        self = []
        if kernelFlags & O_ACCMODE != O_RDONLY { insert(.write) }
        if kernelFlags & O_TRUNC != 0 { insert(.truncate) }
        if kernelFlags & O_APPEND != 0 { insert(.append) }
        if cfuse_is_direct(kernelFlags) { insert(.direct) }
    }
}

extension AttributeChange {
    /// What `toSet` names of `attributes`. The kernel's change time is left out: the filesystem keeps its own.
    init(_ attributes: stat, toSet: Int32) {
        func isSet(_ bit: Int32) -> Bool { toSet & bit != 0 }
        self.init()
        if isSet(FUSE_SET_ATTR_SIZE) { size = Int64(attributes.st_size) }
        if isSet(FUSE_SET_ATTR_MODE) { permissions = attributes.st_mode.permissions }
        if isSet(FUSE_SET_ATTR_UID) { userID = attributes.st_uid }
        if isSet(FUSE_SET_ATTR_GID) { groupID = attributes.st_gid }
        if isSet(FUSE_SET_ATTR_ATIME) { accessed = .at(UnixTime(kernelTime: attributes.st_atim)) }
        if isSet(FUSE_SET_ATTR_ATIME_NOW) { accessed = .now }
        if isSet(FUSE_SET_ATTR_MTIME) { modified = .at(UnixTime(kernelTime: attributes.st_mtim)) }
        if isSet(FUSE_SET_ATTR_MTIME_NOW) { modified = .now }
    }
}

extension mode_t {
    /// Without the type.
    var permissions: UInt32 { self & 0o7777 }
}

extension RenameMode {
    /// `nil` for what is not supported: white-outs, and the two flags together.
    init?(kernelFlags: UInt32) {
        switch Int(kernelFlags) {
        case 0: self = .replace
        case CFUSE_RENAME_NOREPLACE: self = .refuse
        case CFUSE_RENAME_EXCHANGE: self = .exchange
        default: return nil
        }
    }
}

extension AllocationMode {
    /// `nil` for what is not supported: what moves the bytes behind the range.
    init?(kernelFlags: Int32) {
        let keepSize = Int(kernelFlags) & CFUSE_FALLOC_FL_KEEP_SIZE != 0
        switch Int(kernelFlags) & ~CFUSE_FALLOC_FL_KEEP_SIZE {
        case 0: self = .allocate(keepSize: keepSize)
        case CFUSE_FALLOC_FL_PUNCH_HOLE where keepSize: self = .punchHole
        case CFUSE_FALLOC_FL_ZERO_RANGE: self = .zero(keepSize: keepSize)
        default: return nil
        }
    }
}

extension SeekTarget {
    init?(kernelWhence: Int32) {
        switch Int(kernelWhence) {
        case CFUSE_SEEK_DATA: self = .data
        case CFUSE_SEEK_HOLE: self = .hole
        default: return nil
        }
    }
}

extension AttributeSetMode {
    init?(kernelFlags: Int32) {
        switch Int(kernelFlags) {
        case 0: self = .any
        case CFUSE_XATTR_CREATE: self = .create
        case CFUSE_XATTR_REPLACE: self = .replace
        default: return nil
        }
    }
}

extension Caller {
    /// Whose request it is; to be asked before the reply.
    init(of request: fuse_req_t) {
        let context = fuse_req_ctx(request).pointee
        self.init(userID: context.uid, groupID: context.gid)
    }
}

extension OpenReply {
    /// What the kernel is told of it. With `flushes` false it need not tell us of closed descriptors.
    func kernelInfo(flushes: Bool) -> fuse_file_info {
        var info = fuse_file_info()
        info.fh = handle.rawValue
        info.keep_cache = keepsCache ? 1 : 0
        info.noflush = flushes ? 0 : 1
        return info
    }
}

extension FileName {
    /// Copies a name that dies with its callback.
    init(kernelName: UnsafePointer<CChar>) {
        let count = strlen(kernelName)
        self.init(bytes: UnsafeRawBufferPointer(start: kernelName, count: count))
    }

    /// Whether the kernel takes this name in a listing; one it does not take makes the whole listing EIO.
    var isKernelName: Bool {
        (1...255).contains(bytes.count) && !bytes.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
    }
}
