import Settings

/// The mount itself, as the command line sees it.
public protocol MountService: Sendable {
    /// Mounts, calls `ready` once the root folder can be listed, serves until `stop` is asked for or the mount is
    /// taken away from outside, unmounts, and returns when nothing of it is left.
    ///
    /// Called once for a process, with the state directory made, locked and private, a dead mount cleared from the
    /// mount point, and the log set up. `ready` may be called once, from any thread.
    func run(
        _ order: MountOrder, ready: @escaping @Sendable () -> Void, stop: StopSignal
    ) async throws(MountFailure)
}

/// What a mount is to do.
public struct MountOrder: Sendable {
    public var settings: MountSettings
    /// Given by the user at this start, well-formed, not tried yet. nil when the stored token is to be used.
    ///
    /// A stored token that grew out of the same one is newer: the one who stores tokens decides which to take.
    public var givenToken: RefreshToken?
    /// The secret of `settings.clientID`.
    public var clientSecret: Secret?

    public init(settings: MountSettings, givenToken: RefreshToken? = nil, clientSecret: Secret? = nil) {
        self.settings = settings
        self.givenToken = givenToken
        self.clientSecret = clientSecret
    }
}

/// Why there is no mount, or why it ended badly: one line that says what to do, without secrets.
public struct MountFailure: Error, Hashable, Sendable {
    public var status: ExitStatus
    public var message: String

    public init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}

/// Exit statuses that scripts rely on; the numbers are those of `sysexits.h`.
public enum ExitStatus: Int32, Hashable, Sendable {
    case success = 0
    /// Asked, and the answer is no: not healthy, nothing mounted.
    case negative = 1
    /// Wrong usage or configuration.
    case usage = 64
    /// The drive refused or cannot be reached, and nothing is cached.
    case unavailable = 69
    /// A fault of our own.
    case software = 70
    /// Trouble with the mount point, FUSE or a directory.
    case cannotCreate = 73
    /// A login is needed.
    case loginNeeded = 77
}
