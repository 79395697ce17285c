import Basics
import Foundation
import TestSupport
import Testing

@testable import DriveHTTP

@Suite struct TokenFileTests {
    private let scratch = Scratch()
    private let time = ManualTime()
    private var file: TokenFile { TokenFile(path: scratch.path + "/token") }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    private func imported(_ text: String) async throws -> TokenImport {
        try await HTTPDrive.importRefreshToken(text, to: file.path, time: time)
    }

    @Test func whatIsWrittenIsReadAndPrivate() throws {
        var login = StoredLogin(refreshToken: Tokens.jwt(sub: "me"), accessToken: "a", accessExpires: 7)
        login.renewal = "online:alicloud_qr"
        let before = umask(0)
        defer { umask(before) }
        try file.write(login)
        guard case .login(let read) = file.read() else {
            Issue.record("not read back")
            return
        }
        #expect(read == login && read.subject == "me")
        #expect(try mode(file.path) == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["token"])
    }

    @Test func aLeftOverThatOthersCouldReadIsClosedToThem() throws {
        let left = file.path + ".new"
        try Data(repeating: 0x78, count: 30_000).write(to: URL(fileURLWithPath: left))
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: left)
        try file.write(StoredLogin(refreshToken: Tokens.jwt()))
        #expect(try mode(file.path) == 0o600)
        guard case .login = file.read() else {
            Issue.record("the old bytes are still there")
            return
        }
    }

    @Test func aPreparedFileDoesNotDisturbTheStoredOne() throws {
        let login = StoredLogin(refreshToken: Tokens.jwt())
        try file.write(login)
        try file.prepare()
        guard case .login(let read) = file.read() else {
            Issue.record("the login is gone")
            return
        }
        #expect(read == login)
        #expect(try mode(file.path + ".new") == 0o600)
    }

    @Test func faultsNameTheFileAndTheReason() {
        let nowhere = TokenFile(path: scratch.path + "/missing/token")
        let fault = #expect(throws: FileFault.self) { try nowhere.write(StoredLogin(refreshToken: Tokens.jwt())) }
        #expect(fault?.what.contains("No such file") == true)
    }

    @Test(arguments: ["", "{}", "[1]", "rubbish", #"{"refresh_token":1}"#])
    func whatIsNoTokenFile(text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file.path))
        guard case .unreadable(let words) = file.read() else {
            Issue.record("rubbish was read")
            return
        }
        #expect(words.contains(file.path))
    }

    @Test func importing() async throws {
        let token = Tokens.jwt(id: "first")
        #expect(try await imported("  \(token)\r\n") == .stored)
        #expect(try await imported(token) == .alreadyImported)
        // Renewed since: the first token is spent and must not come back.
        var login = StoredLogin(refreshToken: Tokens.jwt(id: "second"), accessToken: "a")
        login.importedFrom = token
        try file.write(login)
        #expect(try await imported(token) == .alreadyImported)
        guard case .login(let kept) = file.read() else { return }
        #expect(kept == login)
        #expect(try await imported(Tokens.jwt(id: "third")) == .stored)
    }

    @Test(arguments: ["", " \n\t", "\u{FEFF}"])
    func anEmptyToken(text: String) async {
        #expect(await failure(TokenImportError.self) { try await imported(text) } == .empty)
    }

    @Test(arguments: [
        "abc", "a.b", "a.b.c.d", "a..c", "a.b c.d", "a.b!.c", "https://x.y/z", "{\"refresh_token\":\"a.b.c\"}",
    ])
    func aMalformedToken(text: String) async throws {
        let error = try #require(await failure(TokenImportError.self) { try await imported(text) })
        guard case .malformed = error else {
            Issue.record("\(error)")
            return
        }
        #expect(!error.description.contains(text))
        guard case .none = file.read() else {
            Issue.record("something was stored")
            return
        }
    }

    @Test func anImportWaitsForARenewalUnderWay() async throws {
        let lock = try await FileLock.holding(file.path + ".lock", time: time, until: time.now()) {
            () -> TokenImportError? in
            let waiter = Task { await failure(TokenImportError.self) { try await imported(Tokens.jwt()) } }
            await time.sleepers(atLeast: 1)
            time.advance(by: .seconds(31))
            return await waiter.value
        }
        #expect(lock == .busy)
    }

    @Test func tokensTellAboutThemselves() throws {
        let jwt = try #require(JWT(Tokens.jwt(sub: "ü?>~", exp: 20, iat: 5)))
        #expect(jwt.subject == "ü?>~" && jwt.expires == 20 && jwt.issued == 5 && jwt.life == .seconds(15))
        // The plain alphabet with padding, as some write it.
        let plain = "e30=." + Data(#"{"sub":"ÿÿ>>??"}"#.utf8).base64EncodedString() + ".x"
        #expect(JWT(plain)?.subject == "ÿÿ>>??")
        #expect(JWT("a.b.c") != nil && JWT("a.b.c")?.subject == nil)
        #expect(JWT("a.b") == nil && JWT("") == nil)
    }

    @Test func aLoginDoesNotShowItself() {
        let login = StoredLogin(refreshToken: Tokens.jwt(), accessToken: "very-secret")
        var dumped = ""
        dump(login, to: &dumped)
        for text in ["\(login)", String(reflecting: login), dumped] {
            #expect(!text.contains("very-secret") && !text.contains("eyJ"))
        }
    }
}
