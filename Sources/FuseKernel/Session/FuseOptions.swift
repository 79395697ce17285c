/// How a filesystem is mounted.
public struct FuseOptions: Hashable, Sendable {
    public enum Access: Hashable, Sendable {
        /// Whoever mounted.
        case ownerOnly
        /// The owner and root. Needs `user_allow_other` in /etc/fuse.conf unless root mounts.
        case ownerAndRoot
        /// Everybody, as the permission bits say. The same need.
        case everybody
    }

    /// The first column of `mount`, and what follows `fuse.` in the type column.
    public var name = "aliyunfs"
    public var subtype = "aliyunfs"
    public var access = Access.ownerOnly
    /// The kernel checks permission bits; without it nobody does.
    public var checksPermissions = true
    /// The kernel refuses every change (`ro`).
    public var readOnly = true
    /// Further options of mount.fuse, each what would follow one `-o`.
    public var extraOptions: [String] = []

    /// Threads that take requests from the kernel. They never wait for the drive, so a few are enough.
    public var threadsMax = 16
    /// A descriptor of /dev/fuse for each of them.
    public var clonesDescriptor = true
    /// Requests the kernel keeps in the air of its own accord: read-ahead.
    public var backgroundRequestsMax = 64
    /// Requests under way at one time; more are refused with ENOMEM.
    public var requestsMax = 4096
    /// Read buffers of 1 MiB and of 128 KiB; readers beyond them queue up without holding a thread.
    public var largeBuffersMax = 24
    public var smallBuffersMax = 64
    /// Standing buffers of 1 MiB for the bytes of writes under way.
    public var writeBuffersMax = 16
    /// Bytes of writes that found none free lie in memory of their own, up to this sum; more are refused with ENOMEM.
    public var writeOverflowBytesMax = 256 << 20
    /// Notifications that wait for delivery to the kernel; more are dropped and counted.
    public var notificationsMax = 65_536

    /// Resolution of file times in nanoseconds, a power of ten.
    public var timeGranularityNanoseconds: UInt32 = 1
    /// `st_blksize`: what programs read at a time, in bytes, a power of two. More makes sequential reading no faster,
    /// and makes languages that buffer this much read it all for a file's first line.
    public var blockSizeBytes: Int64 = 128 << 10
    /// The kernel's read-ahead of this mount, set where we may (root); 0 leaves it alone.
    public var readAheadKiB = 1024
    /// How long an exit waits for requests under way after cancelling them.
    public var drainTime: Duration = .seconds(10)

    public init() {}

    /// The most one read asks for.
    static let readBytesMax = 1 << 20
    /// The most one write brings.
    static let writeBytesMax = 1 << 20

    /// What libfuse is given as its command line.
    var arguments: [String] {
        var options = ["fsname=\(name)", "subtype=\(subtype)", "max_read=\(Self.readBytesMax)"]
        switch access {
        case .ownerOnly: break
        case .ownerAndRoot: options.append("allow_root")
        case .everybody: options.append("allow_other")
        }
        if checksPermissions { options.append("default_permissions") }
        if readOnly { options.append("ro") }
        return ([name] + (options + extraOptions).flatMap { ["-o", $0] })
    }
}
