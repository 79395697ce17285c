import Basics
import Drive
import Logging
import Synchronization

/// The drive over the Open API.
///
/// One instance serves one account; several, in this process or in others, share the service's limits through
/// `DriveHTTPConfiguration.limitsDirectory` and the login through its token file. May be used from any thread.
/// Call `shutdown` before letting go of it.
public final class HTTPDrive: WritableDrive {
    let configuration: DriveHTTPConfiguration
    let transport: any HTTPTransport
    let caller: APICaller
    let streams: StreamGate
    let bandwidth: Bandwidth?
    let bandwidthUp: Bandwidth?
    let hosts: LinkHosts
    let clock: ServerClock
    let time: any TimeSource
    let random: @Sendable () -> Double
    let logger: Logger
    private let authenticator: Authenticator
    private let gates: [RequestGate]
    private let faults: FaultLog
    private let isDown = Atomic(false)

    /// `random` gives numbers from 0 up to 1, for jitter. Throws `.misconfigured` with what is wrong.
    public convenience init(
        _ configuration: DriveHTTPConfiguration, time: any TimeSource, random: @escaping @Sendable () -> Double,
        logger: Logger
    ) throws(DriveError) {
        let configuration = try configuration.checked()
        self.init(
            configuration, transport: try ClientTransport(configuration), time: time, random: random, logger: logger)
    }

    /// For tests: any transport. The configuration must have been checked.
    init(
        _ configuration: DriveHTTPConfiguration, transport: any HTTPTransport, time: any TimeSource,
        random: @escaping @Sendable () -> Double, logger: Logger
    ) {
        self.configuration = configuration
        self.transport = transport
        self.time = time
        self.random = random
        self.logger = logger
        let renewer = configuration.renewer(transport, time: time)
        authenticator = Authenticator(
            file: TokenFile(path: configuration.tokenPath), renewer: renewer, renewal: configuration.renewal.identity,
            time: time, logger: logger)
        faults = FaultLog(time: time, logger: logger)
        clock = ServerClock(time: time)
        let limits = SharedLimits(directory: configuration.limitsDirectory)
        gates = RequestClass.allCases.map {
            RequestGate($0, perSecond: configuration.rates[$0], limits: limits, time: time)
        }
        streams = StreamGate(
            configured: configuration.streams, linger: configuration.streamLinger,
            directory: configuration.limitsDirectory, time: time)
        bandwidth = Bandwidth(bytesPerSecond: configuration.bandwidthDown)
        bandwidthUp = Bandwidth(bytesPerSecond: configuration.bandwidthUp)
        hosts = LinkHosts(
            configured: configuration.linkHostSuffixes, apiURL: configuration.apiURL,
            usesInternal: configuration.usesInternalUploadHost)
        caller = APICaller(
            apiURL: configuration.apiURL, userAgent: configuration.userAgent, timeout: configuration.timeout,
            requestTimeout: configuration.requestTimeout, transport: transport, authenticator: authenticator,
            gates: Dictionary(uniqueKeysWithValues: gates.map { ($0.kind, $0) }), clock: clock, faults: faults,
            time: time, random: random)
        for fault in [limits.fault, streams.fault].compactMap({ $0 }) {
            logger.warning("limits are not shared with other mounts", metadata: ["reason": "\(fault)"])
        }
    }

    /// Ends all requests and waits until a renewal of the login that is under way has been saved.
    public func shutdown() async {
        guard !isDown.exchange(true, ordering: .acquiringAndReleasing) else { return }
        await authenticator.settle()
        await transport.shutdown()
    }

    public func health() -> DriveHealth {
        DriveHealth(
            login: authenticator.login, budgets: gates.map { $0.budget() }, streamsOpen: streams.open,
            streamsAllowed: streams.allowed, lastFaults: faults.latest)
    }

    func note(_ what: String, _ reason: String) { faults.note(what, reason) }
}
