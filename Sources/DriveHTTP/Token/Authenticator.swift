import Basics
import Drive
import Logging
import Synchronization

/// Gives every request its access token, and renews the login when its known life ends or the drive refused it:
/// once for all callers of this process, and once for all processes that share the token file (contract 2.2).
///
/// A new pair is on the disk before its access token is used. No blocking call is made in the cooperative pool.
final class Authenticator: Sendable {
    private struct State {
        var login = LoginState()
        var flight: Flight<String, DriveError>?
        /// The file as it was when it was last read.
        var stamp: TokenFile.Stamp?
        /// A pair that could not be saved yet, and when to try again.
        var unsaved: StoredLogin?
        var saveAgain: Moment?
    }

    /// Another process renews within the time of one request.
    private static let lockWait: Duration = .seconds(60)

    private let file: TokenFile
    private let renewer: any Renewer
    private let renewal: String
    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())

    init(file: TokenFile, renewer: any Renewer, renewal: String, time: any TimeSource, logger: Logger) {
        self.file = file
        self.renewer = renewer
        self.renewal = renewal
        self.time = time
        self.logger = logger
    }

    var login: DriveHealth.Login { state.withLock { $0.login.login } }

    /// An access token that is good as far as is known.
    func token(until deadline: Moment) async throws(DriveError) -> String {
        let now = time.now()
        let (quick, flight, isOurs) = state.withLock {
            state -> (LoginState.Decision?, Flight<String, DriveError>, Bool) in
            if let flight = state.flight { return (nil, flight, false) }
            let flight = Flight<String, DriveError>(time: time)
            let mustSave = state.saveAgain.map { $0 <= now } ?? false
            if !mustSave, let quick = state.login.quick(now: now, fileChanged: state.stamp != file.stamp()) {
                return (quick, flight, false)
            }
            state.flight = flight
            return (nil, flight, true)
        }
        if let quick { return try Self.outcome(quick).get() }
        // Not the caller's own task: the renewal must not end when one of those who wait goes away.
        if isOurs { Task { await self.work(flight) } }
        do {
            return try await flight.value(until: deadline)
        } catch {
            switch error {
            case .failed(let failure): throw failure
            case .cancelled: throw .cancelled
            case .deadlinePassed: throw .deadlinePassed
            }
        }
    }

    /// The drive answered 401 to a request with this token.
    func refused(_ token: String) { state.withLock { $0.login.refused(token) } }

    /// The drive answered a request with this token that the login is void.
    func revoked(_ token: String, _ words: String) {
        state.withLock { $0.login.revoked(token, words, now: time.now()) }
    }

    /// The drive answered a request as it should.
    func accepted() { state.withLock { $0.login.accepted() } }

    /// Returns when no renewal is under way: one that is must not lose its pair to the end of the process.
    func settle() async {
        guard let flight = state.withLock({ $0.flight }) else { return }
        do {
            _ = try await flight.value()
        } catch {
            // How it ended is nobody's business any more.
        }
    }

    private func work(_ flight: Flight<String, DriveError>) async {
        let outcome = await lockAndDecide()
        state.withLock { $0.flight = nil }
        flight.complete(Self.outcome(outcome))
    }

    private func lockAndDecide() async -> LoginState.Decision {
        do throws(FileFault) {
            let wait = time.now() + Self.lockWait
            let decision = try await FileLock.holding(file.path + ".lock", time: time, until: wait) {
                await self.decide()
            }
            return decision ?? .fail(.unreachable("another process is busy renewing the login"))
        } catch {
            return .fail(.misconfigured("the token file cannot be locked: \(error.what)"))
        }
    }

    private func decide() async -> LoginState.Decision {
        if let failure = await load() { return .fail(failure) }
        let decision = state.withLock { $0.login.decide(now: time.now(), renewal: renewal) }
        guard case .renew(let old) = decision else { return decision }
        return await renew(old)
    }

    /// Reads the file; another process may have renewed already.
    private func load() async -> DriveError? {
        if let unsaved = state.withLock({ $0.unsaved }) {
            await save(unsaved)
            return nil
        }
        let file = file
        let (stamp, content) = await Disk.run { (file.stamp(), file.read()) }
        let login: StoredLogin?
        switch content {
        case .none: login = nil
        case .login(let stored): login = stored
        case .unreadable(let words):
            return state.withLock { state in
                state.stamp = stamp
                return state.login.unreadable(words, now: time.now())
            }
        }
        state.withLock {
            $0.stamp = stamp
            $0.login.loaded(login, now: time.now(), wall: time.wallTime())
        }
        return nil
    }

    private func renew(_ old: StoredLogin) async -> LoginState.Decision {
        let file = file
        let fault = await Disk.run { () -> FileFault? in
            do throws(FileFault) {
                try file.prepare()
                return nil
            } catch {
                return error
            }
        }
        if let fault {
            // Spending a token whose successor cannot be saved would end the login.
            let failure = RenewFailure.unreachable("no room for the new login: \(fault.what)")
            return state.withLock { $0.login.failed(failure, now: time.now()) }
        }
        do throws(RenewFailure) {
            let pair = try await renewer.renew(old.refreshToken)
            let login = try LoginState.accept(pair, for: old, renewal: renewal, wall: time.wallTime())
            await save(login)
            state.withLock { $0.login.renewed(login, life: LoginState.life(of: pair), now: time.now()) }
            logger.info("login renewed")
            return .use(login.accessToken)
        } catch {
            logger.warning("login not renewed", metadata: ["reason": "\(error.words)"])
            return state.withLock { $0.login.failed(error, now: time.now()) }
        }
    }

    /// Saves the pair; one that cannot be saved is kept, used, and saved at the next chance: the old one is spent.
    private func save(_ login: StoredLogin) async {
        let file = file
        let (fault, stamp) = await Disk.run { () -> (FileFault?, TokenFile.Stamp?) in
            do throws(FileFault) {
                try file.write(login)
                return (nil, file.stamp())
            } catch {
                return (error, nil)
            }
        }
        state.withLock {
            $0.unsaved = fault == nil ? nil : login
            $0.saveAgain = fault == nil ? nil : time.now() + .seconds(5)
            if fault == nil { $0.stamp = stamp }
        }
        if let fault {
            logger.critical("the new login could not be saved and would be lost", metadata: ["reason": "\(fault.what)"])
        }
    }

    private static func outcome(_ decision: LoginState.Decision) -> Result<String, DriveError> {
        switch decision {
        case .use(let token): .success(token)
        case .fail(let error): .failure(error)
        case .renew: .failure(.unreachable("the login is about to be renewed"))
        }
    }
}

extension RenewFailure {
    var words: String {
        switch self {
        case .dead(let words), .refused(let words), .unreachable(let words), .lost(let words),
            .misconfigured(let words):
            words
        case .untrusted(let words): DriveError.untrusted(words).words
        case .throttled: "too many renewals"
        }
    }
}
