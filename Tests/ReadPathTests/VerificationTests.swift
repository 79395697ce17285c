import Basics
import Drive
import ReadPath
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct VerificationTests {
    let fixture = ReaderFixture(ReaderFixture.small())
    let small = FakeContent.pattern(seed: 51, size: 3_000)
    let large = FakeContent.pattern(seed: 52, size: 100_000)

    private func failure(_ open: OpenContent) async -> ReadError? {
        do {
            _ = try await open.whole(by: 10_000, until: fixture.later)
            return nil
        } catch {
            return error
        }
    }

    @Test func aFileReadWholeIsVerified() async throws {
        let open = fixture.reader.open(fixture.add(large))
        #expect(try await open.whole(by: 10_000, until: fixture.later) == large.allBytes)
        #expect(fixture.reader.statistics().verified == 1)
        #expect(fixture.reader.statistics().mismatches == 0)
    }

    @Test func aSmallFileThatCameWrongOnceIsHealedUnseen() async throws {
        fixture.drive.script(.download, .corrupt(at: [100]))
        let open = fixture.reader.open(fixture.add(small))
        #expect(try await open.whole(until: fixture.later) == small.allBytes)
        #expect(fixture.reader.statistics().mismatches == 1)
        #expect(fixture.drive.calls(of: .download) == 2)
        #expect(fixture.logs.lines(.error).count == 1)
    }

    @Test func aFileThatIsWrongTwiceIsRefusedUntilReopened() async throws {
        fixture.drive.script(.download, times: 2, .corrupt(at: [100]))
        let source = fixture.add(small)
        let open = fixture.reader.open(source)
        for _ in 0..<2 {
            guard case .corrupt = await failure(open) else {
                Issue.record("corrupt is due")
                return
            }
        }
        #expect(fixture.drive.calls(of: .download) == 2)
        open.close()
        let again = fixture.reader.open(source)
        #expect(try await again.whole(until: fixture.later) == small.allBytes)
    }

    @Test func aLargeWrongFileNeverReadsToItsEndAndReadsRightWhenReopened() async throws {
        fixture.drive.respond { call in call.function == .download ? .corrupt(at: [20_000]) : .proceed }
        let source = fixture.add(large)
        let open = fixture.reader.open(source)
        guard case .corrupt = await failure(open) else {
            Issue.record("bytes were given out before they proved wrong")
            return
        }
        #expect(fixture.reader.statistics().mismatches == 1)
        // This handle was given wrong bytes: no others may be mixed with them.
        guard case .corrupt = await failure(open) else {
            Issue.record("still refused")
            return
        }
        fixture.drive.respond(nil)
        open.close()
        let again = fixture.reader.open(source)
        #expect(try await again.whole(by: 10_000, until: fixture.later) == large.allBytes)
        #expect(fixture.reader.statistics().verified == 1)
    }

    @Test func aHandleThatWasGivenNothingYetIsHealedWhereOneThatWasIsRefused() async throws {
        fixture.drive.respond { call in call.function == .download ? .corrupt(at: [20_000]) : .proceed }
        let source = fixture.add(large)
        let (reader, bystander) = (fixture.reader.open(source), fixture.reader.open(source))
        guard case .corrupt = await failure(reader) else {
            Issue.record("corrupt is due")
            return
        }
        fixture.drive.respond(nil)
        #expect(try await bystander.whole(by: 10_000, until: fixture.later) == large.allBytes)
    }

    @Test func aWrongHashOfTheDriveIsAMismatchTwice() async throws {
        let wrong = try #require(ContentHash(bytes: Array(repeating: 1, count: 20)))
        let open = fixture.reader.open(fixture.add(small, hash: .stated(wrong)))
        guard case .corrupt = await failure(open) else {
            Issue.record("corrupt is due")
            return
        }
        #expect(fixture.reader.statistics().mismatches == 2)
    }

    @Test func withoutAHashNothingIsVerified() async throws {
        fixture.drive.script(.download, .corrupt(at: [100]))
        let open = fixture.reader.open(fixture.add(small, hash: .absent))
        #expect(try await open.whole(until: fixture.later) != small.allBytes)
        #expect(fixture.reader.statistics().mismatches == 0)
    }

    @Test func theEndOfAFileIsNotHeldBackFromAReaderWhoStartsThere() async throws {
        let gate = FakeGate()
        let open = fixture.reader.open(fixture.add(large))
        let tail = try await fixture.read(open, 99_000, 1_000)
        #expect(tail == large.bytes(in: ByteRange(99_000, 100_000)))
        gate.open()
    }

    @Test func readingInManyRunsWithLittleMemoryIsVerifiedToo() async throws {
        let fixture = ReaderFixture(ReaderFixture.small(memory: 16 << 10))
        let content = FakeContent.pattern(seed: 53, size: 500_000)
        let open = fixture.reader.open(fixture.add(content))
        #expect(try await open.whole(by: 10_000, until: fixture.later) == content.allBytes)
        #expect(fixture.reader.statistics().verified == 1)
    }

    @Test func aFileReadTwiceFromTheDriveIsVerifiedTwice() async throws {
        let fixture = ReaderFixture(ReaderFixture.small(memory: 16 << 10))
        let content = FakeContent.pattern(seed: 54, size: 200_000)
        let open = fixture.reader.open(fixture.add(content))
        // Of another content and without a hash: afterwards nothing of the first is left in memory.
        let other = FakeContent.pattern(seed: 55, size: 100_000)
        let between = fixture.reader.open(fixture.add(other, hash: .absent))
        #expect(try await open.whole(by: 10_000, until: fixture.later) == content.allBytes)
        #expect(try await between.whole(by: 10_000, until: fixture.later) == other.allBytes)
        #expect(try await open.whole(by: 10_000, until: fixture.later) == content.allBytes)
        #expect(fixture.reader.statistics().verified == 2)
    }
}
