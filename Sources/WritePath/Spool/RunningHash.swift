import Crypto
import Drive

/// The SHA-1 of a file while it is written from front to back; what comes out of order is hashed from the spool later.
/// A value.
struct RunningHash: Sendable {
    private var hasher = Insecure.SHA1()
    /// How many bytes from the start are in it.
    private(set) var count: Int64 = 0

    /// Whether a write at `offset` leaves what is in it valid.
    func survives(changeAt offset: Int64) -> Bool { offset >= count }

    mutating func take(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        guard offset == count else { return }
        hasher.update(bufferPointer: bytes)
        count += Int64(bytes.count)
    }

    func result() -> ContentHash {
        guard let hash = ContentHash(bytes: Array(hasher.finalize())) else {
            preconditionFailure("a SHA-1 has 20 bytes")
        }
        return hash
    }
}
