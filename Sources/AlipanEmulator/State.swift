import Crypto

/// Everything the emulator knows, as one value behind one lock.
struct State: Sendable {
    var switches: Switches
    var tree = Tree()
    var tokens: TokenBook
    var logins = LoginBook()
    var uploads = UploadBook()
    var tasks = TaskBook()
    var limiter = RateLimiter()
    var slots = Slots()
    var counters = Counters()
    var faults: FaultBook
    var random: Scrambler
    /// Content the service has seen, by its hash: what rapid upload can find.
    var known: [ContentHash: Content] = [:]
    var frozen = false
    /// Links and upload addresses issued at or before this time are expired.
    var linksExpiredUntil: Milliseconds = .min
    var ghosts = Ghosts()
    var pageCounter = 0
    /// When the online renew service was used.
    var renewals: [Milliseconds] = []

    /// What links are signed with.
    private(set) var signing: SymmetricKey

    init(configuration: Configuration, epoch: UInt64) {
        switches = configuration.switches
        tokens = TokenBook(seed: epoch)
        faults = FaultBook(rules: configuration.faults, seed: configuration.seed)
        random = Scrambler(seed: Scrambler.mix(epoch))
        signing = Self.signingKey(configuration.seed)
    }

    private static func signingKey(_ seed: UInt64) -> SymmetricKey { SymmetricKey(data: Array("link \(seed)".utf8)) }

    mutating func sign(with seed: UInt64) { signing = Self.signingKey(seed) }

    mutating func newID() -> ItemID { ItemID(raw: random.bytes20()) }
    mutating func requestID() -> String { random.token().uppercased() }

    /// Remembers content so that the same bytes can be had again without sending them.
    mutating func learn(_ content: Content) {
        if let hash = content.hash, known[hash] == nil { known[hash] = content }
    }
}

/// One call of the API, decoded as far as every endpoint needs it.
struct Call: Sendable {
    var endpoint: Endpoint
    var method: String
    var path: String
    var query: [(name: String, value: String)]
    var headers: [(name: String, value: String)]
    var body: [UInt8]
    var bearer: String?
    var grant: TokenBook.Token?
    var now: Milliseconds
    var setup: Setup

    func query(_ name: String) -> String? { query.first { $0.name == name }?.value }
    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
}

/// What is fixed once the listeners are up.
struct Setup: Sendable {
    var configuration: Configuration
    var files: ContentFiles
    var apiURL: String
    var linkURL: String
}
