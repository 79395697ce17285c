import Basics
import Drive
import ReadPath
import TestSupport
import Testing

/// Every trouble of a download, as a reader meets it.
@Suite(.timeLimit(.minutes(1))) struct HealingTests {
    let fixture = ReaderFixture(ReaderFixture.small())
    let content = FakeContent.pattern(seed: 21, size: 100_000)
    /// One block, one fetch.
    let small = FakeContent.pattern(seed: 22, size: 4_000)

    private func refusal(_ code: String) -> Refusal { Refusal(status: 400, code: code, message: "") }

    /// Reads the whole file while time passes.
    private func whole(_ open: OpenContent) async throws -> [UInt8] {
        let fixture = fixture
        return try await fixture.withTimePassing { try await open.whole(by: 30_000, until: fixture.later) }
    }

    private func failure(_ open: OpenContent) async -> ReadError? {
        do {
            _ = try await whole(open)
            return nil
        } catch {
            return error as? ReadError
        }
    }

    private func failure(_ open: OpenContent, at offset: Int64) async -> ReadError? {
        do {
            _ = try await fixture.read(open, offset, 100)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        DownloadFailure.expired, .tooManyStreams, .cut("reset"), .throttled(status: 503), .throttled(status: 429),
        .denied("SignatureDoesNotMatch"), .denied("AccessDenied"), .wrongRange("another total"), .gone,
    ])
    func oneFailureAnywhereIsHealed(failure: DownloadFailure) async throws {
        for bytes: Int64 in [0, 1, 5_000, 20_000] {
            fixture.drive.script(.download, .fail(failure, after: bytes))
            let source = fixture.add(content, name: FileName("\(bytes)"), hash: .absent)
            #expect(try await whole(fixture.reader.open(source)) == content.allBytes)
        }
    }

    @Test(arguments: [
        DriveError.unreachable("no route"), .deadlinePassed, .malformedAnswer("garbage"),
        .serverFailure(Refusal(status: 502, code: "", message: "Bad Gateway")),
    ])
    func aFailingLinkRequestIsRepeated(error: DriveError) async throws {
        fixture.drive.script(.downloadLinks, times: 3, .fail(error))
        #expect(try await whole(fixture.reader.open(fixture.add(small))) == small.allBytes)
        #expect(fixture.drive.calls(of: .downloadLinks) == 4)
    }

    @Test func aCutBodyGoesOnAtTheNextByte() async throws {
        fixture.drive.respond { call in
            call.range?.lower == 0 ? .fail(.cut("reset"), after: 20_000) : .proceed
        }
        #expect(try await whole(fixture.reader.open(fixture.add(content))) == content.allBytes)
        #expect(fixture.drive.downloads.bytes == 100_000)
        let lowers = fixture.drive.log.compactMap(\.range?.lower)
        #expect(lowers.contains(20_000))
        #expect(fixture.time.sleeperCount <= 1)
    }

    @Test func aLinkThatExpiresBetweenReadsIsReplacedOnce() async throws {
        let open = fixture.reader.open(fixture.add(.pattern(seed: 1, size: 1 << 20), hash: .absent))
        _ = try await fixture.read(open, 0, 100)
        await until { fixture.reader.statistics().activeFetches == 0 }
        fixture.drive.expireLinks()
        _ = try await fixture.read(open, 900_000, 100)
        #expect(fixture.drive.calls(of: .downloadLinks) == 2)
        #expect(fixture.reader.statistics().retries == 0)
    }

    @Test func linksThatNeverWorkEndInAnError() async {
        fixture.drive.script(.download, times: 100, .fail(.expired))
        let error = await failure(fixture.reader.open(fixture.add(small)))
        guard case .inputOutput = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(fixture.drive.calls(of: .downloadLinks) == 4)
    }

    @Test func aLinkIsRenewedAheadOfItsEndWhileReadingGoesOn() async throws {
        let open = fixture.reader.open(fixture.add(.pattern(seed: 2, size: 1 << 20), hash: .absent))
        _ = try await fixture.read(open, 0, 100)
        fixture.time.advance(by: .seconds(800))
        _ = try await fixture.read(open, 500_000, 100)
        await until { fixture.drive.calls(of: .downloadLinks) == 2 }
        fixture.time.advance(by: .seconds(80))
        _ = try await fixture.read(open, 900_000, 100)
        #expect(fixture.drive.calls(of: .downloadLinks) == 2)
    }

    @Test func anAnswerForOtherBytesIsNeverAccepted() async {
        fixture.drive.script(.download, times: 10, .fail(.wrongRange("200")))
        guard case .inputOutput = await failure(fixture.reader.open(fixture.add(content))) else {
            Issue.record("an error is due")
            return
        }
    }

    @Test func aRemovedFileIsStale() async {
        let source = fixture.add(content)
        let open = fixture.reader.open(source)
        fixture.drive.remove(source.object.file)
        guard case .stale = await failure(open) else {
            Issue.record("stale is due")
            return
        }
    }

    @Test func aFileTrashedWhileItIsReadIsStaleAndSaysSoToLaterReads() async throws {
        let big = FakeContent.pattern(seed: 3, size: 4 << 20)
        let source = fixture.add(big, hash: .absent)
        let open = fixture.reader.open(source)
        _ = try await fixture.read(open, 0, 100)
        fixture.drive.trash(source.object.file)
        for _ in 0..<2 {
            guard case .stale = await failure(open, at: 3 << 20) else {
                Issue.record("stale is due")
                return
            }
        }
    }

    @Test func aRemovedFileIsReadFromItsOpenDuplicate() async throws {
        let first = fixture.add(content, name: "a")
        let second = fixture.add(content, name: "b")
        let open = fixture.reader.open(first)
        let other = fixture.reader.open(second)
        fixture.drive.remove(first.object.file)
        #expect(try await whole(open) == content.allBytes)
        other.close()
    }

    @Test(arguments: [
        (DriveError.loginRequired("dead"), ReadError.loginNeeded("dead")),
        (.accessDenied(Refusal(status: 403, code: "C", message: "m")), .accessDenied("403 C: m")),
        (.download(.denied("RequestDeniedByCallback")), .accessDenied("RequestDeniedByCallback")),
    ])
    func whatCannotBeHealedReachesTheReaderAndLaterReadsTryAnew(error: DriveError, expected: ReadError) async throws {
        let function: FakeFunction = if case .download = error { .download } else { .downloadLinks }
        fixture.drive.script(function, times: 3, .fail(error))
        let open = fixture.reader.open(fixture.add(small))
        #expect(await failure(open) == expected)
        fixture.drive.clearScripts()
        #expect(try await whole(open) == small.allBytes)
    }

    @Test func withoutANetworkTheDeadlineSaysWhy() async {
        fixture.drive.respond { _ in .fail(.unreachable("no route to host")) }
        let open = fixture.reader.open(fixture.add(content))
        #expect(await failure(open) == .unreachable("no route to host"))
    }

    @Test func readAheadThatNobodyWaitsForGivesUpAfterFewTries() async throws {
        let big = FakeContent.pattern(seed: 4, size: 1 << 20)
        let source = fixture.add(big, hash: .absent)
        let open = fixture.reader.open(source)
        _ = try await fixture.read(open, 0, 30_000)
        await until { fixture.reader.statistics().activeFetches == 0 }
        let before = fixture.drive.calls(of: .download)
        fixture.drive.respond { call in
            call.function == .download ? .fail(.throttled(status: 503)) : .proceed
        }
        // These bytes are there; reading them asks for more ahead.
        try await fixture.withTimePassing { [fixture] in
            _ = try await fixture.read(open, 30_000, 35_536)
            await until { fixture.drive.calls(of: .download) > before }
            await until { fixture.reader.statistics().activeFetches == 0 }
        }
        #expect(fixture.drive.calls(of: .download) - before <= 6)
        fixture.drive.respond(nil)
        let rest = try await open.bytes(70_000, 1000, until: fixture.later)
        #expect(rest == big.bytes(in: ByteRange(70_000, 71_000)))
    }
}
