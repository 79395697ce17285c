import AlipanEmulator
import ArgumentParser
import Dispatch
import FoundationEssentials
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@main
struct Command: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alipan-emulator",
        abstract: "A stand-in for the Aliyun Drive Open API on loopback.",
        discussion:
            "Prints one line of JSON with its addresses and a refresh token when ready; SIGTERM or SIGINT ends it.")

    @Option(help: "Address of the API; port 0 takes any free one. Loopback only.")
    var listen = "127.0.0.1:0"

    @Option(help: "Port of the link host, from which files are read and to which they are sent.")
    var linkPort = 0

    @Option(help: "Port of the control API.")
    var controlPort = 0

    @Option(help: "PEM file with a certificate: API and links are https then.")
    var tlsCert: String?

    @Option(help: "PEM file with the key of --tls-cert.")
    var tlsKey: String?

    @Option(help: "Directory that keeps tree, content and tokens over restarts.")
    var store: String?

    @Option(help: "Local directory that a new store begins with.")
    var seed: String?

    @Flag(help: "Also holds every second to a tenth of the ten-second limits, and lets download slots linger.")
    var strict = false

    @Option(help: "Requests a second for list, getDownloadUrl and the rest; 0 is unlimited.")
    var rates = "4,1,15"

    @Option(help: "Open download bodies of the account.")
    var streams = 3

    @Option(help: "Milliseconds before each answer of the API.")
    var latency = 0

    @Option(help: "Bytes a second of each connection to the link host; 0 is unlimited.")
    var bandwidth = 0

    @Option(help: "JSON file with an array of fault rules.")
    var faults: String?

    @Option(help: "JSON file with switches to set.")
    var switches: String?

    func run() async throws {
        // Before anything else, so that no signal is lost.
        let ended = Signals([SIGTERM, SIGINT])
        raiseFileLimit()
        let emulator: Emulator
        do {
            emulator = try await Emulator.start(configuration: try makeConfiguration())
        } catch {
            throw ValidationError("\(error)")
        }
        print(emulator.addresses.json)
        fflush(nil)
        await ended.wait()
        try await emulator.stop()
    }

    private func makeConfiguration() throws -> Configuration {
        var configuration = Configuration(seed: UInt64.random(in: 0...UInt64.max))
        guard let colon = listen.lastIndex(of: ":"), let port = UInt16(listen[listen.index(after: colon)...]) else {
            throw ValidationError("--listen takes ADDRESS:PORT")
        }
        configuration.host = listen[..<colon].filter { !"[]".contains($0) }
        configuration.apiPort = Int(port)
        configuration.linkPort = linkPort
        configuration.controlPort = controlPort
        configuration.certificate = try certificate()
        configuration.storeDirectory = store
        configuration.seedDirectory = seed
        if let switches { configuration.switches = try Switches(json: Data(contentsOf: URL(filePath: switches))) }
        configuration.switches.rateLimits = try limits()
        guard (1...100).contains(streams) else { throw ValidationError("--streams takes 1 to 100") }
        guard latency >= 0, bandwidth >= 0 else {
            throw ValidationError("--latency and --bandwidth cannot be negative")
        }
        configuration.switches.streams = streams
        configuration.switches.latencyMs = latency
        configuration.switches.bandwidth = bandwidth
        if strict { configuration.switches.slotLingerMs = 250 }
        if let faults { configuration.faults = try FaultRule.list(json: Data(contentsOf: URL(filePath: faults))) }
        return configuration
    }

    private func certificate() throws -> CertificateFiles? {
        switch (tlsCert, tlsKey) {
        case (nil, nil): return nil
        case (let chain?, let key?): return CertificateFiles(chain: chain, key: key)
        default: throw ValidationError("--tls-cert and --tls-key belong together")
        }
    }

    /// Every unfinished upload holds a file open. If the limit cannot be raised, the one there is has to do.
    private func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private func limits() throws -> RateLimits {
        let numbers = rates.split(separator: ",").compactMap { Int($0) }
        guard numbers.count == 3, numbers.allSatisfy({ (0...100_000).contains($0) }) else {
            throw ValidationError("--rates takes three numbers, such as 4,1,15")
        }
        return RateLimits(list: numbers[0], link: numbers[1], other: numbers[2], perSecond: strict)
    }
}

/// Turns the first of some signals into something one can wait for.
private struct Signals {
    private let arrivals: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    init(_ numbers: [Int32]) {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        arrivals = stream
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
    }

    func wait() async {
        for await _ in arrivals { return }
    }
}
