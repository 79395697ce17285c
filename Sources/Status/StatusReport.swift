/// What a running mount tells of itself, as JSON with keys in snake case, through the extended attribute
/// `StatusReport.attribute` on its root folder. The mount fills it; `aliyunfs status` reads it.
///
/// Fields may be added; one that is here keeps its name and meaning.
public struct StatusReport: Codable, Hashable, Sendable {
    /// Answered by `getxattr` on the mount's root, not listed by `listxattr`.
    public static let attribute = "user.aliyun.status"

    /// All is well: what scripts ask for.
    public var healthy: Bool
    /// Seconds since 1970.
    public var mountedAt: Double
    /// The serving process.
    public var pid: Int32
    public var version: String
    public var profile: String
    public var login: Login
    /// As the account calls itself; nil until it is known.
    public var accountName: String?
    public var drive: String
    public var budgets: [Budget]
    public var streams: Streams
    public var reads: Reads
    public var directories: Directories
    public var kernel: Kernel
    /// What the drive does not have yet; nil from a mount of an older version.
    public var queue: Queue?
    /// Where token, database and unsent bytes are; nil from a mount of an older version.
    public var stateDir: String?
    /// For how long `unmount` waits for uploads unless told otherwise.
    public var drainSeconds: Double?
    /// The newest few, oldest first.
    public var lastFaults: [Fault]
    /// What the user can do, a sentence each; empty when there is nothing to do.
    public var advice: [String]

    public init(
        healthy: Bool, mountedAt: Double, pid: Int32, version: String, profile: String, login: Login,
        accountName: String?, drive: String, budgets: [Budget], streams: Streams, reads: Reads,
        directories: Directories, kernel: Kernel, queue: Queue? = nil, stateDir: String? = nil,
        drainSeconds: Double? = nil, lastFaults: [Fault], advice: [String]
    ) {
        self.healthy = healthy
        self.mountedAt = mountedAt
        self.pid = pid
        self.version = version
        self.profile = profile
        self.login = login
        self.accountName = accountName
        self.drive = drive
        self.budgets = budgets
        self.streams = streams
        self.reads = reads
        self.directories = directories
        self.kernel = kernel
        self.queue = queue
        self.stateDir = stateDir
        self.drainSeconds = drainSeconds
        self.lastFaults = lastFaults
        self.advice = advice
    }
}

extension StatusReport {
    public struct Login: Codable, Hashable, Sendable {
        public enum State: String, Codable, Sendable {
            /// No token has been needed yet.
            case unknown
            case valid
            /// A person has to log in again.
            case needed
            /// Renewal fails for a reason that may pass.
            case renewalFailing = "renewal_failing"
        }

        public var state: State
        /// The drive's own words, without secrets.
        public var detail: String?

        public init(state: State, detail: String? = nil) {
            self.state = state
            self.detail = detail
        }
    }

    /// One class of requests under the service's limits.
    public struct Budget: Codable, Hashable, Sendable {
        public var name: String
        public var perSecond: Double
        public var waiting: Int
        public var sent: UInt64
        public var throttled: UInt64
        /// Milliseconds until the class goes on; 0 when it is not paused.
        public var pausedForMs: Int64

        public init(name: String, perSecond: Double, waiting: Int, sent: UInt64, throttled: UInt64, pausedForMs: Int64)
        {
            self.name = name
            self.perSecond = perSecond
            self.waiting = waiting
            self.sent = sent
            self.throttled = throttled
            self.pausedForMs = pausedForMs
        }
    }

    /// Download bodies.
    public struct Streams: Codable, Hashable, Sendable {
        public var open: Int
        public var allowed: Int

        public init(open: Int, allowed: Int) {
            self.open = open
            self.allowed = allowed
        }
    }

    public struct Reads: Codable, Hashable, Sendable {
        public var bytesServed: UInt64
        public var bytesFetched: UInt64
        /// Reads answered from memory.
        public var hits: UInt64
        /// Download links asked for.
        public var links: UInt64
        public var retries: UInt64
        /// Files whose bytes did not have the drive's hash.
        public var mismatches: UInt64
        /// Bytes of read buffers.
        public var memoryUsed: UInt64
        public var memoryLimit: UInt64

        public init(
            bytesServed: UInt64, bytesFetched: UInt64, hits: UInt64, links: UInt64, retries: UInt64, mismatches: UInt64,
            memoryUsed: UInt64, memoryLimit: UInt64
        ) {
            self.bytesServed = bytesServed
            self.bytesFetched = bytesFetched
            self.hits = hits
            self.links = links
            self.retries = retries
            self.mismatches = mismatches
            self.memoryUsed = memoryUsed
            self.memoryLimit = memoryLimit
        }
    }

    public struct Directories: Codable, Hashable, Sendable {
        /// Folders whose listing is known.
        public var cached: Int
        public var entries: Int
        /// Folders being listed right now.
        public var loading: Int

        public init(cached: Int, entries: Int, loading: Int) {
            self.cached = cached
            self.entries = entries
            self.loading = loading
        }
    }

    public struct Kernel: Codable, Hashable, Sendable {
        public var requests: UInt64
        public var inFlight: Int
        public var interrupted: UInt64

        public init(requests: UInt64, inFlight: Int, interrupted: UInt64) {
            self.requests = requests
            self.inFlight = inFlight
            self.interrupted = interrupted
        }
    }

    public struct Fault: Codable, Hashable, Sendable {
        /// Seconds since 1970.
        public var at: Double
        public var what: String

        public init(at: Double, what: String) {
            self.at = at
            self.what = what
        }
    }
}
