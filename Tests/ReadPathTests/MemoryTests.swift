import Basics
import Drive
import ReadPath
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct MemoryTests {
    @Test func manyOpenFilesStayWithinTheBoundAndReadRight() async throws {
        // 16 blocks for 40 files that are read in turn by 8 tasks.
        let fixture = ReaderFixture(ReaderFixture.small(memory: 64 << 10))
        let later = fixture.later
        let files = (0..<40).map { number in
            let content = FakeContent.pattern(seed: UInt64(number), size: 50_000)
            let source = fixture.add(content, name: FileName("\(number)"))
            return (content: content, open: fixture.reader.open(source))
        }
        try await withThrowingTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    var random = SeededGenerator(seed: UInt64(task))
                    for _ in 0..<40 {
                        let file = files[Int.random(in: 0..<40, using: &random)]
                        let offset = Int64.random(in: 0..<50_000, using: &random)
                        let bytes = try await file.open.bytes(offset, 20_000, until: later)
                        let range = ByteRange(offset, offset + 20_000).clamped(to: 50_000)
                        #expect(bytes == file.content.bytes(in: range))
                    }
                }
            }
            try await group.waitForAll()
        }
        let statistics = fixture.reader.statistics()
        #expect(statistics.memoryAllocated <= 64 << 10)
        #expect(statistics.memoryInUse <= statistics.memoryAllocated)
    }

    @Test func aReadMayBeLargerThanTheWholeMemory() async throws {
        let fixture = ReaderFixture(ReaderFixture.small(memory: 16 << 10))
        let content = FakeContent.pattern(seed: 41, size: 300_000)
        let open = fixture.reader.open(fixture.add(content))
        #expect(try await fixture.read(open, 0, 300_000) == content.allBytes)
        #expect(fixture.reader.statistics().memoryAllocated <= 16 << 10)
    }

    @Test func sequentialReadersOfManyFilesDoNotPushEachOthersReadAheadOut() async throws {
        let fixture = ReaderFixture(ReaderFixture.small(memory: 256 << 10))
        let later = fixture.later
        let size: Int64 = 400_000
        let files = (0..<4).map { number in
            let content = FakeContent.pattern(seed: UInt64(number), size: size)
            return fixture.reader.open(fixture.add(content, name: FileName("\(number)")))
        }
        try await withThrowingTaskGroup { group in
            for open in files { group.addTask { _ = try await open.whole(by: 8_192, until: later) } }
            try await group.waitForAll()
        }
        // Hardly anything is fetched twice.
        #expect(fixture.drive.downloads.bytes <= 4 * size * 11 / 10)
    }

    @Test func nothingIsAllocatedBeforeTheFirstRead() {
        let fixture = ReaderFixture()
        _ = fixture.reader.open(fixture.add(.pattern(seed: 1, size: 1 << 20)))
        #expect(fixture.reader.statistics().memoryAllocated == 0)
    }

    @Test func aContentNobodyHasOpenIsForgottenWithItsLastBlock() async throws {
        let fixture = ReaderFixture(ReaderFixture.small(memory: 16 << 10))
        for number in 0..<50 {
            let content = FakeContent.pattern(seed: UInt64(number), size: 4_096)
            let open = fixture.reader.open(fixture.add(content, name: FileName("\(number)")))
            #expect(try await fixture.read(open, 0, 4_096) == content.allBytes)
            open.close()
        }
        #expect(fixture.reader.statistics().memoryInUse <= 16 << 10)
        #expect(fixture.reader.statistics().openHandles == 0)
    }
}
