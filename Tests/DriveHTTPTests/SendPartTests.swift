import Basics
import Dispatch
import Drive
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import DriveHTTP

/// Parts over real sockets.
@Suite struct SendPartTests {
    private static let content: [UInt8] = {
        // Of a length that no piece is a multiple of.
        let block = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 >> 9) }
        return Array((0..<129).flatMap { _ in block }.prefix(8_388_608 + 100))
    }()

    private struct Rig {
        let scratch = Scratch()
        let server: LoopbackServer
        let drive: HTTPDrive
        let progress = Sum()

        init(
            stall: Duration = .seconds(30), atHead: @escaping LoopbackServer.Script = { _ in [] },
            change: (inout DriveHTTPConfiguration) -> Void = { _ in }, _ script: @escaping LoopbackServer.Script
        ) async throws {
            server = try await LoopbackServer(atHead: atHead, script)
            var configuration = DriveHTTPConfiguration(
                apiURL: server.url, renewal: .onlinePost(url: server.url), tokenPath: scratch.path + "/token",
                limitsDirectory: scratch.path)
            configuration.stallTimeout = stall
            change(&configuration)
            drive = try HTTPDrive(configuration, time: SystemTime(), random: { 0 }, logger: quiet)
        }

        func send(
            _ range: ByteRange, of source: any UploadSource = MemorySource(SendPartTests.content),
            to path: String = "/up%2Fload?partNumber=1&Signature=a%2Bb%3D"
        ) async throws(DriveError) {
            let link = UploadLink(part: 1, url: server.url + path, expires: Moment(sinceBoot: .seconds(1 << 40)))
            let progress = progress
            try await drive.sendPart(link, range, of: source) { progress.add($0) }
        }

        func end() async {
            await drive.shutdown()
            await server.stop()
        }
    }

    /// Blocks in its first read until it is told to proceed.
    private final class SlowSource: UploadSource {
        let isReading = Gate()
        let isDone = Sum()
        private let door = DispatchSemaphore(value: 0)

        func proceed() { door.signal() }

        func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(UploadSourceError) {
            isReading.open()
            door.wait()
            isDone.add(1)
        }
    }

    private static let stored: [LoopbackServer.Step] = [
        .head(200, [("content-length", "0"), ("etag", "\"x\"")]), .end,
    ]

    private static func refusal(_ status: Int, _ code: String) -> [LoopbackServer.Step] {
        let xml = Array("<Error><Code>\(code)</Code></Error>".utf8)
        return [.head(status, [("content-length", "\(xml.count)")]), .bytes(xml), .end]
    }

    @Test func aPartIsOnTheWireWhatItIsOnDisk() async throws {
        let rig = try await Rig { _ in Self.stored }
        let source = MemorySource(Self.content)
        try await rig.send(ByteRange(100, 8_388_708), of: source)
        let request = try #require(rig.server.requests.first)
        #expect(request.body == Array(Self.content[100...]))
        #expect(request.head.method == .PUT && request.head.uri == "/up%2Fload?partNumber=1&Signature=a%2Bb%3D")
        // Exactly these: no Content-Type, no bearer, no chunked coding, nothing of x-oss-.
        let names = request.head.headers.map { $0.name.lowercased() }.sorted()
        #expect(names == ["content-length", "host", "user-agent"])
        #expect(request.head.headers["content-length"] == ["8388608"])
        #expect(rig.progress.value == 8_388_608)
        #expect(source.reads.allSatisfy { $0.count <= PartReader.longestPiece })
        #expect(source.reads.map(\.offset) == source.reads.map(\.offset).sorted())
        await rig.end()
    }

    @Test func partsOfOneSessionShareAConnection() async throws {
        let rig = try await Rig { _ in Self.stored }
        for part in 0..<4 {
            let lower = Int64(part) * 300_000
            try await rig.send(ByteRange(lower, lower + 300_000))
            #expect(rig.server.requests.last?.body == Array(Self.content[Int(lower)..<Int(lower) + 300_000]))
        }
        #expect(rig.server.connections == 1)
        await rig.end()
    }

    @Test func anEmptyPart() async throws {
        let rig = try await Rig { _ in Self.stored }
        try await rig.send(ByteRange(0, 0))
        let request = try #require(rig.server.requests.first)
        let names = request.head.headers.map { $0.name.lowercased() }.sorted()
        #expect(names == ["content-length", "host", "user-agent"])
        #expect(request.head.headers["content-length"] == ["0"] && request.body.isEmpty)
        await rig.end()
    }

    @Test(arguments: [
        (409, "PartAlreadyExist", nil), (404, "NoSuchUpload", PartFailure.sessionGone),
        (403, "SignatureDoesNotMatch", .denied("SignatureDoesNotMatch")), (503, "SlowDown", .throttled(status: 503)),
    ])
    func refusalsAfterTheBody(status: Int, code: String, expected: PartFailure?) async throws {
        let rig = try await Rig { _ in Self.refusal(status, code) }
        let error = await failure { try await rig.send(ByteRange(0, 400_000)) }
        #expect(error == expected.map { .change(.part($0)) })
        await rig.end()
    }

    /// The rest of the body is not sent, and no promise is left behind.
    @Test func aRefusalAheadOfTheBodysEnd() async throws {
        let rig = try await Rig(atHead: { _ in [.deafen] + Self.refusal(403, "SignatureDoesNotMatch") }) { _ in [] }
        let source = MemorySource(Self.content)
        let error = await failure { try await rig.send(ByteRange(0, 8_388_608), of: source) }
        #expect(error == .change(.part(.denied("SignatureDoesNotMatch"))))
        #expect(rig.progress.value < 8_388_608)
        await rig.end()
    }

    @Test func aRefusalWhoseBodyComesLater() async throws {
        let steps = Self.refusal(404, "NoSuchUpload")
        let rig = try await Rig(atHead: { _ in [.deafen, steps[0], .late(Array(steps[1...]))] }) { _ in [] }
        let error = await failure { try await rig.send(ByteRange(0, 8_388_608)) }
        #expect(error == .change(.part(.sessionGone)))
        await rig.end()
    }

    @Test func aRefusalWhoseBodyNeverComes() async throws {
        let steps = Self.refusal(404, "NoSuchUpload")
        let rig = try await Rig(stall: .milliseconds(200), atHead: { _ in [.deafen, steps[0]] }) { _ in [] }
        let error = await failure { try await rig.send(ByteRange(0, 8_388_608)) }
        guard case .change(.part(.cut)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        await rig.end()
    }

    @Test func aServerThatStopsReadingIsAStall() async throws {
        let rig = try await Rig(stall: .milliseconds(200), atHead: { _ in [.deafen] }) { _ in [] }
        let error = await failure { try await rig.send(ByteRange(0, 8_388_608)) }
        guard case .change(.part(.cut)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(rig.progress.value < 8_388_608)
        await rig.end()
    }

    @Test(arguments: [LoopbackServer.Step.stall, .cut])
    func aServerThatDoesNotAnswerCuts(step: LoopbackServer.Step) async throws {
        let rig = try await Rig(stall: .milliseconds(200)) { _ in [step] }
        let error = await failure { try await rig.send(ByteRange(0, 200_000)) }
        guard case .change(.part(.cut)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        await rig.end()
    }

    @Test func aServerThatCutsInTheMiddle() async throws {
        let rig = try await Rig(atHead: { _ in [.cut] }) { _ in [] }
        let error = await failure { try await rig.send(ByteRange(0, 8_388_608)) }
        guard case .change(.part(.cut)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        await rig.end()
    }

    @Test func cancellationEndsAPartHeldUpByTheServer() async throws {
        let rig = try await Rig(atHead: { _ in [.deafen] }) { _ in [] }
        let source = MemorySource(Self.content)
        let sender = Task { await failure { try await rig.send(ByteRange(0, 8_388_608), of: source) } }
        while rig.progress.value == 0 { await Task.yield() }
        sender.cancel()
        #expect(await sender.value == .cancelled)
        // The source is not touched any more.
        let reads = source.reads.count
        await rig.end()
        #expect(source.reads.count == reads && rig.progress.value < 8_388_608)
    }

    @Test func cancellationAtAnyPointLeavesNothingBehind() async throws {
        let rig = try await Rig { _ in Self.stored }
        let link = UploadLink(part: 1, url: rig.server.url + "/x", expires: Moment(sinceBoot: .seconds(1 << 40)))
        for piece in 0..<24 {
            let source = MemorySource(Self.content)
            let sender = Mutex<Task<DriveError?, Never>?>(nil)
            let sent = Sum()
            let task = Task {
                await failure {
                    try await rig.drive.sendPart(link, ByteRange(0, 2_500_000), of: source) {
                        sent.add($0)
                        if sent.value > piece * PartReader.longestPiece { sender.withLock { $0 }?.cancel() }
                    }
                }
            }
            sender.withLock { $0 = task }
            // Those that had ended before they were cancelled have ended well.
            let error = await task.value
            #expect(error == .cancelled || (error == nil && sent.value == 2_500_000))
            let reads = source.reads.count
            await Task.yield()
            #expect(source.reads.count == reads)
        }
        await rig.end()
    }

    /// Whoever is told that the part is over may close the file.
    @Test func theSourceIsNotInUseAnyMore() async throws {
        let rig = try await Rig { _ in Self.stored }
        let source = SlowSource()
        let sender = Task { await failure { try await rig.send(ByteRange(0, 100), of: source) } }
        await source.isReading.waited()
        sender.cancel()
        let ending = Task { await sender.value }
        for _ in 0..<50 { await Task.yield() }
        #expect(source.isDone.value == 0)
        source.proceed()
        #expect(await ending.value == .cancelled)
        #expect(source.isDone.value == 1)
        await rig.end()
    }

    @Test func bytesThatCannotBeReadEndThePart() async throws {
        let rig = try await Rig { _ in Self.stored }
        let source = MemorySource(Self.content, failsFrom: 1_000_000)
        let error = await failure { try await rig.send(ByteRange(0, 2_000_000), of: source) }
        #expect(error == .change(.source(MemorySource.failure)))
        #expect(rig.server.requests.isEmpty)
        await rig.end()
    }

    @Test func theBandwidthIsHeld() async throws {
        let rig = try await Rig(change: { $0.bandwidthUp = 1_000_000 }) { _ in Self.stored }
        let start = SystemTime().now()
        try await rig.send(ByteRange(0, 600_000))
        // All but the last piece and the burst are waited for.
        #expect(SystemTime().now() - start >= .milliseconds(250))
        #expect(rig.server.requests.first?.body.count == 600_000)
        await rig.end()
    }

    @Test func foreignAddressesAreNotEvenTried() async throws {
        let rig = try await Rig { _ in [.cut] }
        let link = UploadLink(part: 1, url: "http://192.0.2.1/x", expires: Moment(sinceBoot: .zero))
        let error = await failure {
            try await rig.drive.sendPart(link, ByteRange(0, 1), of: MemorySource([1])) { _ in }
        }
        #expect(error == .change(.part(.foreignHost("192.0.2.1"))))
        await rig.end()
    }

    @Test func nobodyListening() async throws {
        let rig = try await Rig { _ in Self.stored }
        await rig.server.stop()
        let error = await failure { try await rig.send(ByteRange(0, 9)) }
        guard case .unreachable = error else {
            Issue.record("a closed port is unreachable")
            return
        }
        await rig.end()
    }
}
