/// Every way in which a request to the drive ends without its answer, after all the healing the client does
/// itself: the token refreshed, throttling waited out, faults of the server retried (contract 10 and 11).
public enum DriveError: Error, Hashable, Sendable {
    /// Nobody answered: no network, refused, reset. The text says what.
    case unreachable(String)
    /// Whoever answered did not prove to be the drive, so nothing was sent. Whose certificate it is about, and what is
    /// wrong with it.
    case untrusted(String)
    /// The caller's task was cancelled.
    case cancelled
    /// The request's deadline passed while waiting for a turn, for the network or for throttling to end.
    case deadlinePassed
    /// The refresh token is dead or the grant was revoked: a person has to log in again.
    case loginRequired(String)
    /// The app is not configured rightly (client id, secret, grant type).
    case misconfigured(String)
    /// This account may not touch this object or drive.
    case accessDenied(Refusal)
    /// The account is frozen or limited; background traffic must stop.
    case accountRestricted(Refusal)
    case driveLocked(Refusal)
    case notFound(Refusal)
    /// The object is in the recycle bin.
    case inRecycleBin(Refusal)
    case nameTaken(Refusal)
    /// A folder where the call needs a file, or the other way round.
    case wrongKind(Refusal)
    case quotaExhausted(Refusal)
    case tooLarge(Refusal)
    /// A marker of a listing is stale: start the listing again.
    case staleMarker(Refusal)
    /// The request itself was refused; repeating it is of no use.
    case rejected(Refusal)
    /// 5xx or an answer of no known shape, repeatedly.
    case serverFailure(Refusal)
    /// 200 with a body that is not what the contract says.
    case malformedAnswer(String)
    /// Why a download's body could not be had, or ended early.
    case download(DownloadFailure)
    /// Why a changing call did not do what was asked. Reading calls never end like this.
    case change(ChangeFailure)
}

/// The drive's own words.
public struct Refusal: Hashable, Sendable {
    /// The HTTP status.
    public var status: Int
    /// The `code` of the body, or "" where there was none.
    public var code: String
    /// For people only: language and wording are not stable.
    public var message: String

    public init(status: Int, code: String, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }
}

/// How reading a link's body failed. None of these is healed below the read path, which knows the offset.
public enum DownloadFailure: Hashable, Sendable {
    /// The link is too old: a new link, the same offset, not counted as a failure.
    case expired
    /// Too many bodies are open for this account: wait, the link stays good.
    case tooManyStreams
    /// Refused by policy or signature; the code of the XML body.
    case denied(String)
    /// The object is gone.
    case gone
    /// The answer is for other bytes than asked (200 for a range, a wrong Content-Range, another total size).
    case wrongRange(String)
    /// The body ended, stalled or was cut before all bytes had come; those that came are good.
    case cut(String)
    /// 429, 5xx, 509.
    case throttled(status: Int)
    /// The link points to a host that is not the drive's (`--link-hosts`).
    case foreignHost(String)
}
