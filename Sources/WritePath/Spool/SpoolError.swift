import Glibc

/// The local disk under the spool failed. One line for people.
public struct SpoolError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The disk, or the user's quota on it, is full.
    public let isFull: Bool
    /// The disk's filesystem holds no file of that size.
    public let isTooLarge: Bool
    public let description: String

    init(_ what: String, code: Int32) {
        isFull = code == ENOSPC || code == EDQUOT
        isTooLarge = code == EFBIG
        description = "\(what): \(String(cString: strerror(code)))"
    }
}
