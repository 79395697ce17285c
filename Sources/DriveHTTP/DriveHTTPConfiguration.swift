/// Everything `HTTPDrive` needs to be told.
public struct DriveHTTPConfiguration: Sendable {
    /// Who turns a refresh token into a new pair (contract 2.4).
    public enum Renewal: Sendable, Hashable {
        /// OpenList's online API: GET with the token in the query. `driver` is `alicloud_qr` or `alicloud_tv`.
        case online(url: String, driver: String)
        /// The older online API: POST with JSON.
        case onlinePost(url: String)
        /// The drive itself, with an app of one's own.
        case ownApp(clientID: String, clientSecret: String)
    }

    /// Requests per second of each class of contract 10; fractions are allowed.
    public struct Rates: Sendable, Hashable {
        public var list: Double
        public var link: Double
        public var other: Double

        public init(list: Double = 4, link: Double = 1, other: Double = 15) {
            self.list = list
            self.link = link
            self.other = other
        }
    }

    public struct Proxy: Sendable, Hashable {
        public var host: String
        public var port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// `https://openapi.alipan.com`; a trailing slash is tolerated.
    public var apiURL: String
    public var renewal: Renewal
    /// The file that holds the login. Its folder must exist and be private.
    public var tokenPath: String
    /// A folder, made if missing, that all mounts of one account on this machine share: turns under the service's
    /// limits are handed out through files in it.
    public var limitsDirectory: String
    public var rates = Rates()
    /// Open download bodies for the whole account, 1 to 10.
    public var streams = 3
    /// How long a stream counts as open after its body has ended, to begin with: the service counts it for a moment
    /// longer (contract 6.5). It is learned from refusals, so 0 costs at most a pause, and more costs speed where
    /// many short ranges are read.
    public var streamLinger: Duration = .milliseconds(50)
    /// Longest that one call may take, waiting for its turn included.
    public var timeout: Duration = .seconds(60)
    /// Longest that one request of a call may take before it is tried again.
    public var requestTimeout: Duration = .seconds(30)
    /// A body that brings no byte for this long is cut.
    public var stallTimeout: Duration = .seconds(20)
    public var connectTimeout: Duration = .seconds(10)
    /// Host suffixes that download links may point to besides the drive's own.
    public var linkHostSuffixes: [String] = []
    /// Bytes per second over all downloads of this process.
    public var bandwidthDown: Int64?
    /// Bytes per second over all uploads of this process.
    public var bandwidthUp: Int64?
    /// Sends parts to the store's address inside its own data centre: for machines that stand there, unreachable from
    /// anywhere else (contract 7.6).
    public var usesInternalUploadHost = false
    /// Never empty: the service fails without one (contract 1).
    public var userAgent = "aliyunfs"
    public var proxy: Proxy?
    public var trustedRoots = TrustedRoots.system

    public init(apiURL: String, renewal: Renewal, tokenPath: String, limitsDirectory: String) {
        self.apiURL = apiURL
        self.renewal = renewal
        self.tokenPath = tokenPath
        self.limitsDirectory = limitsDirectory
    }
}
