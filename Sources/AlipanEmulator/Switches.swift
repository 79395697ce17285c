/// What the contract leaves open, or knows in more than one form. The defaults are its most confident reading.
///
/// Changed at any time through the control API, where names are in snake case.
public struct Switches: Codable, Sendable, Equatable {
    public init() {}

    // MARK: Transport (contract 1)
    public var missingUserAgentStatus = 500
    /// Adds the null keys that the service's failures often carry.
    public var errorNulls = false
    /// Adds keys no client knows to every success.
    public var extraKeys = true
    /// Shuffles the order of keys in every success.
    public var shuffleKeys = false
    /// What stands for an absent value where section 4 allows null.
    public var absent = Absent.null
    public var timeFraction = true
    /// Real milliseconds before each answer of the API.
    public var latencyMs = 0
    /// Bytes a second of each connection to the link host, both ways; 0 is unlimited.
    public var bandwidth = 0

    public enum Absent: String, Codable, Sendable { case null, missing, mixed }

    // MARK: Tokens (contract 2)
    public var accessTokenLifeS = 7200
    public var refreshTokenLifeS = 90 * 86_400
    public var pkceTokenLifeS = 30 * 86_400
    /// How long the previous access token works after a refresh; nil for its own life.
    public var oldTokenGraceS: Int?
    public var qrLifeS = 180
    public var authCodeLifeS = 600
    /// Each poll of a QR login moves it one state on, as if somebody scanned and confirmed.
    public var qrAutoConfirm = true
    /// Renewals the online service allows in an hour; 0 is unlimited.
    public var renewPerHour = 0
    /// The renewed tokens name another account.
    public var renewedSubDiffers = false

    // MARK: Drives (contract 3)
    public var showResourceDrive = true
    public var showBackupDrive = true
    public var totalBytes: Int64 = 1 << 40
    public var trashCountsAsUsed = true
    public var quotaStatus = 403

    // MARK: Listing (contract 5)
    public var listLimitMax = 100
    public var lastMarker = LastMarker.empty
    public var pages = Pages.full
    /// Entries of the trash slip into listings of the folder they were in.
    public var listShowsTrashed = false
    /// Changes of a listing become visible only after this time.
    public var visibilityDelayMs = 0
    public var searchLagMs = 0
    public var searchRateClass = RateClass.list
    public var getByPathStatus = 400
    public var getByPathFailsOnWhiteSpace = true
    public var batchGetBareArray = false
    public var batchGetMax = 100
    public var showLocalTimes = Shown.both

    public enum LastMarker: String, Codable, Sendable { case empty, null, missing }
    /// `short`: half of what was asked; `empty`: every other page has no entries.
    public enum Pages: String, Codable, Sendable { case full, short, empty }
    public enum Shown: String, Codable, Sendable { case none, list, get, both }

    // MARK: Links (contract 6)
    public var linkLifeMaxS = 900
    public var linkStyle = LinkStyle.oss4
    /// Open download bodies of the account.
    public var streams = 3
    /// How long a slot stays taken after its body has ended.
    public var slotLingerMs = 0
    public var rangeErrors416 = false
    /// New download links have a Referer among what is signed.
    public var linkNeedsReferer = false
    public var livpLinksKey = LivpKey.streamsUrl
    public var livpUrl = LivpURL.null
    public var listingUrls = false

    public enum LinkStyle: String, Codable, Sendable { case oss4, oss2, plain, v1 }
    public enum LivpURL: String, Codable, Sendable { case null, empty, missing }
    public enum LivpKey: String, Codable, Sendable {
        case streamsUrl
        case streamsUrlSnake = "streams_url"
    }

    // MARK: Writing (contract 7)
    public var refuseTaken = Refuse.exist
    public var preHashStatus = 409
    public var nameCheckIgnoresCase = false
    public var autoRename = AutoRename.counter
    public var uploadUrlLifeS = 3600
    public var maxFileBytes: Int64 = 100 << 30
    public var minPartBytes: Int64 = 100 << 10
    public var maxPartBytes: Int64 = 5 << 30
    public var maxParts = 10_000
    public var uploadedPartsPage = 1000
    public var completeWrongSize = WrongSize.refuse
    public var uploadIdAfterRapid = false
    public var lostUploadStatus = 400

    /// `exist`: 200 with exist:true; else AlreadyExist.File with that status.
    public enum Refuse: String, Codable, Sendable {
        case exist
        case badRequest = "400"
        case conflict = "409"
    }
    public enum AutoRename: String, Codable, Sendable { case counter, timestamp }
    public enum WrongSize: String, Codable, Sendable { case refuse, accept }

    // MARK: Tree (contract 8)
    public var updateTaken = Refuse.conflict
    public var updateDefaultMode = NameMode.ignore
    public var moveDefaultMode = NameMode.refuse
    /// `new_name` of a move counts without a collision too.
    public var moveNewNameAlways = false
    /// Work on a folder with content goes on in the background for this long; 0 does it at once.
    public var asyncMs = 300
    public var asyncFails = false
    public var trashedGet = Trashed.forbidden
    public var trashedStatus = 403
    public var updatedAtOnRename = true
    public var updatedAtOfParent = false

    public enum NameMode: String, Codable, Sendable {
        case refuse, ignore
        case autoRename = "auto_rename"
    }
    public enum Trashed: String, Codable, Sendable { case forbidden, shown }

    // MARK: Limits (contract 10)
    public var rateLimits = RateLimits()
    public var retryAfter = RetryAfter.milliseconds
    public var throttleCode = ThrottleCode.tooManyRequests
    /// After this many 429s the account is frozen; nil for never.
    public var freezeAfterThrottles: Int?

    public enum RetryAfter: String, Codable, Sendable { case milliseconds, missing, junk, seconds }
    public enum ThrottleCode: String, Codable, Sendable { case tooManyRequests, paramFlowException }
}

/// Which budget a request is counted in (contract 10).
public enum RateClass: String, Codable, Sendable, CaseIterable { case list, link, other }

/// Requests allowed to one user of one app. Zero means no limit.
public struct RateLimits: Codable, Sendable, Equatable {
    public var listPerTenSeconds = 40
    public var linkPerTenSeconds = 10
    public var otherPerTenSeconds = 150
    /// Also holds every single second to a tenth of that.
    public var perSecond = false

    public init() {}

    /// From requests per second.
    public init(list: Int, link: Int, other: Int, perSecond: Bool) {
        (listPerTenSeconds, linkPerTenSeconds, otherPerTenSeconds) = (list * 10, link * 10, other * 10)
        self.perSecond = perSecond
    }

    public static let none = RateLimits(list: 0, link: 0, other: 0, perSecond: false)

    func perTenSeconds(_ rateClass: RateClass) -> Int {
        switch rateClass {
        case .list: listPerTenSeconds
        case .link: linkPerTenSeconds
        case .other: otherPerTenSeconds
        }
    }
}
