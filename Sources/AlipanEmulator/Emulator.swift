import FoundationEssentials
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import NIOCore
import NIOPosix
import NIOSSL

/// The drive's stand-in on loopback: an API host, a link host, and a host for control.
///
/// Everything a test wants to do to it is in the extensions; all of it may be called from any thread.
public final class Emulator: Sendable {
    let world: World
    let api: Listener
    let links: Listener
    let gate: NetworkGate
    private let control: Listener
    private let group: MultiThreadedEventLoopGroup
    private let temporaryDirectory: String?
    public let addresses: Addresses

    /// Starts listening; returns once requests are answered.
    public static func start(configuration: Configuration = Configuration()) async throws(StartError) -> Emulator {
        guard configuration.host == "::1" || configuration.host.hasPrefix("127.") else {
            throw .notLoopback(configuration.host)
        }
        let encryption = try configuration.certificate?.context()
        let temporary = configuration.storeDirectory == nil ? try makeTemporaryDirectory() : nil
        let directory = configuration.storeDirectory ?? temporary ?? ""
        let pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        let world: World
        do {
            world = try await pool.runIfActive { try Self.makeWorld(configuration, directory: directory, pool: pool) }
        } catch let error as StartError {
            throw error
        } catch {
            throw .store(path: directory, reason: String(describing: error))
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.threads)
        return try await open(world, group: group, encryption: encryption, temporary: temporary)
    }

    private static func open(
        _ world: World, group: MultiThreadedEventLoopGroup, encryption: NIOSSLContext?, temporary: String?
    ) async throws(StartError) -> Emulator {
        let configuration = world.configuration
        let gate = NetworkGate()
        func listener(_ port: Int, _ service: any Service, _ encryption: NIOSSLContext?) -> Listener {
            Listener(
                host: configuration.host, port: port, group: group, service: service,
                idleMilliseconds: configuration.idleMilliseconds, encryption: encryption)
        }
        let links = listener(configuration.linkPort, LinkService(world: world, network: gate), encryption)
        let api = listener(configuration.apiPort, APIService(world: world, network: gate), encryption)
        let controlService = ControlService()
        let control = listener(configuration.controlPort, controlService, nil)
        for listener in [links, api, control] {
            do {
                try await listener.open()
            } catch {
                let port = listener.port
                for other in [links, api, control] { await other.close() }
                throw .cannotListen(port: port, reason: String(describing: error))
            }
        }
        var setup = world.setup
        (setup.apiURL, setup.linkURL) = (api.address, links.address)
        world.setup = setup
        let emulator = Emulator(
            world: world, group: group, listeners: (api, links, control), gate: gate, temporary: temporary)
        controlService.attach(emulator)
        return emulator
    }

    private init(
        world: World, group: MultiThreadedEventLoopGroup,
        listeners: (api: Listener, links: Listener, control: Listener),
        gate: NetworkGate, temporary: String?
    ) {
        self.world = world
        self.group = group
        (api, links, control) = listeners
        self.gate = gate
        temporaryDirectory = temporary
        addresses = Addresses(world: world, control: control.address)
    }

    /// Ends every connection and frees everything; temporary content is removed.
    public func stop() async throws {
        for listener in [api, links, control] { await listener.close() }
        try await world.pool.shutdownGracefully()
        world.closeStore()
        try await group.shutdownGracefully()
        if let temporaryDirectory { try FileManager.default.removeItem(atPath: temporaryDirectory) }
    }

    private static func makeTemporaryDirectory() throws(StartError) -> String {
        let path = FileManager.default.temporaryDirectory.path + "/alipan-emulator-XXXXXX"
        var template = Array(path.utf8CString)
        guard mkdtemp(&template) != nil else { throw .store(path: path, reason: "errno \(errno)") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// What a client needs to begin; the line that the program prints.
public struct Addresses: Codable, Sendable, Equatable {
    public var apiUrl: String
    public var linkUrl: String
    public var controlUrl: String
    public var renewUrl: String
    public var clientId: String
    public var clientSecret: String
    /// Of the app above; good for the drive itself and for the renew service with `alicloud_qr`.
    public var refreshToken: String
    /// Good for the renew service with `alicloud_tv` only.
    public var tvRefreshToken: String
    public var userId: String
    public var defaultDriveId: String
    public var resourceDriveId: String
    public var backupDriveId: String

    init(world: World, control: String) {
        let setup = world.setup
        let configuration = world.configuration
        apiUrl = setup.apiURL
        linkUrl = setup.linkURL
        controlUrl = control + "/_control"
        renewUrl = setup.apiURL + "/alicloud/renewapi"
        clientId = configuration.clientID
        clientSecret = configuration.clientSecret
        (refreshToken, tvRefreshToken) = world.with { state, now in
            func issue(_ app: String) -> String {
                state.tokens.issue(
                    .refresh, app: app, sub: configuration.userID, drives: configuration.drives,
                    scopes: State.allScopes, now: now, lifeSeconds: state.switches.refreshTokenLifeS)
            }
            return (issue(configuration.clientID), issue(configuration.tvClientID))
        }
        userId = configuration.userID
        defaultDriveId = configuration.defaultDrive
        resourceDriveId = configuration.resourceDrive
        backupDriveId = configuration.backupDrive
    }

    /// One line of JSON, keys in snake case.
    public var json: String {
        let fields: JSON = [
            "api_url": .string(apiUrl), "link_url": .string(linkUrl), "control_url": .string(controlUrl),
            "renew_url": .string(renewUrl), "client_id": .string(clientId), "client_secret": .string(clientSecret),
            "refresh_token": .string(refreshToken), "tv_refresh_token": .string(tvRefreshToken),
            "user_id": .string(userId), "default_drive_id": .string(defaultDriveId),
            "resource_drive_id": .string(resourceDriveId), "backup_drive_id": .string(backupDriveId),
        ]
        return String(decoding: fields.encoded(), as: UTF8.self)
    }
}

extension Emulator {
    /// The state as it is at first start, or as the store left it.
    private static func makeWorld(_ configuration: Configuration, directory: String, pool: NIOThreadPool) throws
        -> World
    {
        let files = try ContentFiles(root: directory)
        let store = configuration.storeDirectory == nil ? nil : try Store(directory: directory)
        // Ids and tokens must not repeat those of an earlier run.
        let run = try store?.countRun() ?? 0
        var state = State(configuration: configuration, epoch: configuration.seed ^ Scrambler.mix(run))
        state.learn(.empty)
        let now = configuration.time.now()
        for (index, drive) in configuration.drives.enumerated() {
            // The same in every run, for the store's sake.
            var ids = Scrambler(seed: UInt64(index) &+ 0xd21e)
            state.tree.addDrive(drive, root: ItemID(raw: ids.bytes20()), at: now)
        }
        let isNew = try store?.load(into: &state, files: files) ?? true
        if let store {
            state.sign(with: try store.signingSeed(fresh: configuration.seed))
            state.tree.recordsChanges = true
        }
        if isNew, let seed = configuration.seedDirectory {
            try SeedImporter(root: seed, drive: configuration.defaultDrive).run(&state, now: now)
        }
        // Last, so that a seed that could not be read leaves the store new.
        try store?.compact(&state)
        return World(configuration: configuration, pool: pool, files: files, store: store, state: state)
    }
}
