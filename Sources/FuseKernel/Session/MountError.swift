/// Why a mount did not come about.
public enum MountError: Error, Hashable, Sendable {
    case mountPointMissing(String)
    case mountPointNotADirectory(String)
    /// A FUSE mount whose process died still sits there; `fusermount3 -u` clears it.
    case mountPointDead(String)
    case mountPointNotAccessible(String, errno: Int32)
    /// The kernel has no FUSE, or the container does not show it.
    case deviceMissing
    case deviceNotAccessible(errno: Int32)
    /// Mounting without root needs this helper, from the package fuse3.
    case helperMissing
    /// `allow_other` or `allow_root` without root needs `user_allow_other` in /etc/fuse.conf.
    case sharingNotAllowed
    /// An option that libfuse does not know, in its words.
    case optionNotUnderstood(String)
    /// Kernel or helper said no, in libfuse's words.
    case refused(String)
    /// The system gave no thread, memory or descriptor.
    case outOfResources
}

extension MountError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .mountPointMissing(let path): "mount point \(path) does not exist"
        case .mountPointNotADirectory(let path): "mount point \(path) is not a directory"
        case .mountPointDead(let path): "mount point \(path) is a FUSE mount whose process is gone"
        case .mountPointNotAccessible(let path, let errno):
            "mount point \(path) cannot be accessed: \(errorText(errno))"
        case .deviceMissing: "/dev/fuse does not exist: the kernel module fuse is not loaded or not shown here"
        case .deviceNotAccessible(let errno): "/dev/fuse cannot be opened: \(errorText(errno))"
        case .helperMissing: "fusermount3 is not installed (package fuse3); only root can mount without it"
        case .sharingNotAllowed:
            "allow_other and allow_root need the line user_allow_other in /etc/fuse.conf unless root mounts"
        case .optionNotUnderstood(let words): "mount option not understood: \(words)"
        case .refused(let words): "mounting was refused: \(words)"
        case .outOfResources: "the system has no thread, memory or descriptor left"
        }
    }
}
