/// How an emulator starts. Everything that may change later is in `switches`.
public struct Configuration: Sendable {
    /// Loopback only; anything else is refused at start.
    public var host = "127.0.0.1"
    /// 0 takes any free port.
    public var apiPort = 0
    public var linkPort = 0
    public var controlPort = 0
    /// API and links are https then; the control API, which nobody's secrets go to, stays as it is.
    public var certificate: CertificateFiles?
    /// Keeps tree, content and tokens here; nil for a directory that is removed at the end.
    public var storeDirectory: String?
    /// A local tree imported into the default drive when the store is new.
    public var seedDirectory: String?
    public var clientID = "emulatorapp00000000000000000000a"
    public var clientSecret = "emulator-client-secret"
    public var userID = "e3b0c44298fc1c149afbf4c8996fb924"
    public var userName = "Emulated User"
    public var defaultDrive = "10001"
    public var resourceDrive = "10002"
    public var backupDrive = "10003"
    public var switches = Switches()
    public var faults: [FaultRule] = []
    public var time: EmulatorTime
    /// Ids, tokens and faults by probability follow from it; the store keeps it apart from earlier runs.
    public var seed: UInt64
    public var threads = 2
    /// Connections without a request for this long, in real milliseconds, are closed (contract 1).
    public var idleMilliseconds = 60_000

    public init(time: EmulatorTime = .system(), seed: UInt64 = 1) {
        self.time = time
        self.seed = seed
    }

    /// Three drives; the default one is neither of the others' tree.
    var drives: [String] { [defaultDrive, resourceDrive, backupDrive] }
    /// The app of the TV renew driver: its tokens cannot be renewed any other way.
    var tvClientID: String { "tv" + clientID }
}

/// Why an emulator did not start.
public enum StartError: Error, Sendable, Equatable {
    case notLoopback(String)
    case cannotListen(port: Int, reason: String)
    case store(path: String, reason: String)
    case seed(path: String, reason: String)
    case certificate(path: String, reason: String)
}
