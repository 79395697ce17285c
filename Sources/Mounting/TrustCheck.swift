import DriveHTTP
import Settings

/// The certificates by which a mount would know the drive, for `doctor`.
public enum TrustCheck {
    public struct Flaw: Error, Hashable, Sendable {
        public var words: String
        public var mend: String
    }

    /// Throws where no server at all could be trusted.
    public static func run(_ settings: MountSettings) throws(Flaw) {
        do throws(TrustedRoots.Flaw) {
            try TrustedRoots(settings).check()
        } catch {
            throw Flaw(words: error.words, mend: error.mend)
        }
    }
}
