import Basics
import Drive
import ReadPath
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ReadingTests {
    @Test(arguments: [0, 1, 4095, 4096, 4097, 300_000])
    func aFileReadWholeIsTheFile(size: Int64) async throws {
        let fixture = ReaderFixture(ReaderFixture.small())
        let content = FakeContent.pattern(seed: 5, size: size)
        let open = fixture.reader.open(fixture.add(content))
        #expect(try await open.whole(by: 10_000, until: fixture.later) == content.allBytes)
        #expect(fixture.drive.downloads.bytes == size)
        #expect(fixture.drive.calls(of: .downloadLinks) == (size == 0 ? 0 : 1))
    }

    @Test func readsAtAndBeyondTheEndAreShortOrEmpty() async throws {
        let fixture = ReaderFixture(ReaderFixture.small())
        let content = FakeContent.pattern(seed: 6, size: 10_000)
        let open = fixture.reader.open(fixture.add(content))
        #expect(try await fixture.read(open, 9_990, 100) == content.bytes(in: ByteRange(9_990, 10_000)))
        #expect(try await fixture.read(open, 10_000, 100).isEmpty)
        #expect(try await fixture.read(open, 99_999, 100).isEmpty)
    }

    @Test func backwardReadingGivesTheSameBytes() async throws {
        let fixture = ReaderFixture(ReaderFixture.small())
        let content = FakeContent.pattern(seed: 7, size: 100_000)
        let open = fixture.reader.open(fixture.add(content))
        var offset: Int64 = 100_000
        while offset > 0 {
            let lower = max(0, offset - 7_000)
            let bytes = try await fixture.read(open, lower, Int(offset - lower))
            #expect(bytes == content.bytes(in: ByteRange(lower, offset)))
            offset = lower
        }
    }

    @Test func randomReadsOfManyTasksGiveTheSameBytes() async throws {
        let fixture = ReaderFixture(ReaderFixture.small())
        let content = FakeContent.pattern(seed: 8, size: 1 << 20)
        let source = fixture.add(content)
        let later = fixture.later
        try await withThrowingTaskGroup { group in
            for reader in 0..<8 {
                let open = fixture.reader.open(source)
                group.addTask {
                    var random = SeededGenerator(seed: UInt64(reader))
                    for _ in 0..<60 {
                        let offset = Int64.random(in: 0..<(1 << 20), using: &random)
                        let count = Int.random(in: 1...20_000, using: &random)
                        let bytes = try await open.bytes(offset, count, until: later)
                        let range = ByteRange(offset, offset + Int64(count)).clamped(to: 1 << 20)
                        #expect(bytes == content.bytes(in: range))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(fixture.reader.statistics().memoryAllocated <= 256 << 10)
    }

    @Test func manyReadersOfOneFileFetchItOnce() async throws {
        let fixture = ReaderFixture()
        let content = FakeContent.pattern(seed: 9, size: 8 << 20)
        let source = fixture.add(content)
        let later = fixture.later
        let expected = content.allBytes
        try await withThrowingTaskGroup { group in
            for _ in 0..<6 {
                let open = fixture.reader.open(source)
                group.addTask {
                    let bytes = try await open.whole(until: later)
                    #expect(bytes == expected)
                }
            }
            try await group.waitForAll()
        }
        #expect(fixture.drive.downloads.bytes == 8 << 20)
        #expect(fixture.drive.calls(of: .downloadLinks) == 1)
    }

    @Test func aLongSequentialReadTakesFewRequestsAndAtMostTwoAtOnce() async throws {
        let fixture = ReaderFixture()
        let content = FakeContent.pattern(seed: 10, size: 64 << 20)
        let open = fixture.reader.open(fixture.add(content, hash: .absent))
        var offset: Int64 = 0
        while offset < content.size {
            offset += Int64(try await fixture.read(open, offset, 1 << 20).count)
        }
        #expect(fixture.drive.calls(of: .download) <= 12)
        #expect(fixture.drive.downloads.mostOpen <= 2)
        #expect(fixture.drive.downloads.bytes == 64 << 20)
    }

    @Test func manyFilesTakeOneLinkEach() async throws {
        let fixture = ReaderFixture(ReaderFixture.small())
        for number in 0..<20 {
            let content = FakeContent.pattern(seed: UInt64(number), size: 9_000)
            let open = fixture.reader.open(fixture.add(content, name: FileName("\(number)")))
            #expect(try await open.whole(until: fixture.later) == content.allBytes)
            #expect(try await open.whole(until: fixture.later) == content.allBytes)
            open.close()
        }
        #expect(fixture.drive.calls(of: .downloadLinks) == 20)
        #expect(fixture.drive.calls(of: .download) == 20)
    }

    @Test func aDuplicateAndAReopenedFileAreInMemory() async throws {
        let fixture = ReaderFixture()
        let content = FakeContent.pattern(seed: 11, size: 50_000)
        let first = fixture.reader.open(fixture.add(content, name: "a"))
        _ = try await first.whole(until: fixture.later)
        first.close()
        let again = fixture.reader.open(fixture.add(content, name: "b"))
        #expect(try await again.whole(until: fixture.later) == content.allBytes)
        #expect(fixture.drive.calls(of: .download) == 1)
        #expect(fixture.drive.calls(of: .downloadLinks) == 1)
    }

    @Test func bothStreamsOfALivePhotoTakeOneLinkRequest() async throws {
        let fixture = ReaderFixture()
        let parts: [String: FakeContent] = [
            "heic": .pattern(seed: 1, size: 70_000), "mov": .pattern(seed: 2, size: 90_000),
        ]
        let id = fixture.drive.object(fixture.drive.addLivePhoto("photo.livp", streams: parts))
        for (name, part) in parts {
            let open = fixture.reader.open(ContentSource(object: id, stream: name, size: part.size))
            #expect(try await open.whole(until: fixture.later) == part.allBytes)
        }
        #expect(fixture.drive.calls(of: .downloadLinks) == 1)
    }

    @Test func aReadIsAnsweredWhenItsBytesAreThereNotWhenTheBlockIs() async throws {
        let fixture = ReaderFixture()
        let content = FakeContent.pattern(seed: 12, size: 10 << 20)
        let source = fixture.add(content)
        let gate = FakeGate()
        fixture.drive.script(.download, .stall(gate, after: 64 << 10))
        let open = fixture.reader.open(source)
        #expect(try await fixture.read(open, 0, 64 << 10) == content.bytes(in: ByteRange(0, 64 << 10)))
        gate.open()
    }

    @Test func bytesInMemoryAreServedWithoutSuspending() async throws {
        let fixture = ReaderFixture()
        let content = FakeContent.pattern(seed: 13, size: 200_000)
        let open = fixture.reader.open(fixture.add(content))
        _ = try await open.whole(until: fixture.later)
        let before = fixture.reader.statistics()
        // A task started at once runs to its end on this thread unless it suspends.
        let later = fixture.later
        let task = Task.immediate { try await open.bytes(1_000, 100_000, until: later) }
        #expect(fixture.reader.statistics().readsServedAtOnce == before.readsServedAtOnce + 1)
        #expect(fixture.reader.statistics().bytesServed == before.bytesServed + 100_000)
        #expect(try await task.value == content.bytes(in: ByteRange(1_000, 101_000)))
    }
}
