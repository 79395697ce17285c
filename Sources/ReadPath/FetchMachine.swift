import Drive

/// Decides what one fetch does next: which trouble is healed how, and when it is given up (contract 6.4).
///
/// A value: events in, actions out. Who waits for the fetch is told with each event, because a fetch that nobody
/// waits for gives up after few tries, while waiting readers bound it by their own deadlines.
struct FetchMachine: Hashable, Sendable {
    enum Event: Hashable, Sendable {
        case started
        case linked
        case linkFailed(DriveError)
        /// The body ended without an error, `moved` bytes later; `complete` when the whole run is in.
        case bodyEnded(moved: Int64, complete: Bool)
        case bodyFailed(DriveError, moved: Int64)
        case slept
        /// The object is still what was opened.
        case objectPresent
        /// It is not: gone, or with other bytes.
        case objectGone(String)
        case checkFailed(DriveError)
    }

    enum Action: Hashable, Sendable {
        /// Get a link; with `renew`, one other than the last.
        case link(renew: Bool)
        /// Ask for all bytes from the next missing one on.
        case download
        case sleep(Duration)
        /// Ask the drive for the object.
        case checkObject
        case finish
        case fail(ReadError)
    }

    let policy: RetryPolicy
    /// The trouble of the fetch while it is being healed; `nil` when bytes have come since.
    private(set) var trouble: ReadError?
    /// Times that anything had to be repeated, for statistics.
    private(set) var retries = 0

    private var failures = 0
    private var expiries = 0
    private var refusedStreams = 0
    private var denials = 0
    private var hasReplacedLink = false
    private var hasCheckedObject = false
    private var afterSleep = Action.download

    init(policy: RetryPolicy = RetryPolicy()) { self.policy = policy }

    mutating func handle(_ event: Event, isWaitedFor: Bool, jitter: Double) -> Action {
        let mood = Mood(isWaitedFor: isWaitedFor, jitter: jitter)
        switch event {
        case .started: return .link(renew: false)
        case .linked: return .download
        case .slept: return afterSleep
        case .linkFailed(let error): return failed(error, retry: .link(renew: false), mood)
        case .bodyEnded(_, complete: true): return .finish
        case .bodyEnded(let moved, complete: false): return cut("the body ended early", moved, mood)
        case .bodyFailed(.download(let failure), let moved): return failed(failure, moved, mood)
        case .bodyFailed(let error, let moved):
            noteProgress(moved)
            return failed(error, retry: .download, mood)
        case .objectPresent: return replaceLink(or: .stale("the stored object is gone"))
        case .objectGone(let words): return .fail(.stale(words))
        case .checkFailed(let error): return failed(error, retry: .checkObject, mood)
        }
    }

    private struct Mood {
        var isWaitedFor: Bool
        var jitter: Double
    }

    private mutating func noteProgress(_ moved: Int64) {
        guard moved >= policy.progress else { return }
        self = FetchMachine(policy: policy, retries: retries)
    }

    private init(policy: RetryPolicy, retries: Int) {
        self.policy = policy
        self.retries = retries
    }

    private mutating func failed(_ failure: DownloadFailure, _ moved: Int64, _ mood: Mood) -> Action {
        noteProgress(moved)
        trouble = ReadError(.download(failure))
        switch failure {
        case .expired:
            expiries += 1
            if expiries > policy.expiries { return .fail(ReadError(.download(failure))) }
            return .link(renew: true)
        case .tooManyStreams:
            refusedStreams += 1
            retries += 1
            if !mood.isWaitedFor, refusedStreams >= policy.triesUnwaited { return .fail(ReadError(.download(failure))) }
            afterSleep = .download
            return .sleep(policy.streamDelay(refusedStreams, jitter: mood.jitter))
        case .cut(let words):
            return cut(words, moved, mood)
        case .throttled:
            return backOff(.download(failure), then: .download, mood)
        case .denied("SignatureDoesNotMatch"):
            return replaceLink(or: .inputOutput("the store does not accept the link's signature"))
        case .denied(let code):
            denials += 1
            if denials >= policy.denials { return .fail(.accessDenied(code)) }
            return backOff(.download(failure), then: .download, mood)
        case .gone:
            if hasCheckedObject { return .fail(ReadError(.download(failure))) }
            hasCheckedObject = true
            return .checkObject
        case .wrongRange:
            return replaceLink(or: ReadError(.download(failure)))
        case .foreignHost:
            return .fail(ReadError(.download(failure)))
        }
    }

    /// A cut body is resumed at once; only when nothing comes any more, later and later.
    private mutating func cut(_ words: String, _ moved: Int64, _ mood: Mood) -> Action {
        noteProgress(moved)
        let error = DriveError.download(.cut(words))
        trouble = ReadError(error)
        if failures == 0 {
            failures = 1
            retries += 1
            return .download
        }
        return backOff(error, then: .download, mood)
    }

    private mutating func failed(_ error: DriveError, retry: Action, _ mood: Mood) -> Action {
        trouble = ReadError(error)
        switch error {
        case .unreachable, .deadlinePassed, .serverFailure, .malformedAnswer, .cancelled, .download:
            return backOff(error, then: retry, mood)
        case .untrusted, .loginRequired, .misconfigured, .accessDenied, .accountRestricted, .driveLocked, .notFound,
            .inRecycleBin, .nameTaken, .wrongKind, .quotaExhausted, .tooLarge, .staleMarker, .rejected, .change:
            return .fail(ReadError(error))
        }
    }

    private mutating func backOff(_ error: DriveError, then next: Action, _ mood: Mood) -> Action {
        failures += 1
        retries += 1
        if !mood.isWaitedFor, failures >= policy.triesUnwaited { return .fail(ReadError(error)) }
        afterSleep = next
        return .sleep(policy.delay(failures, jitter: mood.jitter))
    }

    private mutating func replaceLink(or error: ReadError) -> Action {
        if hasReplacedLink { return .fail(error) }
        hasReplacedLink = true
        retries += 1
        return .link(renew: true)
    }
}
