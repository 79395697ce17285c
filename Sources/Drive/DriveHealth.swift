import Basics

/// What `status` tells of the connection to the drive. A snapshot.
public struct DriveHealth: Hashable, Sendable {
    public enum Login: Hashable, Sendable {
        /// No token has been needed yet.
        case unknown
        case valid
        /// With the drive's own words.
        case needed(String)
        /// Renewal fails for a reason that may pass; tried again at `next`.
        case renewalFailing(String, next: Moment)
    }

    /// One class of requests under the service's limits (contract 10).
    public struct Budget: Hashable, Sendable {
        public var name: String
        public var perSecond: Double
        public var waiting: Int
        public var sent: UInt64
        /// Answers 429; should stay 0.
        public var throttled: UInt64
        /// Set while the whole class pauses.
        public var pausedUntil: Moment?

        public init(
            name: String, perSecond: Double, waiting: Int, sent: UInt64, throttled: UInt64, pausedUntil: Moment?
        ) {
            self.name = name
            self.perSecond = perSecond
            self.waiting = waiting
            self.sent = sent
            self.throttled = throttled
            self.pausedUntil = pausedUntil
        }
    }

    public struct Fault: Hashable, Sendable {
        public var at: UnixTime
        /// One line without secrets: what was tried, what came back.
        public var what: String

        public init(at: UnixTime, what: String) {
            self.at = at
            self.what = what
        }
    }

    public var login: Login
    public var budgets: [Budget]
    public var streamsOpen: Int
    public var streamsAllowed: Int
    /// The newest few, oldest first.
    public var lastFaults: [Fault]

    public init(login: Login, budgets: [Budget], streamsOpen: Int, streamsAllowed: Int, lastFaults: [Fault]) {
        self.login = login
        self.budgets = budgets
        self.streamsOpen = streamsOpen
        self.streamsAllowed = streamsAllowed
        self.lastFaults = lastFaults
    }
}
