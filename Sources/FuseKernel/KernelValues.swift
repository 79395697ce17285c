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
