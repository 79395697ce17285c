import Basics
import Drive
import Synchronization
import TestSupport
import Testing

@testable import DriveHTTP

/// Keeps what it is given, at most so much.
final class Bucket: DownloadSink {
    private let content = Mutex<[UInt8]>([])
    private let capacity: Int

    init(capacity: Int = .max) { self.capacity = capacity }

    var bytes: [UInt8] { content.withLock { $0 } }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        content.withLock { content in
            content.append(contentsOf: bytes)
            return content.count < capacity
        }
    }
}

/// Downloads over real sockets.
@Suite struct DownloadTests {
    private static let object = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    private static let size = Int64(object.count)

    private struct Rig {
        let scratch = Scratch()
        let server: LoopbackServer
        let drive: HTTPDrive

        init(
            stall: Duration = .seconds(30), change: (inout DriveHTTPConfiguration) -> Void = { _ in },
            _ script: @escaping @Sendable (LoopbackServer.Request) -> [LoopbackServer.Step]
        ) async throws {
            server = try await LoopbackServer(script)
            var configuration = DriveHTTPConfiguration(
                apiURL: server.url, renewal: .onlinePost(url: server.url), tokenPath: scratch.path + "/token",
                limitsDirectory: scratch.path)
            configuration.stallTimeout = stall
            // So that a test sees a stream come back at once.
            configuration.streamLinger = .zero
            change(&configuration)
            drive = try HTTPDrive(configuration, time: SystemTime(), random: { 0 }, logger: quiet)
        }

        func download(
            _ range: ByteRange, from path: String = "/object?Signature=a%2Bb%3D&x=1", into sink: any DownloadSink
        ) async throws(DriveError) {
            let link = DownloadLink(url: server.url + path, expires: Moment(sinceBoot: .seconds(1 << 40)))
            try await drive.download(link, range: range, ofSize: DownloadTests.size, .foreground, into: sink)
        }

        func end() async {
            await drive.shutdown()
            await server.stop()
        }
    }

    /// The right answer to a range.
    @Sendable private static func honest(_ request: LoopbackServer.Request) -> [LoopbackServer.Step] {
        guard let (first, last) = request.range else { return [.head(500, [("content-length", "0")]), .end] }
        return [.head(206, partial(first, last)), .bytes(Array(object[first...last])), .end]
    }

    private static func partial(_ first: Int, _ last: Int, total: Int64 = size) -> [(String, String)] {
        [("content-range", "bytes \(first)-\(last)/\(total)"), ("content-length", "\(last - first + 1)")]
    }

    @Test func rangesArriveWholeOverOneConnection() async throws {
        let rig = try await Rig(Self.honest)
        for (lower, upper) in [(0, 300_000), (5, 6), (299_999, 300_000), (1_000, 200_001)] {
            let bucket = Bucket()
            try await rig.download(ByteRange(Int64(lower), Int64(upper)), into: bucket)
            #expect(bucket.bytes == Array(Self.object[lower..<upper]))
        }
        #expect(rig.server.connections == 1)
        let first = try #require(rig.server.requests.first)
        #expect(first.head.uri == "/object?Signature=a%2Bb%3D&x=1")
        #expect(first.head.headers.first(name: "range") == "bytes=0-299999")
        #expect(first.head.headers.first(name: "referer") == "https://www.aliyundrive.com/")
        #expect(first.head.headers.first(name: "user-agent") == "aliyunfs")
        #expect(first.head.headers["authorization"].isEmpty)
        #expect(!first.head.headers.contains { $0.name.lowercased().hasPrefix("x-oss") })
        #expect(rig.drive.health().streamsOpen == 0)
        await rig.end()
    }

    @Test func aWholeObjectMayComeAs200() async throws {
        let rig = try await Rig { _ in
            [.head(200, [("content-length", "\(Self.size)")]), .bytes(Self.object), .end]
        }
        let bucket = Bucket()
        try await rig.download(ByteRange(0, Self.size), into: bucket)
        #expect(bucket.bytes == Self.object)
        await rig.end()
    }

    private static let wrongAnswers: [(String, [LoopbackServer.Step])] = [
        ("200 for a range", [.head(200, [("content-length", "300000")]), .bytes(object), .end]),
        ("200 without a length", [.head(200, [("transfer-encoding", "chunked")]), .bytes(object), .end]),
        ("another start", [.head(206, partial(11, 20)), .bytes([1, 2, 3]), .stall]),
        ("another end", [.head(206, partial(10, 30)), .bytes([1, 2, 3]), .stall]),
        ("another size", [.head(206, partial(10, 19, total: 7_000)), .bytes([1, 2, 3]), .stall]),
        ("no Content-Range", [.head(206, [("content-length", "10")]), .bytes([1]), .stall]),
        ("an encoded body", [.head(206, partial(10, 19) + [("content-encoding", "gzip")]), .bytes([1]), .stall]),
        (
            "a length that does not fit",
            [.head(206, [("content-range", "bytes 10-19/300000"), ("content-length", "5")]), .stall]
        ),
        ("204", [.head(204, []), .end]),
    ]

    @Test(arguments: wrongAnswers.indices)
    func bytesOfAnotherRangeNeverReachTheSink(index: Int) async throws {
        let (name, steps) = Self.wrongAnswers[index]
        let rig = try await Rig { _ in steps }
        let bucket = Bucket()
        let error = await failure { try await rig.download(ByteRange(10, 20), into: bucket) }
        guard case .download(.wrongRange) = error else {
            Issue.record("\(name): \(String(describing: error))")
            return
        }
        #expect(bucket.bytes.isEmpty)
        await rig.end()
    }

    private static let brokenBodies: [(String, [LoopbackServer.Step])] = [
        ("short", [.head(206, partial(0, 99)), .bytes(Array(object[..<40])), .cut]),
        ("stalled", [.head(206, partial(0, 99)), .bytes(Array(object[..<40])), .stall]),
        ("no answer", [.stall]), ("cut at once", [.cut]),
        (
            "short and ended in order",
            [
                .head(206, [("content-range", "bytes 0-99/300000"), ("transfer-encoding", "chunked")]),
                .bytes(Array(object[..<40])), .end,
            ]
        ),
    ]

    @Test(arguments: brokenBodies.indices)
    func brokenBodiesAreCutAndTheirBytesAreGood(index: Int) async throws {
        let (name, steps) = Self.brokenBodies[index]
        let rig = try await Rig(stall: .milliseconds(300)) { _ in steps }
        let bucket = Bucket()
        let error = await failure { try await rig.download(ByteRange(0, 100), into: bucket) }
        guard case .download(.cut) = error else {
            Issue.record("\(name): \(String(describing: error))")
            return
        }
        #expect(bucket.bytes == Array(Self.object[..<bucket.bytes.count]) && bucket.bytes.count <= 40)
        #expect(rig.drive.health().streamsOpen == 0)
        await rig.end()
    }

    @Test func aBodyLongerThanItMayBeIsCutOff() async throws {
        let rig = try await Rig { _ in
            [
                .head(206, [("content-range", "bytes 0-99/300000"), ("transfer-encoding", "chunked")]),
                .bytes(Self.object), .end,
            ]
        }
        let bucket = Bucket()
        try await rig.download(ByteRange(0, 100), into: bucket)
        #expect(bucket.bytes == Array(Self.object[..<100]))
        await rig.end()
    }

    @Test func aSinkThatHasEnoughClosesTheBody() async throws {
        let rig = try await Rig { request in
            [.head(206, Self.partial(0, 299_999)), .bytes(Array(Self.object[..<1_000])), .stall]
        }
        let bucket = Bucket(capacity: 500)
        try await rig.download(ByteRange(0, Self.size), into: bucket)
        #expect(bucket.bytes.count >= 500 && bucket.bytes.count <= 1_000)
        #expect(rig.drive.health().streamsOpen == 0)
        while rig.server.closedConnections == 0 { await Task.yield() }
        await rig.end()
    }

    @Test func cancellationEndsAStalledDownload() async throws {
        let rig = try await Rig { _ in [.head(206, Self.partial(0, 99)), .bytes([1]), .stall] }
        let bucket = Bucket()
        let reader = Task { await failure { try await rig.download(ByteRange(0, 100), into: bucket) } }
        while bucket.bytes.isEmpty { await Task.yield() }
        reader.cancel()
        #expect(await reader.value == .cancelled)
        #expect(rig.drive.health().streamsOpen == 0)
        await rig.end()
    }

    @Test(arguments: [
        ("RequestDeniedByCallback</Code>ExceedMaxConcurrency", DownloadFailure.tooManyStreams, 1),
        ("AccessDenied</Code>Request has expired.", .expired, 3),
    ])
    func refusalsAreClassifiedAndTooManyLowersTheLimit(text: String, expected: DownloadFailure, allowed: Int)
        async throws
    {
        let rig = try await Rig { request in
            let xml = Array("<Error><Code>\(text)</Error>".utf8)
            return [.head(403, [("content-length", "\(xml.count)")]), .bytes(xml), .end]
        }
        #expect(await failure { try await rig.download(ByteRange(0, 9), into: Bucket()) } == .download(expected))
        #expect(rig.drive.health().streamsAllowed == allowed)
        await rig.end()
    }

    @Test func endlessRefusalsAreNotReadToTheEnd() async throws {
        let rig = try await Rig { _ in
            [.head(503, [("transfer-encoding", "chunked")]), .bytes(Self.object), .stall]
        }
        #expect(
            await failure { try await rig.download(ByteRange(0, 9), into: Bucket()) }
                == .download(.throttled(status: 503)))
        await rig.end()
    }

    @Test func redirectsAreFollowedToTheDrivesHostsOnly() async throws {
        let rig = try await Rig { request in
            switch request.head.uri {
            case "/hop": [.head(302, [("location", "/object?a=%2F"), ("content-length", "0")]), .end]
            case "/out": [.head(302, [("location", "https://evil.example/x"), ("content-length", "0")]), .end]
            case "/loop": [.head(307, [("location", "/loop"), ("content-length", "0")]), .end]
            default: Self.honest(request)
            }
        }
        let bucket = Bucket()
        try await rig.download(ByteRange(3, 9), from: "/hop", into: bucket)
        #expect(bucket.bytes == Array(Self.object[3..<9]) && rig.server.requests.last?.head.uri == "/object?a=%2F")
        let out = await failure { try await rig.download(ByteRange(3, 9), from: "/out", into: bucket) }
        #expect(out == .download(.foreignHost("evil.example")))
        let before = rig.server.requests.count
        #expect(await failure { try await rig.download(ByteRange(3, 9), from: "/loop", into: bucket) } != nil)
        #expect(rig.server.requests.count == before + 4)
        await rig.end()
    }

    @Test func foreignLinksAreNotEvenTried() async throws {
        let rig = try await Rig { _ in [.cut] }
        let link = DownloadLink(url: "http://192.0.2.1/x", expires: Moment(sinceBoot: .zero))
        let error = await failure {
            try await rig.drive.download(link, range: ByteRange(0, 1), ofSize: 1, .foreground, into: Bucket())
        }
        #expect(error == .download(.foreignHost("192.0.2.1")))
        await rig.end()
    }

    @Test func nobodyListening() async throws {
        let rig = try await Rig(Self.honest)
        await rig.server.stop()
        let error = await failure { try await rig.download(ByteRange(0, 9), into: Bucket()) }
        guard case .unreachable = error else {
            Issue.record("a closed port is unreachable")
            return
        }
        await rig.end()
    }
}
