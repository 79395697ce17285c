import Drive

/// Why a read has no bytes to give, after all that could be healed has been tried.
///
/// The texts are the drive's or the network's own words, for the log; they hold no secrets.
public enum ReadError: Error, Hashable, Sendable {
    /// The object is gone, in the recycle bin, or no longer what was opened.
    case stale(String)
    /// The drive withholds these bytes from this account.
    case accessDenied(String)
    /// A person has to log in again, or mend the app's configuration.
    case loginNeeded(String)
    /// Nobody answered until the deadline, or nobody who could be trusted.
    case unreachable(String)
    /// The deadline passed; with the last trouble, if there was any.
    case timedOut(String)
    /// The reading task was cancelled, or the handle closed under it.
    case interrupted
    /// The bytes do not have the SHA-1 that the drive states.
    case corrupt(String)
    /// The drive failed in a way that is none of the above.
    case inputOutput(String)
}

extension ReadError {
    /// The one table from failures of the drive to failures of a read.
    init(_ error: DriveError) {
        switch error {
        case .unreachable(let words): self = .unreachable(words)
        case .untrusted(let words): self = .unreachable("the drive's certificate is not trusted (\(words))")
        case .cancelled: self = .interrupted
        case .deadlinePassed: self = .timedOut("the drive did not answer in time")
        case .loginRequired(let words), .misconfigured(let words): self = .loginNeeded(words)
        case .accessDenied(let refusal), .accountRestricted(let refusal), .driveLocked(let refusal):
            self = .accessDenied(refusal.words)
        case .notFound(let refusal), .inRecycleBin(let refusal): self = .stale(refusal.words)
        case .nameTaken(let refusal), .wrongKind(let refusal), .quotaExhausted(let refusal), .tooLarge(let refusal),
            .staleMarker(let refusal), .rejected(let refusal), .serverFailure(let refusal):
            self = .inputOutput(refusal.words)
        case .malformedAnswer(let words): self = .inputOutput(words)
        case .download(let failure): self = ReadError(failure)
        case .change: self = .inputOutput("a change where a read was asked for")
        }
    }

    private init(_ failure: DownloadFailure) {
        switch failure {
        case .expired: self = .inputOutput("the drive's links are expired as soon as they are made")
        case .tooManyStreams: self = .timedOut("the account has too many downloads open")
        case .denied(let code): self = .accessDenied(code)
        case .gone: self = .stale("the stored object is gone")
        case .wrongRange(let words): self = .inputOutput("an answer for other bytes: \(words)")
        case .cut(let words): self = .unreachable("the body was cut: \(words)")
        case .throttled(let status): self = .timedOut("the store answers \(status)")
        case .foreignHost: self = .inputOutput("the link points to a foreign host")
        }
    }
}

extension Refusal {
    var words: String { "\(status) \(code): \(message)" }
}
