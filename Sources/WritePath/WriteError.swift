import Drive
import MetadataStore
import ReadPath

/// Every way in which writing here fails.
public enum WriteError: Error, Hashable, Sendable {
    case spool(SpoolError)
    case journal(StoreError)
    /// Bytes of the stored object that the draft began from cannot be had.
    case base(ReadError)
    /// The bound of the spool (`--spool-size`), its disk less what is to stay free, or the account's quota is reached.
    case noRoom(String)
    case drive(DriveError)
    case cancelled
    case timedOut
    /// The upload was refused for good; for those who wait for it.
    case refused(String)
    /// The file was removed meanwhile.
    case removed
}
