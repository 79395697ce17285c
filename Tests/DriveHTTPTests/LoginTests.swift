import Basics
import Drive
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import DriveHTTP

/// Renews by a script; counts.
final class ScriptedRenewer: Renewer {
    private let script: @Sendable (Int, String) async -> Result<RenewedLogin, RenewFailure>
    private let spent = Mutex<[String]>([])

    init(_ script: @escaping @Sendable (Int, String) async -> Result<RenewedLogin, RenewFailure>) {
        self.script = script
    }

    var tokens: [String] { spent.withLock { $0 } }

    func renew(_ refreshToken: String) async throws(RenewFailure) -> RenewedLogin {
        let number = spent.withLock { spent in
            spent.append(refreshToken)
            return spent.count
        }
        return try await script(number, refreshToken).get()
    }

    static func pair(_ number: Int, sub: String = "user-1", life: Duration? = .seconds(7_200)) -> RenewedLogin {
        RenewedLogin(refreshToken: Tokens.jwt(sub: sub, id: "r\(number)"), accessToken: "access-\(number)", life: life)
    }
}

@Suite struct LoginTests {
    private let scratch = Scratch()
    private let time = JumpingTime(longestJump: .milliseconds(100))
    private var file: TokenFile { TokenFile(path: scratch.path + "/token") }

    private func authenticator(_ renewer: ScriptedRenewer, renewal: String = "online:alicloud_qr") -> Authenticator {
        Authenticator(file: file, renewer: renewer, renewal: renewal, time: time, logger: quiet)
    }

    private func token(_ authenticator: Authenticator) async throws -> String {
        try await authenticator.token(until: time.now() + .seconds(3_600))
    }

    private func stored() throws -> StoredLogin {
        guard case .login(let login) = file.read() else { throw WireFault(what: "no login") }
        return login
    }

    private let fresh = StoredLogin(refreshToken: Tokens.jwt(id: "r0"))

    @Test func aHundredCallersOneRenewalAndItIsOnTheDiskBeforeUse() async throws {
        try file.write(fresh)
        let renewer = ScriptedRenewer { number, _ in
            for _ in 0..<50 { await Task.yield() }
            return .success(ScriptedRenewer.pair(number))
        }
        let authenticator = authenticator(renewer)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    let token = try await token(authenticator)
                    #expect(token == "access-1")
                    #expect(try stored().accessToken == token)
                }
            }
            try await group.waitForAll()
        }
        #expect(renewer.tokens.count == 1)
        #expect(authenticator.login == .valid)
    }

    @Test func processesThatShareTheFileRenewOnce() async throws {
        try file.write(fresh)
        let renewer = ScriptedRenewer { number, _ in
            for _ in 0..<50 { await Task.yield() }
            return .success(ScriptedRenewer.pair(number))
        }
        let all = (0..<8).map { _ in authenticator(renewer) }
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for one in all { group.addTask { try await token(one) } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(tokens == ["access-1"] && renewer.tokens.count == 1)
    }

    @Test func renewedAheadOfItsEndAndNotBefore() async throws {
        var login = fresh
        (login.accessToken, login.accessExpires) = ("old", time.wallTime().seconds + 1_000)
        try file.write(login)
        let renewer = ScriptedRenewer { number, _ in .success(ScriptedRenewer.pair(number)) }
        let authenticator = authenticator(renewer)
        #expect(try await token(authenticator) == "old")
        time.manual.advance(by: .seconds(799))
        #expect(try await token(authenticator) == "old")
        time.manual.advance(by: .seconds(2))
        #expect(try await token(authenticator) == "access-1")
        #expect(renewer.tokens == [fresh.refreshToken])
    }

    @Test func theLastMinutesOfATokenBridgeAFailure() async throws {
        var login = fresh
        (login.accessToken, login.accessExpires) = ("old", time.wallTime().seconds + 100)
        try file.write(login)
        let authenticator = authenticator(ScriptedRenewer { _, _ in .failure(.unreachable("down")) })
        #expect(try await token(authenticator) == "old")
        time.manual.advance(by: .seconds(101))
        #expect(await failure { try await token(authenticator) } == .unreachable("renewing the login: down"))
    }

    /// The token was not sent: the login is sound, and tried again soon.
    @Test func aRenewerWhoIsNotTrustedCostsNoLogin() async throws {
        try file.write(fresh)
        let renewer = ScriptedRenewer { number, _ in
            number == 1 ? .failure(.untrusted("host: it is for another name")) : .success(ScriptedRenewer.pair(number))
        }
        let authenticator = authenticator(renewer)
        let expected = DriveError.untrusted("renewing the login at host: it is for another name")
        for _ in 0..<3 { #expect(await failure { try await token(authenticator) } == expected) }
        #expect(renewer.tokens.count == 1)
        guard case .renewalFailing(let words, _) = authenticator.login else {
            Issue.record("\(authenticator.login)")
            return
        }
        #expect(words == "the certificate is not trusted (renewing the login at host: it is for another name)")
        time.manual.advance(by: .seconds(1))
        #expect(try await token(authenticator) == "access-2")
        #expect(authenticator.login == .valid)
    }

    @Test func a401OfAnOldTokenSaysNothingOfTheNewOne() async throws {
        try file.write(fresh)
        let renewer = ScriptedRenewer { number, _ in .success(ScriptedRenewer.pair(number)) }
        let authenticator = authenticator(renewer)
        let first = try await token(authenticator)
        time.manual.advance(by: .seconds(120))
        for _ in 0..<10 { authenticator.refused(first) }
        let second = try await token(authenticator)
        authenticator.refused(first)
        #expect(try await token(authenticator) == second && second != first)
        #expect(renewer.tokens.count == 2)
    }

    @Test func lifeComesFromTheTokenWhereTheAnswerDoesNotTell() {
        let issued: Int64 = 1_000
        let access = Tokens.jwt(exp: issued + 2_592_000, iat: issued)
        #expect(
            LoginState.life(of: RenewedLogin(refreshToken: "", accessToken: access, life: nil)) == .seconds(2_592_000))
        #expect(
            LoginState.life(of: RenewedLogin(refreshToken: "", accessToken: "opaque", life: nil)) == .seconds(7_200))
        #expect(
            LoginState.life(of: RenewedLogin(refreshToken: "", accessToken: access, life: .seconds(9))) == .seconds(9))
    }

    @Test func aPairThatCannotBeOursIsRefusedAndTheOldOneKept() async throws {
        try file.write(fresh)
        let bad = [
            ScriptedRenewer.pair(1, sub: "somebody-else"),
            RenewedLogin(refreshToken: "a.b", accessToken: "x", life: nil),
            RenewedLogin(refreshToken: Tokens.jwt(), accessToken: "with space", life: nil),
        ]
        for pair in bad {
            let authenticator = authenticator(ScriptedRenewer { _, _ in .success(pair) })
            let error = await failure { try await token(authenticator) }
            guard case .loginRequired = error else {
                Issue.record("a foreign pair was taken")
                return
            }
            #expect(try stored() == fresh)
        }
    }

    @Test func aLostAnswerIsTriedOnceMoreThenMinutesApart() async throws {
        try file.write(fresh)
        let renewer = ScriptedRenewer { _, _ in .failure(.lost("cut")) }
        let authenticator = authenticator(renewer)
        var tries: [Int] = []
        for _ in 0..<180 {
            _ = await failure { try await token(authenticator) }
            tries.append(renewer.tokens.count)
            time.manual.advance(by: .seconds(1))
        }
        #expect(tries[0] == 1 && tries[1] == 1 && tries[2] == 2 && tries[60] == 2 && tries[62] == 3 && tries[179] == 3)
    }

    @Test func onlySpacedRefusalsMakeALoginDead() async throws {
        try file.write(fresh)
        let renewer = ScriptedRenewer { _, _ in .failure(.refused("upstream says no")) }
        let authenticator = authenticator(renewer)
        for _ in 0..<50 { #expect(await failure { try await token(authenticator) } != nil) }
        #expect(renewer.tokens.count == 1)
        guard case .renewalFailing(let words, let next) = authenticator.login else {
            Issue.record("one refusal is not the end")
            return
        }
        #expect(words.contains("upstream says no") && next == time.now() + .seconds(60))
        time.manual.advance(by: .seconds(60))
        _ = await failure { try await token(authenticator) }
        time.manual.advance(by: .seconds(120))
        #expect(await failure { try await token(authenticator) } == .loginRequired("upstream says no"))
        #expect(authenticator.login == .needed("upstream says no"))
        time.manual.advance(by: .seconds(100_000))
        _ = await failure { try await token(authenticator) }
        #expect(renewer.tokens.count == 3)
    }

    @Test func aDeadLoginLivesAgainWithANewTokenInTheFile() async throws {
        try file.write(fresh)
        let renewer = ScriptedRenewer { number, _ in
            number == 1 ? .failure(.dead("RefreshTokenInvalid")) : .success(ScriptedRenewer.pair(number))
        }
        let authenticator = authenticator(renewer)
        for _ in 0..<5 {
            #expect(await failure { try await token(authenticator) } == .loginRequired("RefreshTokenInvalid"))
        }
        // The same token stored again changes nothing.
        try file.write(fresh)
        #expect(await failure { try await token(authenticator) } == .loginRequired("RefreshTokenInvalid"))
        #expect(renewer.tokens.count == 1)
        let new = Tokens.jwt(id: "login-2")
        #expect(try await HTTPDrive.importRefreshToken("\n \(new)\n", to: file.path, time: time) == .stored)
        #expect(try await token(authenticator) == "access-2")
        #expect(renewer.tokens.last == new && authenticator.login == .valid)
    }

    @Test func throttledRenewalsWait() async throws {
        try file.write(fresh)
        let renewer = ScriptedRenewer { _, _ in .failure(.throttled(after: .seconds(90))) }
        let authenticator = authenticator(renewer)
        _ = await failure { try await token(authenticator) }
        time.manual.advance(by: .seconds(89))
        _ = await failure { try await token(authenticator) }
        #expect(renewer.tokens.count == 1)
        time.manual.advance(by: .seconds(1))
        _ = await failure { try await token(authenticator) }
        #expect(renewer.tokens.count == 2)
    }

    @Test func aTokenOfAnotherAppIsNotSpent() async throws {
        var login = fresh
        login.renewal = "app:somebody"
        try file.write(login)
        let renewer = ScriptedRenewer { number, _ in .success(ScriptedRenewer.pair(number)) }
        let authenticator = authenticator(renewer)
        #expect(await failure { try await token(authenticator) } != nil)
        #expect(renewer.tokens.isEmpty)
    }

    @Test func nothingIsSpentWhenTheNewPairCouldNotBeSaved() async throws {
        try file.write(fresh)
        // Something that is no file stands where the new one would be written.
        try FileManager.default.createDirectory(atPath: file.path + ".new", withIntermediateDirectories: true)
        let renewer = ScriptedRenewer { number, _ in .success(ScriptedRenewer.pair(number)) }
        let authenticator = authenticator(renewer)
        #expect(await failure { try await token(authenticator) } != nil)
        #expect(renewer.tokens.isEmpty)
        try FileManager.default.removeItem(atPath: file.path + ".new")
        time.manual.advance(by: .seconds(2))
        #expect(try await token(authenticator) == "access-1")
    }

    @Test func aWaiterWhoGoesDoesNotEndTheRenewal() async throws {
        try file.write(fresh)
        let gate = Flight<Void, Never>(time: time)
        let renewer = ScriptedRenewer { number, _ in
            _ = try? await gate.value()
            return .success(ScriptedRenewer.pair(number))
        }
        let authenticator = authenticator(renewer)
        let leaver = Task { await failure { try await token(authenticator) } }
        while renewer.tokens.isEmpty { await Task.yield() }
        leaver.cancel()
        #expect(await leaver.value == .cancelled)
        gate.complete(.success(()))
        await authenticator.settle()
        #expect(try stored().accessToken == "access-1")
        #expect(try await token(authenticator) == "access-1")
    }

    @Test func withoutALoginTheWordsSayWhatToDo() async throws {
        let authenticator = authenticator(ScriptedRenewer { _, _ in .failure(.dead("never asked")) })
        #expect(authenticator.login == .unknown)
        let error = await failure { try await token(authenticator) }
        guard case .loginRequired(let words) = error else {
            Issue.record("no login is needed")
            return
        }
        #expect(words.contains("log in"))
        #expect(authenticator.login == .needed(words))
    }

    @Test func aRevokedGrantStopsTrafficAndDiesAfterTwoMoreTries() async throws {
        try file.write(fresh)
        let renewer = ScriptedRenewer { number, _ in .success(ScriptedRenewer.pair(number)) }
        let authenticator = authenticator(renewer)
        for wait in [60, 120] {
            let token = try await token(authenticator)
            for _ in 0..<10 { authenticator.revoked(token, "PermissionDenied") }
            for _ in 0..<10 {
                #expect(await failure { try await self.token(authenticator) } == .loginRequired("PermissionDenied"))
            }
            time.manual.advance(by: .seconds(wait))
        }
        authenticator.revoked(try await token(authenticator), "PermissionDenied")
        time.manual.advance(by: .seconds(10_000))
        #expect(await failure { try await token(authenticator) } == .loginRequired("PermissionDenied"))
        #expect(renewer.tokens.count == 3 && authenticator.login == .needed("PermissionDenied"))
    }
}
