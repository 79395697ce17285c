import Basics
import Drive

/// Why a draft does not get on at the moment, and what becomes of it (contract 11). A pure table.
public struct Trouble: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// Tried again soon, for as long as it takes.
        case passing
        /// Tried again slowly: the drive is full, or a person has to mend something.
        case lasting
        /// Of no use to repeat: kept, and tried again when somebody asks for it.
        case final
        /// The object it is about is gone from the drive.
        case gone
    }

    public var kind: Kind
    /// For people: the drive's own words where it said something.
    public var words: String
    public var cause: DriveError?

    init(_ kind: Kind, _ words: String, _ cause: DriveError? = nil) {
        self.kind = kind
        self.words = words
        self.cause = cause
    }

    init(_ error: DriveError) {
        switch error {
        case .unreachable(let words): self.init(.passing, "the drive cannot be reached: \(words)", error)
        case .untrusted(let words): self.init(.lasting, "the drive's certificate is not trusted (\(words))", error)
        case .cancelled: self.init(.passing, "interrupted", error)
        case .deadlinePassed: self.init(.passing, "the drive did not answer in time", error)
        case .loginRequired(let words), .misconfigured(let words):
            self.init(.lasting, "a login is needed: \(words)", error)
        case .accountRestricted(let refusal): self.init(.lasting, "the account is restricted: \(refusal.text)", error)
        case .quotaExhausted(let refusal): self.init(.lasting, "the drive is full: \(refusal.text)", error)
        case .driveLocked(let refusal): self.init(.lasting, "the drive is locked: \(refusal.text)", error)
        case .accessDenied(let refusal), .wrongKind(let refusal), .rejected(let refusal), .nameTaken(let refusal):
            self.init(.final, "the drive refuses: \(refusal.text)", error)
        case .tooLarge(let refusal): self.init(.final, "larger than this account may store: \(refusal.text)", error)
        case .notFound(let refusal), .inRecycleBin(let refusal):
            self.init(.gone, "gone from the drive: \(refusal.text)", error)
        case .serverFailure(let refusal), .staleMarker(let refusal):
            self.init(.passing, "the drive fails: \(refusal.text)", error)
        case .malformedAnswer(let words): self.init(.passing, "the drive's answer makes no sense: \(words)", error)
        case .download: self.init(.passing, "the stored bytes cannot be read", error)
        case .change(let failure): self.init(failure, error)
        }
    }

    private init(_ failure: ChangeFailure, _ error: DriveError) {
        switch failure {
        case .uncertain(let words): self.init(.passing, "the answer was lost: \(words)", error)
        case .preHashMatched: self.init(.passing, "the drive may know the content", error)
        case .invalidProof(let refusal), .contentMismatch(let refusal), .uploadGone(let refusal):
            self.init(.passing, refusal.text, error)
        case .part(.foreignHost(let host)):
            self.init(.final, "the drive names \(host) to upload to, which is not its own: see --link-hosts", error)
        case .part(.denied(let code)): self.init(.passing, "a part was refused: \(code)", error)
        case .part: self.init(.passing, "a part could not be sent", error)
        case .source(let failure): self.init(.final, "the spool cannot be read: \(failure)", error)
        }
    }

    /// The wait before the next try: 1, 2, 4 … 120 s and up to half as much again; five minutes where it lasts.
    func pause(afterFailures count: Int, jitter: Double) -> Duration? {
        switch kind {
        case .passing: min(.seconds(1 << min(max(count, 1) - 1, 7)), .seconds(120)) * (1 + jitter / 2)
        case .lasting: .seconds(300)
        case .final, .gone: nil
        }
    }
}

extension Refusal {
    fileprivate var text: String { [code, message].filter { !$0.isEmpty }.joined(separator: ": ") }
}
