import Basics
import Drive
import Testing

@testable import DriveHTTP

@Suite struct VerdictTests {
    private func verdict(
        _ status: Int, _ body: String, _ fields: [(name: String, value: String)] = [], marker: Bool = false
    ) -> Verdict {
        Verdict(
            .json(body, status: status, fields), Verdict.Context(hasMarker: marker),
            serverNow: UnixTime(seconds: 784_111_777))
    }

    private func coded(_ status: Int, _ code: String) -> Verdict {
        verdict(status, #"{"code":"\#(code)","message":"words","requestId":"r","data":null,"display_message":null}"#)
    }

    /// One row of the table of contract 11, by what kind of end it has.
    private func kind(_ verdict: Verdict) -> String {
        switch verdict {
        case .success: "success"
        case .tokenRefused: "token"
        case .throttled: "throttled"
        case .passing: "passing"
        case .final(let error): String(String(describing: error).prefix { $0 != "(" })
        }
    }

    @Test(arguments: [
        (401, "AccessTokenExpired", "token"), (401, "AccessTokenInvalid", "token"), (400, "I400JD", "token"),
        (401, "SomethingNew", "token"), (401, "RefreshTokenInvalid", "loginRequired"),
        (400, "RefreshTokenExpired", "loginRequired"), (403, "PermissionDenied", "loginRequired"),
        (400, "UserDeviceOffline", "loginRequired"), (403, "UserNotAllowedAccessDrive", "accessDenied"),
        (403, "ForbiddenDriveNotValid", "rejected"), (403, "ForbiddenDriveLocked", "driveLocked"),
        (403, "ForbiddenNoPermission.File", "accessDenied"), (403, "SomethingNew", "accessDenied"),
        (403, "ForbiddenFileInTheRecycleBin", "inRecycleBin"), (400, "ForbiddenFileInTheRecycleBin", "inRecycleBin"),
        (404, "NotFound.FileId", "notFound"), (400, "NotFound.File", "notFound"),
        (404, "NotFound.ParentFileId", "notFound"),
        (404, "SomethingNew", "notFound"), (409, "AlreadyExist.File", "nameTaken"),
        (400, "AlreadyExist.File", "nameTaken"),
        (400, "InvalidResource.FileTypeFolder", "wrongKind"), (403, "QuotaExhausted.Drive", "quotaExhausted"),
        (400, "QuotaExhausted.Drive", "quotaExhausted"), (403, "ExceedCapacityForbidden", "accountRestricted"),
        (403, "UserNotAllowedAccessResource", "accountRestricted"), (400, "InvalidParameter.Marker", "staleMarker"),
        (400, "InvalidParameter.Limit", "rejected"), (400, "InvalidParameter", "rejected"),
        (400, "BadRequest", "rejected"),
        (429, "TooManyRequests", "throttled"), (429, "ParamFlowException", "throttled"),
        (400, "TooManyRequests", "throttled"),
        (429, "SomethingNew", "throttled"), (500, "InternalError", "passing"), (503, "SomethingNew", "passing"),
        (400, "FeatureTemporaryDisabled", "serverFailure"), (400, "InvalidClientId", "misconfigured"),
        (400, "AppNotExists", "misconfigured"), (501, "Whatever", "accessDenied"), (418, "SomethingNew", "rejected"),
        // HTTP 200 with a code is a failure all the same (contract 1).
        (200, "NotFound.FileId", "notFound"), (200, "SomethingNew", "rejected"),
    ])
    func table(status: Int, code: String, expected: String) { #expect(kind(coded(status, code)) == expected) }

    @Test func aMarkerIsBlamedForItsParameters() {
        let body = #"{"code":"InvalidParameter.Something","message":""}"#
        #expect(kind(verdict(400, body, marker: true)) == "staleMarker")
        #expect(kind(verdict(400, body)) == "rejected")
    }

    @Test(arguments: [
        (413, "Payload Too Large", "tooLarge"), (502, "Bad Gateway", "passing"),
        (404, #"{"timestamp":"2023","status":404,"error":"Not Found","path":"/x"}"#, "rejected"),
        (404, "<html>gone</html>", "rejected"), (403, "<html>firewall</html>", "passing"),
        (200, "<html>login</html>", "passing"),
        (200, "plain", "passing"), (405, "", "rejected"), (403, "", "accessDenied"), (500, "", "passing"),
        (408, "", "passing"),
        (400, "not json", "rejected"), (302, "", "rejected"), (200, "", "success"), (204, "", "success"),
        (200, "{}", "success"),
        (200, #"{"code":"","message":""}"#, "success"), (200, #"{"code":null}"#, "success"), (200, "[]", "success"),
    ])
    func otherShapes(status: Int, body: String, expected: String) { #expect(kind(verdict(status, body)) == expected) }

    @Test func theCodeMayBeInAHeader() {
        let fields = [(name: "X-Ca-Error-Code", value: "NotFound.FileId"), (name: "x-ca-error-message", value: "gone")]
        #expect(
            verdict(404, "", fields)
                == .final(.notFound(Refusal(status: 404, code: "NotFound.FileId", message: "gone"))))
    }

    @Test(arguments: [
        ("x-retry-after", "1500", Duration.milliseconds(1_500)), ("x-retry-after", " 20 ", .milliseconds(20)),
        ("retry-after", "7", .seconds(7)), ("Retry-After", "Sun, 06 Nov 1994 08:50:37 GMT", .seconds(60)),
        ("x-retry-after", "99999999999", .seconds(600)),
    ])
    func waits(name: String, value: String, wait: Duration) {
        guard case .throttled(_, let asked) = verdict(429, "", [(name: name, value: value)]) else {
            Issue.record("not throttled")
            return
        }
        #expect(asked == wait)
    }

    @Test(arguments: ["soon", "", "-5", "1.5.2", "99999999999999999999999"])
    func junkIsNoWait(value: String) {
        let refusal = Refusal(status: 429, code: "", message: "")
        #expect(verdict(429, "", [(name: "x-retry-after", value: value)]) == .throttled(refusal, after: nil))
    }

    @Test func wordsAreOneShortLineWithoutSecrets() {
        let token = Tokens.jwt()
        let dirty = "see https://host/path?sign=abc\nand \(token) \(String(repeating: "a1", count: 200))\u{7}"
        let clean = Redaction.clean(dirty)
        #expect(!clean.contains("sign") && !clean.contains(token.prefix(20)) && !clean.contains("\n"))
        #expect(clean.count <= 301 && clean.hasPrefix("see https://host/path?… and …"))
        #expect(Redaction.clean("请求过快，请等待 20 毫秒后再请求") == "请求过快，请等待 20 毫秒后再请求")
    }

    @Test func retriesEnd() {
        var policy = RetryPolicy()
        let waits = [0, 1, 0, 0, 0].map { policy.fault(jitter: $0) }
        #expect(waits == [.milliseconds(100), .milliseconds(450), .milliseconds(900), .milliseconds(2_700), nil])
        var other = RetryPolicy()
        let fewer = (0..<3).map { _ in other.unreachable(jitter: 0) }
        #expect(fewer == [.milliseconds(100), .milliseconds(300), nil])
    }
}
