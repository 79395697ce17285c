import Basics
import Drive
import Testing

@testable import DriveHTTP

@Suite struct LinkTests {
    private let now = UnixTime(seconds: 1_700_000_000)

    private func life(_ query: String, stated: String? = nil) -> Duration {
        LinkExpiry.life(
            of: "https://cn-beijing-data.aliyundrive.net/a%2Fb/c?" + query,
            stated: stated.flatMap(WireTime.init(iso8601:)),
            serverNow: now)
    }

    @Test func readsAllFourStyles() {
        #expect(
            life("x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-date=20231114T221310Z&x-oss-expires=900")
                == .seconds(890))
        #expect(life("x-oss-signature-version=OSS2&x-oss-expires=1700000800") == .seconds(800))
        #expect(life("x-oss-expires=1700000700&di=x") == .seconds(700))
        #expect(life("OSSAccessKeyId=a&Expires=1700000600&Signature=b%2Bc%3D") == .seconds(600))
    }

    @Test func fallsBackToWhatTheAnswerSays() {
        #expect(life("sign=1", stated: "2023-11-14T22:20:00Z") == .seconds(400))
        #expect(life("x-oss-signature-version=OSS4&x-oss-expires=900", stated: "2023-11-14T22:20:00Z") == .seconds(400))
        #expect(life("Expires=soon") == .seconds(900))
        #expect(life("x-oss-expires=900") == .seconds(900))
    }

    @Test func aWrongClockNeverMakesALinkUseless() {
        #expect(life("Expires=1600000000") == LinkExpiry.shortest)
        #expect(life("Expires=99999999999") == LinkExpiry.longest)
        #expect(LinkExpiry.life(of: "::", stated: nil, serverNow: now) == .seconds(900))
    }

    @Test(arguments: [
        "https://cn-beijing-data.aliyundrive.net/x?y", "https://bj29.cn-beijing.data.alicloudccp.com/x",
        "https://a.ALIYUNCS.com:443/x", "https://aliyundrive.net/", "http://10.0.0.5:8080/x",
        "https://cdn.mirror.example/x",
    ])
    func theDrivesOwnAndTheConfiguredHosts(link: String) {
        let hosts = LinkHosts(configured: ["10.0.0.5", "*.mirror.example"], apiURL: "https://openapi.alipan.com")
        #expect(hosts.objection(to: link) == nil)
    }

    @Test(arguments: [
        "https://evilaliyundrive.net/x", "https://aliyundrive.net.evil.example/x",
        "http://cn-beijing-data.aliyundrive.net/x",
        "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "file:///etc/passwd",
        "ftp://aliyundrive.net/x",
        "https://aliyundrive.net@evil.example/", "https://user@cn.aliyundrive.net/", "", "//aliyundrive.net/x",
        "https:///x",
        "https://1.10.0.0.5/", "unix:///run/x",
    ])
    func foreignHosts(link: String) {
        let hosts = LinkHosts(configured: ["x.10.0.0.5"], apiURL: "https://openapi.alipan.com")
        #expect(hosts.objection(to: link) != nil)
    }

    @Test func loopbackIsForALoopbackServiceOnly() {
        let hosts = LinkHosts(configured: [], apiURL: "http://127.0.0.1:9000")
        #expect(hosts.objection(to: "http://127.0.0.1:9001/x") == nil)
        #expect(hosts.objection(to: "http://localhost:9001/x") == nil)
        #expect(hosts.objection(to: "http://127.evil.example/x") != nil)
    }

    @Test func contentRanges() {
        let range = ContentRange("bytes 5-9/100")
        #expect(range?.first == 5 && range?.last == 9 && range?.total == 100)
        for bad in [
            "bytes 5-9/*", "bytes */100", "5-9/100", "bytes 5-/100", "bytes -5-9/100", "items 5-9/100", "bytes 5-9",
        ] {
            #expect(ContentRange(bad) == nil, "\(bad)")
        }
    }

    private func refusal(_ status: Int, _ code: String, _ message: String) -> DownloadFailure {
        let xml = "<?xml version=\"1.0\"?>\n<Error><Code>\(code)</Code><Message>\(message)</Message></Error>"
        return LinkRefusal.read(status: status, body: Array(xml.utf8))
    }

    @Test func refusalsOfTheStore() {
        #expect(refusal(403, "AccessDenied", "Request has expired.") == .expired)
        #expect(refusal(403, "AccessDenied", "Forbidden") == .denied("AccessDenied"))
        #expect(refusal(403, "RequestDeniedByCallback", "denied: ExceedMaxConcurrency") == .tooManyStreams)
        #expect(refusal(403, "RequestDeniedByCallback", "policy") == .denied("RequestDeniedByCallback"))
        #expect(refusal(403, "SignatureDoesNotMatch", "") == .denied("SignatureDoesNotMatch"))
        #expect(LinkRefusal.read(status: 403, body: []) == .expired)
        #expect(refusal(400, "InvalidArgument", "") == .denied("InvalidArgument"))
        #expect(refusal(404, "NoSuchKey", "") == .gone)
        for status in [408, 429, 500, 503, 509] { #expect(refusal(status, "X", "") == .throttled(status: status)) }
        guard case .wrongRange = refusal(416, "InvalidRange", "") else {
            Issue.record("416 is about the range")
            return
        }
    }

    @Test func aLinkDoesNotShowItself() {
        let link = DownloadLink(url: "https://secret.example/", expires: Moment(sinceBoot: .zero))
        #expect(!"\(link) \(String(reflecting: link))".contains("secret.example"))
    }

    @Test func bandwidthIsHeld() throws {
        let limit = try #require(Bandwidth(bytesPerSecond: 1_000_000))
        var now = Moment(sinceBoot: .seconds(5))
        let start = now
        for _ in 0..<100 { now = now + limit.pause(after: 50_000, now: now) }
        #expect(now - start >= .milliseconds(4_800) && now - start <= .milliseconds(5_100))
        #expect(Bandwidth(bytesPerSecond: nil) == nil && Bandwidth(bytesPerSecond: 0) == nil)
    }
}
