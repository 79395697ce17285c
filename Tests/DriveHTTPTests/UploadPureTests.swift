import Basics
import Drive
import Foundation
import Testing

@testable import DriveHTTP

/// What of an upload is decided without a wire.
@Suite struct UploadPureTests {
    /// The vectors of contract 7.4.
    private static let proofs: [(token: String, content: [UInt8], range: ByteRange, proof: String)] = [
        ("token-B", Array("Hello World!".utf8), ByteRange(4, 12), "byBXb3JsZCE="),
        ("token-C", Array("Hello World!".utf8), ByteRange(9, 12), "bGQh"),
        ("example-access-token", Array("abcdefghijklmnopqrstuvwxyz".utf8), ByteRange(9, 17), "amtsbW5vcHE="),
        (
            "example-access-token", (0..<1_048_576).map { UInt8($0 % 251) }, ByteRange(814_379, 814_387),
            "h4iJiouMjY4="
        ),
        ("token-A", Array("abc".utf8), ByteRange(2, 3), "Yw=="),
        ("any", [], ByteRange(0, 0), ""),
    ]

    @Test(arguments: proofs.indices)
    func proofsOfContent(index: Int) async throws {
        let (token, content, range, proof) = Self.proofs[index]
        #expect(ProofCode.range(token: token, size: Int64(content.count)) == range)
        let source = MemorySource(content)
        #expect(try await ProofCode.make(token: token, size: Int64(content.count), source: source) == proof)
        #expect(source.reads.count == (content.isEmpty ? 0 : 1))
    }

    @Test func aProofOfBytesThatCannotBeRead() async {
        let source = MemorySource([1, 2, 3], failsFrom: 0)
        let error = await failure { try await ProofCode.make(token: "t", size: 3, source: source) }
        #expect(error == .change(.source(MemorySource.failure)))
    }

    private static func xml(_ code: String, _ more: String = "") -> String {
        "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>m</Message>\(more)<RequestId>r</RequestId></Error>"
    }

    private static let answers: [(Int, String, PartAnswer)] = [
        (200, "", .stored), (204, "", .stored), (409, xml("PartAlreadyExist"), .stored),
        (409, xml("PartNotSequential", "<PartNumber>3</PartNumber>"), .failed(.notSequential(expected: 3))),
        (400, xml("PartNotSequential"), .failed(.notSequential(expected: nil))),
        (409, xml("OperationConflict"), .failed(.denied("OperationConflict"))),
        (409, "", .failed(.denied("HTTP 409"))),
        (403, "<Error><Code>AccessDenied</Code><Message>Request has expired.</Message></Error>", .failed(.expired)),
        (403, xml("RequestDeniedByCallback", "ExceedMaxConcurrency"), .failed(.throttled(status: 403))),
        (403, "", .failed(.expired)), (403, xml("AccessDenied"), .failed(.denied("AccessDenied"))),
        (403, xml("SignatureDoesNotMatch"), .failed(.denied("SignatureDoesNotMatch"))),
        (404, xml("NoSuchUpload"), .failed(.sessionGone)), (404, "", .failed(.denied("HTTP 404"))),
        (400, xml("InvalidArgument"), .failed(.denied("InvalidArgument"))),
        (400, xml("RequestTimeout"), .failed(.cut("RequestTimeout"))),
        (429, "", .failed(.throttled(status: 429))), (503, xml("SlowDown"), .failed(.throttled(status: 503))),
        (307, "", .failed(.denied("HTTP 307"))),
    ]

    @Test(arguments: answers.indices)
    func answersToParts(index: Int) {
        let (status, body, expected) = Self.answers[index]
        #expect(PartAnswer(status: status, body: Array(body.utf8)) == expected)
    }

    @Test func theInternalHostReplacesSchemeAndHostAlone() {
        let known = "http://ccp-bj29-bj-1592982087.oss-cn-beijing-internal.aliyuncs.com"
        #expect(
            UploadHost.internalURL("https://cn-beijing-data.aliyundrive.net/a%2Fb?x=%2B&y=http://z/", stated: nil)
                == known + "/a%2Fb?x=%2B&y=http://z/")
        #expect(UploadHost.internalURL("https://host:8443?x=1", stated: nil) == known + "?x=1")
        #expect(UploadHost.internalURL("https://host", stated: nil) == known)
        #expect(UploadHost.internalURL("https://host/x", stated: "http://stated/x") == "http://stated/x")
    }

    @Test func plainHTTPGoesToTheInternalHostOnlyWhenAskedFor() {
        let url = UploadHost.internalURL("https://h/x", stated: nil)
        let usual = LinkHosts(configured: [], apiURL: "https://openapi.alipan.com")
        let inside = LinkHosts(configured: [], apiURL: "https://openapi.alipan.com", usesInternal: true)
        #expect(usual.objection(to: url) != nil && inside.objection(to: url) == nil)
        #expect(inside.objection(to: "http://cn-beijing-data.aliyundrive.net/x") != nil)
        #expect(inside.objection(to: "http://evil-internal.aliyuncs.com.example/x") != nil)
    }

    @Test(arguments: [
        (0, 0, "1970-01-01T00:00:00.000Z"), (1_687_946_420, 22_999_999, "2023-06-28T10:00:20.022Z"),
        (951_827_696, 0, "2000-02-29T12:34:56.000Z"), (-1, 999_000_000, "1969-12-31T23:59:59.999Z"),
        (4_107_542_399, 0, "2100-02-28T23:59:59.000Z"), (253_402_300_799, 0, "9999-12-31T23:59:59.000Z"),
    ])
    func times(seconds: Int, nanoseconds: Int, text: String) {
        let time = UnixTime(seconds: Int64(seconds), nanoseconds: Int32(nanoseconds))
        #expect(WireTime.text(time) == text)
        #expect(WireTime(iso8601: text)?.unix.seconds == Int64(seconds))
    }

    @Test(arguments: [253_402_300_800, -62_135_596_801, Int.max, Int.min])
    func timesThatCannotBeWritten(seconds: Int) {
        #expect(WireTime.text(UnixTime(seconds: Int64(seconds))) == nil)
    }

    @Test func slowBandwidthsGoInSmallPieces() throws {
        #expect(try #require(Bandwidth(bytesPerSecond: 40_000)).piece == 10_000)
        #expect(try #require(Bandwidth(bytesPerSecond: 1)).piece == 1_024)
        let bandwidth = try #require(Bandwidth(bytesPerSecond: 1_000))
        let start = Moment(sinceBoot: .seconds(9))
        // A long wait comes in portions.
        #expect(bandwidth.pause(after: 5_000, now: start) == .seconds(2))
        #expect(bandwidth.pause(after: 0, now: start + .seconds(4)) == .seconds(1))
        #expect(bandwidth.pause(after: 0, now: start + .seconds(5)) == .zero)
    }
}
