import Basics
import Drive
import ReadPath
import TestSupport
import Testing

/// Who waits, who leaves, and which fetches go on for whom.
@Suite(.timeLimit(.minutes(1))) struct WaitingTests {
    let fixture = ReaderFixture(ReaderFixture.small())
    let content = FakeContent.pattern(seed: 31, size: 8 << 20)

    private func outcome(_ task: Task<[UInt8], any Error>) async -> ReadError? {
        switch await task.result {
        case .success: nil
        case .failure(let error): error as? ReadError
        }
    }

    private func start(_ open: OpenContent, _ offset: Int64, _ count: Int) -> Task<[UInt8], any Error> {
        let later = fixture.later
        return Task { try await open.bytes(offset, count, until: later) }
    }

    @Test func aCancelledReaderLeavesAtOnceAndTheFetchGoesOnForTheOther() async throws {
        let gate = FakeGate()
        fixture.drive.script(.download, .hold(gate))
        let source = fixture.add(content, hash: .absent)
        let leaver = start(fixture.reader.open(source), 500_000, 1_000)
        await gate.arrivals(atLeast: 1)
        let stayer = start(fixture.reader.open(source), 500_000, 1_000)
        await until { fixture.reader.statistics().readsThatWaited == 2 }
        leaver.cancel()
        #expect(await outcome(leaver) == .interrupted)
        #expect(gate.heldCount == 1)
        gate.open()
        #expect(try await stayer.value == content.bytes(in: ByteRange(500_000, 501_000)))
        #expect(fixture.drive.calls(of: .download) == 1)
    }

    @Test func aFetchThatNobodyWaitsForAnyMoreStops() async {
        let gate = FakeGate()
        fixture.drive.script(.download, .hold(gate))
        let reader = start(fixture.reader.open(fixture.add(content, hash: .absent)), 500_000, 1_000)
        await gate.arrivals(atLeast: 1)
        reader.cancel()
        #expect(await outcome(reader) == .interrupted)
        await until { gate.heldCount == 0 }
        await until { fixture.reader.statistics().activeFetches == 0 }
    }

    @Test func aReadOfACancelledTaskIsInterruptedOnlyIfItWouldWait() async throws {
        let gate = FakeGate()
        let open = fixture.reader.open(fixture.add(content, hash: .absent))
        let there = try await fixture.read(open, 500_000, 1_000)
        fixture.drive.script(.download, times: 5, .hold(gate))
        let later = fixture.later
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            let inMemory = try await open.bytes(500_000, 1_000, until: later)
            #expect(inMemory == there)
            return try await open.bytes(900_000, 1_000, until: later)
        }
        #expect(await outcome(task) == .interrupted)
    }

    @Test func aDeadlineEndsTheWaitOfOneReaderOnly() async throws {
        let gate = FakeGate()
        fixture.drive.script(.download, .hold(gate))
        let source = fixture.add(content, hash: .absent)
        let open = fixture.reader.open(source)
        let (soon, later) = (fixture.time.now() + .seconds(5), fixture.later)
        let hasty = Task { try await open.bytes(500_000, 1_000, until: soon) }
        await gate.arrivals(atLeast: 1)
        let patient = Task { try await open.bytes(500_000, 1_000, until: later) }
        await until { fixture.reader.statistics().readsThatWaited == 2 }
        await fixture.time.sleepers(atLeast: 1)
        fixture.time.advance(by: .seconds(5))
        #expect(await outcome(hasty) == .timedOut("the bytes did not come in time"))
        gate.open()
        #expect(try await patient.value == content.bytes(in: ByteRange(500_000, 501_000)))
    }

    @Test func anEarlierDeadlineThanTheOneWaitedForIsKept() async throws {
        let gate = FakeGate()
        fixture.drive.script(.download, times: 9, .hold(gate))
        let open = fixture.reader.open(fixture.add(content, hash: .absent))
        let patient = start(open, 500_000, 1_000)
        await fixture.time.sleepers(atLeast: 1)
        let soon = fixture.time.now() + .seconds(5)
        let hasty = Task { try await open.bytes(800_000, 1_000, until: soon) }
        await until { fixture.time.nextDeadline == soon }
        fixture.time.advance(by: .seconds(5))
        #expect(await outcome(hasty) == .timedOut("the bytes did not come in time"))
        // And the later one after it.
        await until { fixture.time.nextDeadline == soon + .seconds(55) }
        fixture.time.advance(by: .seconds(55))
        #expect(await outcome(patient) == .timedOut("the bytes did not come in time"))
    }

    @Test func aSeekStopsReadingAheadForTheOldPlace() async throws {
        let gate = FakeGate()
        let open = fixture.reader.open(fixture.add(content, hash: .absent))
        _ = try await fixture.read(open, 0, 30_000)
        await until { fixture.reader.statistics().activeFetches == 0 }
        fixture.drive.script(.download, .stall(gate, after: 100))
        _ = try await fixture.read(open, 30_000, 35_536)
        await gate.arrivals(atLeast: 1)
        #expect(try await fixture.read(open, 5_000_000, 100) == content.bytes(in: ByteRange(5_000_000, 5_000_100)))
        await until { gate.heldCount == 0 }
        #expect(fixture.drive.downloads.endedEarly == 1)
        await until { fixture.drive.openBodies == 0 }
    }

    @Test func closingStopsReadingAhead() async throws {
        let gate = FakeGate()
        let open = fixture.reader.open(fixture.add(content, hash: .absent))
        _ = try await fixture.read(open, 0, 30_000)
        await until { fixture.reader.statistics().activeFetches == 0 }
        fixture.drive.script(.download, .stall(gate, after: 100))
        _ = try await fixture.read(open, 30_000, 35_536)
        await gate.arrivals(atLeast: 1)
        open.close()
        await until { fixture.drive.openBodies == 0 }
        #expect(fixture.reader.statistics().openHandles == 0)
    }

    @Test func readingAheadGivesItsStreamToAReaderWhoWaits() async throws {
        fixture.drive.set { $0.streams = 1 }
        let gate = FakeGate()
        let ahead = fixture.reader.open(fixture.add(content, name: "a", hash: .absent))
        _ = try await fixture.read(ahead, 0, 30_000)
        await until { fixture.reader.statistics().activeFetches == 0 }
        fixture.drive.script(.download, .stall(gate, after: 100))
        _ = try await fixture.read(ahead, 30_000, 35_536)
        await gate.arrivals(atLeast: 1)
        // The only stream is held by reading ahead, which stands still.
        let other = FakeContent.pattern(seed: 32, size: 10_000)
        let open = fixture.reader.open(fixture.add(other, name: "b"))
        #expect(try await fixture.read(open, 0, 10_000) == other.allBytes)
    }

    @Test func downloadsNeverExceedWhatTheDriveAllows() async throws {
        fixture.drive.set { $0.streams = 2 }
        let drive = fixture.drive
        let later = fixture.later
        let opens = (0..<8).map { number in
            let content = FakeContent.pattern(seed: UInt64(number), size: 200_000)
            return fixture.reader.open(fixture.add(content, name: FileName("\(number)")))
        }
        try await withThrowingTaskGroup { group in
            for open in opens { group.addTask { _ = try await open.whole(by: 16_384, until: later) } }
            try await group.waitForAll()
        }
        // The drive's own gate holds 2; the reader learns of it with the first fetch and stands in line itself.
        #expect(drive.downloads.mostOpen <= 2)
        #expect(drive.log.filter { $0.function == .download && $0.urgency == .foreground }.count >= 8)
    }

    @Test func aReadersFetchGoesBeforeReadAheadThatWaitedLonger() async throws {
        fixture.drive.set { $0.streams = 1 }
        let ahead = fixture.reader.open(fixture.add(content, name: "a", hash: .absent))
        _ = try await fixture.read(ahead, 0, 30_000)
        await until { fixture.reader.statistics().activeFetches == 0 }
        // A reader holds the only stream; then reading ahead wants it, then another reader.
        let gate = FakeGate()
        fixture.drive.script(.download, .hold(gate))
        let holder = start(fixture.reader.open(fixture.add(content, name: "b")), 5_000_000, 100)
        await gate.arrivals(atLeast: 1)
        _ = try await fixture.read(ahead, 30_000, 35_536)
        let other = fixture.add(.pattern(seed: 33, size: 10_000), name: "c")
        let waiting = start(fixture.reader.open(other), 0, 10_000)
        await until { fixture.reader.statistics().readsThatWaited >= 3 }
        gate.open()
        _ = try await (holder.value, waiting.value)
        await until { fixture.drive.calls(of: .download) >= 5 }
        let downloads = fixture.drive.log.filter { $0.function == .download }
        let held = try #require(downloads.firstIndex { $0.range?.lower ?? 0 >= 4_900_000 })
        #expect(downloads[held + 1].object == other.object)
    }

    @Test func aRequestInLineAtTheDriveMovesForwardForAReader() async throws {
        let open = fixture.reader.open(fixture.add(content, hash: .absent))
        _ = try await fixture.read(open, 0, 30_000)
        await until { fixture.reader.statistics().activeFetches == 0 }
        // Another mount of the account holds every stream.
        fixture.drive.set { $0.streams = 0 }
        _ = try await fixture.read(open, 30_000, 35_536)
        await until { fixture.drive.log.contains { $0.range?.lower == 65_536 } }
        // A request that was made a moment ago would be left alone.
        fixture.time.advance(by: .seconds(1))
        let ahead = ByteRange(65_536, 98_304)
        let reader = start(open, ahead.lower, 1_000)
        await until {
            fixture.drive.log.contains { $0.urgency == .foreground && $0.range?.lower == ahead.lower }
        }
        fixture.drive.set { $0.streams = 3 }
        #expect(try await reader.value == content.bytes(in: ByteRange(ahead.lower, ahead.lower + 1_000)))
    }

    @Test func shuttingDownEndsEverything() async {
        let gate = FakeGate()
        fixture.drive.script(.download, .hold(gate))
        let open = fixture.reader.open(fixture.add(content, hash: .absent))
        let reader = start(open, 500_000, 1_000)
        await gate.arrivals(atLeast: 1)
        fixture.reader.shutDown()
        #expect(await outcome(reader) == .interrupted)
        await until { fixture.reader.statistics().activeFetches == 0 }
        #expect(await outcome(start(open, 0, 10)) == .interrupted)
    }

    @Test func readingAfterCloseIsAnError() async {
        let open = fixture.reader.open(fixture.add(content, hash: .absent))
        open.close()
        open.close()
        #expect(await outcome(start(open, 0, 10)) == .inputOutput("the handle is closed"))
    }
}
