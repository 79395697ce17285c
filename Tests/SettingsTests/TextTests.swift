import Testing

@testable import Settings

@Suite struct TextTests {
    @Test(arguments: [
        ("0", 0), ("17", 17), ("64K", 65_536), ("64k", 65_536), ("1.5G", 3 << 29), ("128MiB", 128 << 20),
        ("2TB", 2 << 40),
        ("12B", 12),
    ])
    func sizes(text: String, bytes: Int) { #expect(Size.parse(text) == bytes) }

    @Test(arguments: ["", "G", "1.5", "-1", "1 G", "1GG", ".5G", "1.G", "0x10", "9999999T", "inf", "１"])
    func noSizes(text: String) { #expect(Size.parse(text) == nil) }

    @Test(arguments: [
        ("0", Duration.zero), ("60", .seconds(60)), ("60s", .seconds(60)), ("500ms", .milliseconds(500)),
        ("1h30m", .seconds(5_400)), ("0.5s", .milliseconds(500)), ("2d", .seconds(172_800)),
    ])
    func times(text: String, duration: Duration) { #expect(TimeSpan.parse(text) == duration) }

    @Test(arguments: ["", "s", "1h30", "-5s", "5 s", "5S", "1w", "99999999d"])
    func noTimes(text: String) { #expect(TimeSpan.parse(text) == nil) }

    @Test func textsReadBack() {
        for bytes in [0, 17, 65_536, 3 << 29, 1 << 40] { #expect(Size.parse(Size.text(bytes)) == bytes) }
        for seconds in [0, 1, 60, 90, 3_600, 86_400] {
            #expect(TimeSpan.parse(TimeSpan.text(.seconds(seconds))) == .seconds(seconds))
        }
    }

    @Test(arguments: [
        ("https://a.org/", "https://a.org"), ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"), ("http://localhost", "http://localhost"),
    ])
    func addresses(text: String, checked: String) { #expect(WebAddress.checked(text) == checked) }

    @Test(arguments: [
        "", "a.org", "ftp://a.org", "http://a.org", "http://127.0.0.1.a.org", "https://u:p@a.org", "https://",
        "https://a.org/?x",
        "https://a b",
    ])
    func noAddresses(text: String) { #expect(WebAddress.checked(text) == nil) }

    @Test func tokens() throws {
        #expect(try RefreshToken(" a.b.c\n").secret.revealed() == "a.b.c")
        #expect(throws: RefreshToken.Flaw.empty) { try RefreshToken(" \n") }
        #expect(throws: RefreshToken.Flaw.notThreeSegments) { try RefreshToken("a.b") }
        #expect(throws: RefreshToken.Flaw.notThreeSegments) { try RefreshToken("a..c") }
        #expect(throws: RefreshToken.Flaw.foreignText) { try RefreshToken("a.b.c d") }
    }

    @Test func secretsDoNotShow() throws {
        let token = try RefreshToken("aaa.bbb.ccc")
        var dumped = ""
        dump(token, to: &dumped)
        for shown in ["\(token)", String(reflecting: token), String(describing: token.secret), dumped] {
            #expect(!shown.contains("bbb"))
        }
    }
}
