import SystemPackage

/// Everything `aliyunfs mount` is told, checked and complete: a value that the parts of the mount take what they need
/// from. Made by `MountSettings.resolve` alone, which fills it from the table `Setting.mount`; the initial values here
/// only stand until then.
public struct MountSettings: Hashable, Sendable {
    public enum DriveChoice: String, CaseIterable, Sendable {
        case standard = "default"
        case resource, backup, all
    }
    public enum LivePhotoView: String, CaseIterable, Sendable { case jpeg, mov, both, zip }
    public enum RenewDriver: String, CaseIterable, Sendable {
        case qr = "alicloud_qr"
        case tv = "alicloud_tv"
    }
    public enum Removal: String, CaseIterable, Sendable { case trash, delete }
    public enum Toggle: String, CaseIterable, Sendable { case on, off }
    public enum LogLevel: String, CaseIterable, Sendable { case trace, debug, info, notice, warning, error, critical }
    public enum LogFormat: String, CaseIterable, Sendable { case text, json }

    public enum TokenSource: Hashable, Sendable {
        case standardInput
        case file(FilePath)
    }

    /// A name fit for a folder.
    public internal(set) var profile = ""
    /// Absolute, without `.`, `..` or a trailing slash; symbolic links are not resolved yet.
    public internal(set) var mountPoint: FilePath = ""
    /// Token, database. Absolute.
    public internal(set) var stateDir: FilePath = ""

    // Login
    public internal(set) var refreshTokenFile: TokenSource?
    /// Set together with `clientSecretFile`: then tokens are renewed with the drive itself.
    public internal(set) var clientID: String?
    public internal(set) var clientSecretFile: FilePath?
    /// Without a slash at the end, as all addresses here. Plain http only for loopback.
    public internal(set) var renewURL = ""
    public internal(set) var renewDriver = RenewDriver.qr

    // The drive
    /// PEM file with the certificates that are trusted in place of the system's. Absolute; it need not exist.
    public internal(set) var trustedRoots: FilePath?
    public internal(set) var apiURL = ""
    /// Host suffixes beyond the drive's own; lower case, without a leading dot.
    public internal(set) var linkHosts: [String] = []
    public internal(set) var drive = DriveChoice.standard
    public internal(set) var rootFolderID = ""
    /// Absolute path on the drive; nil when the folder is named by id.
    public internal(set) var rootPath: String?
    public internal(set) var livp = LivePhotoView.jpeg
    public internal(set) var readOnly = false

    // Writing
    public internal(set) var removal = Removal.trash
    public internal(set) var rapidUpload = Toggle.on
    public internal(set) var internalUpload = false
    public internal(set) var writeThrough = false
    /// Quiet time before an upload begins.
    public internal(set) var uploadDelay = Duration.zero
    /// Files uploaded at a time.
    public internal(set) var uploads = 0
    /// Bytes per second; nil is no limit.
    public internal(set) var bwlimitUp: Int?
    /// Bytes; nil is as much as the disk holds.
    public internal(set) var spoolSize: Int?
    /// Bytes that stay free on the disks of cache and spool.
    public internal(set) var cacheMinFree = 0
    public internal(set) var noOverlay = false
    /// How long the end of a mount waits for uploads.
    public internal(set) var drainTimeout = Duration.zero

    // Limits
    public internal(set) var streams = 0
    /// Requests per second.
    public internal(set) var rateList = 0.0
    public internal(set) var rateLink = 0.0
    public internal(set) var rateOther = 0.0
    /// Bytes per second; nil is no limit.
    public internal(set) var bwlimitDown: Int?
    /// Bytes.
    public internal(set) var memory = 0
    /// Bytes.
    public internal(set) var readAhead = 0
    public internal(set) var dirCacheTime = Duration.zero
    public internal(set) var timeout = Duration.zero

    // What the kernel is told
    public internal(set) var uid: UInt32?
    public internal(set) var gid: UInt32?
    public internal(set) var umask: UInt32 = 0
    /// Permission bits of files and folders, umask applied. Optional only until they are resolved.
    var givenFileMode: UInt32?
    var givenDirMode: UInt32?
    public internal(set) var allowOther = false
    public internal(set) var allowRoot = false
    public internal(set) var maxBackground = 0
    /// What `-o` named beyond our own options and FUSE has to be told, in the order given: `nosuid`, `noatime`.
    public internal(set) var fuseOptions: [String] = []

    // Logs
    public internal(set) var logLevel = LogLevel.info
    public internal(set) var logFile: FilePath?
    public internal(set) var logFormat = LogFormat.text

    init() {}

    /// The login that is kept: JSON with `refresh_token`, mode 0600.
    public var tokenFile: FilePath { stateDir.appending("token.json") }
    /// Permission bits of every file: `--file-mode`, else what the umask leaves of 0666.
    public var fileMode: UInt32 { givenFileMode ?? (0o666 & ~umask) }
    /// Permission bits of every folder: `--dir-mode`, else what the umask leaves of 0777.
    public var dirMode: UInt32 { givenDirMode ?? (0o777 & ~umask) }
}
