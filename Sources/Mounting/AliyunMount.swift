import Basics
import Drive
import DriveHTTP
import FuseKernel
import Logging
import MetadataStore
import ProcessLife
import ReadPath
import RemoteFS
import SQLiteStore
import Settings
import VFS
import WritePath

/// The composition root: makes the parts of a mount, joins them, and takes them apart in order.
public struct AliyunMount: MountService {
    private let time: any TimeSource
    private let random: @Sendable () -> Double
    private let stopPoints: StopPoints?
    /// Made when it is used: the log is set up after this is.
    private var log: Logger { Logger(label: "aliyunfs") }

    /// - Parameters:
    ///   - random: numbers from 0 up to 1, for jitter and for telling databases apart.
    ///   - stopPoints: for crash tests.
    public init(time: any TimeSource, random: @escaping @Sendable () -> Double, stopPoints: StopPoints? = nil) {
        self.time = time
        self.random = random
        self.stopPoints = stopPoints
    }

    public func run(
        _ order: MountOrder, ready: @escaping @Sendable () -> Void, stop: StopSignal
    ) async throws(MountFailure) {
        let store = try openStore(order.settings)
        let drive = try await openDrive(order)
        let outcome: Result<Void, MountFailure>
        do throws(MountFailure) {
            outcome = .success(try await serve(order.settings, drive, store, ready: ready, stop: stop))
        } catch {
            outcome = .failure(error)
        }
        await drive.shutdown()
        do {
            try store.close()
        } catch {
            log.error("\(error)")
        }
        try outcome.get()
    }

    /// From the login to the end of the mount.
    private func serve(
        _ settings: MountSettings, _ drive: HTTPDrive, _ store: SQLiteStore, ready: @escaping @Sendable () -> Void,
        stop: StopSignal
    ) async throws(MountFailure) {
        let account = try await account(drive, store)
        let root = try await RootFolder(drive: drive).root(settings, of: account)
        let board = StatusBoard(settings: settings, time: time)
        let filesystem = RemoteFS(
            drive: stopPoints.map { StoppingDrive(drive: drive, points: $0) } ?? drive,
            store: stopPoints.map { StoppingStore(store: store, points: $0) } ?? store, spool: try openSpool(settings),
            configuration: RemoteFSConfiguration(settings, root: root), reading: ReaderSettings(settings),
            writing: WriteSettings(settings), time: time, random: random, log: log,
            statusDocument: { board.document },
            requestAnswer: { name, inode throws(FSError) in try await board.answer(name, about: inode) })
        board.show(StatusBoard.Parts(account: account, drive: drive, filesystem: filesystem))
        let outcome: Result<Void, MountFailure>
        do throws(MountFailure) {
            try await prepare(filesystem, drive)
            outcome = .success(try await mount(filesystem, settings, board, ready: ready, stop: stop))
        } catch {
            outcome = .failure(error)
        }
        await filesystem.shutdown()
        if let stopPoints { log.notice("stop points passed: \(stopPoints.passed)") }
        Drain(filesystem: filesystem, time: time, log: log).tellWhatStays()
        try outcome.get()
    }

    private func mount(
        _ filesystem: RemoteFS, _ settings: MountSettings, _ board: StatusBoard,
        ready: @escaping @Sendable () -> Void, stop: StopSignal
    ) async throws(MountFailure) {
        let session: FuseSession
        do {
            session = try await FuseSession.mount(
                filesystem, at: settings.mountPoint.string, options: FuseOptions(settings), time: time, logger: log)
        } catch {
            throw MountFailure(error)
        }
        board.show(session)
        ready()
        let drain = Drain(filesystem: filesystem, time: time, log: log)
        let waiter = Task {
            do { try await stop.reached(.stopping) } catch { return }
            await drain.run(atMost: settings.drainTimeout, stop: stop)
            session.requestExit()
        }
        defer { waiter.cancel() }
        let end: SessionEnd
        do {
            end = try await session.end()
        } catch {
            throw MountFailure(.software, "the mount was given up while it was served")
        }
        log.info("unmounted: \(end.cause)")
        if case .failed(let errno) = end.cause {
            throw MountFailure(.cannotCreate, "the kernel broke the mount off (errno \(errno)); see the log")
        }
    }

    private func openStore(_ settings: MountSettings) throws(MountFailure) -> SQLiteStore {
        let fresh = UInt64(time.wallTime().seconds) << 20 | UInt64(random() * Double(1 << 20))
        do {
            return try SQLiteStore(
                path: settings.stateDir.appending("metadata.sqlite").string, freshGeneration: fresh)
        } catch {
            throw MountFailure(.cannotCreate, error.description)
        }
    }

    private func openSpool(_ settings: MountSettings) throws(MountFailure) -> Spool {
        do {
            return try Spool(path: settings.stateDir.appending("spool").string)
        } catch {
            throw MountFailure(.cannotCreate, error.description)
        }
    }

    private func openDrive(_ order: MountOrder) async throws(MountFailure) -> HTTPDrive {
        let settings = order.settings
        let tokenPath = settings.stateDir.appending("token.json").string
        if let given = order.givenToken {
            do {
                _ = try await HTTPDrive.importRefreshToken(given.secret.revealed(), to: tokenPath, time: time)
            } catch {
                throw MountFailure(.loginNeeded, "\(error)")
            }
        }
        guard await HTTPDrive.hasLogin(at: tokenPath) else {
            throw MountFailure(
                .loginNeeded, "no login is stored for profile “\(settings.profile)”: "
                    + "give a refresh token with --refresh-token-file FILE or ALIYUNFS_REFRESH_TOKEN")
        }
        let limits = await LimitsFolder.path(tokenPath: tokenPath, stateDir: settings.stateDir.string)
        do {
            return try HTTPDrive(
                DriveHTTPConfiguration(order, tokenPath: tokenPath, limitsDirectory: limits), time: time,
                random: random, logger: log)
        } catch .misconfigured(let words) {
            // Nobody was asked yet: it is about what this machine was told.
            throw MountFailure(.usage, words)
        } catch {
            throw MountFailure(error, doing: "preparing the drive")
        }
    }

    /// The account, from the drive, or from the last mount when the drive cannot be reached.
    private func account(_ drive: HTTPDrive, _ store: SQLiteStore) async throws(MountFailure) -> AccountInfo {
        do throws(DriveError) {
            let account = try await drive.account(.foreground)
            await AccountRecord(account).save(in: store, log)
            return account
        } catch {
            switch error {
            case .unreachable, .untrusted, .deadlinePassed, .serverFailure:
                guard let record = await AccountRecord.load(from: store, log) else {
                    throw MountFailure(error, doing: "asking for the account")
                }
                log.warning("mounting from what is cached, as the drive cannot be reached: \(error)")
                return record.account
            case .cancelled, .loginRequired, .misconfigured, .accessDenied, .accountRestricted, .driveLocked,
                .notFound, .inRecycleBin, .nameTaken, .wrongKind, .quotaExhausted, .tooLarge, .staleMarker, .rejected,
                .malformedAnswer, .download, .change:
                throw MountFailure(error, doing: "asking for the account")
            }
        }
    }

    private func prepare(_ filesystem: RemoteFS, _ drive: HTTPDrive) async throws(MountFailure) {
        do {
            try await filesystem.recover()
        } catch {
            throw MountFailure(.cannotCreate, "the journal of unsent changes cannot be taken up: see the log")
        }
        do {
            try await filesystem.prepare()
        } catch {
            if case .needed(let words) = drive.health().login {
                throw MountFailure(DriveError.loginRequired(words), doing: "listing the root folder")
            }
            let why = drive.health().lastFaults.last?.what ?? "\(error)"
            throw MountFailure(.unavailable, "the root folder cannot be listed: \(why). Check --root-folder-id")
        }
    }
}
