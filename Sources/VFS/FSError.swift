import Glibc

/// Every way in which a file operation can fail.
public enum FSError: Error, Hashable, Sendable {
    case noSuchEntry
    case notADirectory
    case isADirectory
    case nameTooLong
    case invalidArgument
    case readOnly
    case permissionDenied
    case noSuchAttribute
    case bufferTooSmall
    case badHandle
    /// The object behind an open handle is gone or was replaced.
    case stale
    /// The drive withholds this object from this account.
    case accessDenied
    /// The login is dead; nothing but what is cached can be had.
    case loginNeeded
    /// The drive cannot be reached and the answer is not cached.
    case unreachable
    /// The operation took longer than it may (`--timeout`).
    case timedOut
    /// The application gave up (a signal arrived).
    case interrupted
    /// The drive or its content failed in a way that retrying did not heal.
    case inputOutput
    case tooManyOpenFiles
    case notSupported
    case alreadyExists
    case notEmpty
    /// Something unfinished needs it for the moment.
    case busy
    /// The local disk, its bound (`--spool-size`) or the drive has no room for these bytes.
    case noSpace
    case quotaExceeded
    case fileTooLarge
    /// Two places that no rename joins: other drives, or an object that lives in only one of them.
    case crossDevice
    /// A seek for data or a hole beyond the end of the file.
    case noData
}

extension FSError {
    /// The one table from failures to what the system call returns. Exhaustive on purpose: a new case does not
    /// compile until somebody has chosen its errno.
    public var errno: Int32 {
        switch self {
        case .noSuchEntry: ENOENT
        case .notADirectory: ENOTDIR
        case .isADirectory: EISDIR
        case .nameTooLong: ENAMETOOLONG
        case .invalidArgument: EINVAL
        case .readOnly: EROFS
        case .permissionDenied: EPERM
        case .noSuchAttribute: ENODATA
        case .bufferTooSmall: ERANGE
        case .badHandle: EBADF
        case .stale: ESTALE
        case .accessDenied: EACCES
        case .loginNeeded: EACCES
        case .unreachable: ENETUNREACH
        case .timedOut: EIO
        case .interrupted: EINTR
        case .inputOutput: EIO
        case .tooManyOpenFiles: ENFILE
        // Not ENOSYS: with that the kernel would stop asking for the whole mount, of open even with success.
        case .notSupported: EOPNOTSUPP
        case .alreadyExists: EEXIST
        case .notEmpty: ENOTEMPTY
        case .busy: EBUSY
        case .noSpace: ENOSPC
        case .quotaExceeded: EDQUOT
        case .fileTooLarge: EFBIG
        case .crossDevice: EXDEV
        case .noData: ENXIO
        }
    }
}
