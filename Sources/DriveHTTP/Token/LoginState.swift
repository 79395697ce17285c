import Basics
import Drive

/// What is known of the login, and what to do about it: a value that decides; `Authenticator` acts.
struct LoginState: Sendable {
    enum Decision: Sendable {
        case use(String)
        /// Spend this refresh token.
        case renew(StoredLogin)
        case fail(DriveError)
    }

    private enum Condition {
        case sound
        /// Renewal failed; not tried again before `next`.
        case failing(DriveError, next: Moment)
        /// A person has to log in; tried again only with another refresh token.
        case dead(String)
    }

    private struct Access {
        var token: String
        var expires: Moment
        var obtained: Moment
        /// When the one before was obtained, where this process renewed both.
        var before: Moment?
        /// A call with it was answered, so that a later refusal is about the token.
        var wasAccepted = false
    }

    /// Renewed this long ahead of the end of its life (contract 2.2).
    static let margin: Duration = .seconds(200)
    /// A token that is refused sooner than this after its renewal is not the problem, unless it had worked; and no
    /// two tokens in a row are given up sooner than this.
    static let youth: Duration = .seconds(60)
    /// Waits after the first, second and later refusals by a service that gives no reason to rely on.
    static let refusalWaits: [Duration] = [.seconds(60), .seconds(120), .seconds(300)]
    /// Refusals, spaced by the waits, until the login counts as dead.
    static let refusalsToDeath = 3
    static let unstatedLife: Duration = .seconds(7_200)

    private var stored: StoredLogin?
    private var access: Access?
    /// The access token that got a 401.
    private var rejected: String?
    private var condition = Condition.sound
    private var refusals = 0
    private var losses = 0
    private var misses = 0
    private var revocations = 0
    private var wasNeeded = false

    var login: DriveHealth.Login {
        switch condition {
        case .dead(let words): .needed(words)
        case .failing(.loginRequired(let words), let next): .renewalFailing(words, next: next)
        case .failing(.unreachable(let words), let next): .renewalFailing(words, next: next)
        case .failing(.misconfigured(let words), let next): .renewalFailing(words, next: next)
        case .failing(.untrusted(let words), let next):
            .renewalFailing(DriveError.untrusted(words).words, next: next)
        case .failing(_, let next): .renewalFailing("the login cannot be renewed", next: next)
        case .sound: access != nil && access?.token != rejected ? .valid : wasNeeded ? .needed(Self.noLogin) : .unknown
        }
    }

    /// What can be said without looking at the file; `nil`: look.
    func quick(now: Moment, fileChanged: @autoclosure () -> Bool) -> Decision? {
        if let access = usable(now: now), access.expires - now > Self.margin { return .use(access.token) }
        switch condition {
        case .sound: return nil
        case .failing(let error, let next): return now < next && !fileChanged() ? standIn(now, else: error) : nil
        case .dead(let words): return fileChanged() ? nil : standIn(now, else: .loginRequired(words))
        }
    }

    /// The file was read under its lock.
    mutating func loaded(_ login: StoredLogin?, now: Moment, wall: UnixTime) {
        defer { stored = login }
        guard let login else {
            access = nil
            return
        }
        if login.refreshToken != stored?.refreshToken {
            condition = .sound
            (refusals, losses, misses, revocations) = (0, 0, 0, 0)
        }
        guard !login.accessToken.isEmpty, login.accessToken != access?.token else { return }
        // Bounded, so that a foreign file cannot overflow the clock.
        let left = min(max(login.accessExpires - wall.seconds, 0), 400 * 86_400)
        access = Access(token: login.accessToken, expires: now + .seconds(left), obtained: now + (.zero - Self.youth))
    }

    /// To be asked with the file just loaded.
    mutating func decide(now: Moment, renewal: String) -> Decision {
        wasNeeded = true
        if let access = usable(now: now), access.expires - now > Self.margin { return .use(access.token) }
        guard let stored else { return .fail(.loginRequired(Self.noLogin)) }
        if let owner = stored.renewal, owner != renewal {
            return standIn(
                now, else: .loginRequired("the stored login belongs to another app (\(owner)): log in again"))
        }
        switch condition {
        case .dead(let words): return standIn(now, else: .loginRequired(words))
        case .failing(let error, let next) where now < next: return standIn(now, else: error)
        case .failing, .sound: break
        }
        if isRejectedYoung(now) {
            return .fail(.loginRequired("the drive refuses the access token that was just renewed"))
        }
        return .renew(stored)
    }

    /// A 401 for `token`; an old one, that others have replaced already, says nothing.
    mutating func refused(_ token: String) {
        if access?.token == token { rejected = token }
    }

    /// The drive said to a call with `token` that the login is void. One more renewal after a while, and a second one,
    /// may show otherwise; then the login counts as dead.
    mutating func revoked(_ token: String, _ words: String, now: Moment) {
        guard access?.token == token, rejected != token else { return }
        rejected = token
        revocations += 1
        if revocations >= Self.refusalsToDeath {
            condition = .dead(words)
        } else {
            condition = .failing(.loginRequired(words), next: now + Self.refusalWaits[revocations - 1])
        }
    }

    /// A call with the present token was answered.
    mutating func accepted() {
        revocations = 0
        access?.wasAccepted = true
    }

    /// The file is there but cannot be used.
    mutating func unreadable(_ words: String, now: Moment) -> DriveError {
        fail(.loginRequired(words), now + .seconds(5))
    }

    /// The new pair, checked against the old one: what to save, or why it is none of ours.
    static func accept(
        _ pair: RenewedLogin, for old: StoredLogin, renewal: String, wall: UnixTime
    ) throws(RenewFailure) -> StoredLogin {
        guard let refresh = JWT(pair.refreshToken) else { throw .refused("the new refresh token is malformed") }
        guard !pair.accessToken.isEmpty, pair.accessToken.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .refused("the new access token is malformed")
        }
        if let subject = old.subject, refresh.subject != subject { throw .refused("the new token is of another user") }
        var login = StoredLogin(refreshToken: pair.refreshToken, accessToken: pair.accessToken)
        login.accessExpires = wall.seconds + life(of: pair).components.seconds
        login.renewal = renewal
        login.importedFrom = old.importedFrom
        return login
    }

    mutating func renewed(_ login: StoredLogin, life: Duration, now: Moment) {
        stored = login
        access = Access(token: login.accessToken, expires: now + life, obtained: now, before: access?.obtained)
        rejected = nil
        condition = .sound
        (refusals, losses, misses) = (0, 0, 0)
    }

    static func life(of pair: RenewedLogin) -> Duration {
        pair.life ?? JWT(pair.accessToken)?.life ?? unstatedLife
    }

    /// The renewal failed: what callers are told.
    mutating func failed(_ failure: RenewFailure, now: Moment) -> Decision {
        let error = settle(failure, now: now)
        return standIn(now, else: error)
    }

    private mutating func settle(_ failure: RenewFailure, now: Moment) -> DriveError {
        switch failure {
        case .dead(let words): return die(words)
        case .refused(let words):
            refusals += 1
            if refusals >= Self.refusalsToDeath { return die(words) }
            return fail(.loginRequired("the login was not renewed: \(words)"), now + Self.refusalWaits[refusals - 1])
        case .throttled(let wait):
            return fail(.unreachable("renewing the login is throttled"), now + max(.seconds(5), wait ?? .seconds(60)))
        case .unreachable(let words): return miss(.unreachable("renewing the login: \(words)"), now)
        case .untrusted(let words): return miss(.untrusted("renewing the login at \(words)"), now)
        case .lost(let words):
            // The token may be spent: one quick try more, then minutes apart.
            losses += 1
            let wait: Duration = losses == 1 ? .seconds(2) : Self.refusalWaits[min(losses - 2, 2)]
            return fail(.unreachable("renewing the login: \(words)"), now + wait)
        case .misconfigured(let words):
            return fail(.misconfigured(words), now + .seconds(300))
        }
    }

    /// The request did not get there: again soon, and then later and later.
    private mutating func miss(_ error: DriveError, _ now: Moment) -> DriveError {
        misses += 1
        return fail(error, now + .seconds(min(60, 1 << min(misses - 1, 6))))
    }

    private mutating func die(_ words: String) -> DriveError {
        condition = .dead(words)
        return .loginRequired(words)
    }

    private mutating func fail(_ error: DriveError, _ next: Moment) -> DriveError {
        condition = .failing(error, next: next)
        return error
    }

    private func isRejectedYoung(_ now: Moment) -> Bool {
        guard let access, access.token == rejected, access.expires - now > Self.margin else { return false }
        if access.wasAccepted, access.before.map({ now - $0 >= Self.youth }) ?? true { return false }
        return now - access.obtained < Self.youth
    }

    private func usable(now: Moment) -> Access? {
        guard let access, access.token != rejected, access.expires > now else { return nil }
        return access
    }

    /// A token in the last minutes of its life is better than an error.
    private func standIn(_ now: Moment, else error: DriveError) -> Decision {
        usable(now: now).map { .use($0.token) } ?? .fail(error)
    }

    private static let noLogin = "no login is stored: log in, or import a refresh token"
}
