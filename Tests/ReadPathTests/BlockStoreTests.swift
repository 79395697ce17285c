import Basics
import Drive
import ReadPath
import Synchronization
import TestSupport
import Testing

/// A store in memory, as a cache on disk would be.
final class MemoryStore: BlockStore {
    private struct Place: Hashable {
        var key: ContentKey
        var block: Int
    }

    private let blocks = Mutex<[Place: [UInt8]]>([:])
    var count: Int { blocks.withLock { $0.count } }

    func mayHold(_ key: ContentKey, block: Int) -> Bool {
        blocks.withLock { $0[Place(key: key, block: block)] != nil }
    }

    func load(_ key: ContentKey, block: Int, into target: ReadTarget) async -> Bool {
        let bytes = blocks.withLock { $0[Place(key: key, block: block)] }
        guard let bytes, bytes.count == target.count else { return false }
        target.bytes.copyBytes(from: bytes)
        return true
    }

    func save(_ key: ContentKey, block: Int, _ bytes: UnsafeRawBufferPointer) async {
        let copy = Array(bytes)
        blocks.withLock { $0[Place(key: key, block: block)] = copy }
    }

    func drop(_ key: ContentKey) { blocks.withLock { $0 = $0.filter { $0.key.key != key } } }

    /// Loses every block whose number the test does not want.
    func keep(_ wanted: (Int) -> Bool) { blocks.withLock { $0 = $0.filter { wanted($0.key.block) } } }
}

@Suite(.timeLimit(.minutes(1))) struct BlockStoreTests {
    let store = MemoryStore()
    let content = FakeContent.pattern(seed: 61, size: 100_000)

    private func fill() async throws {
        let fixture = ReaderFixture(ReaderFixture.small(memory: 1 << 20), store: store)
        let open = fixture.reader.open(fixture.add(content))
        _ = try await open.whole(by: 10_000, until: fixture.later)
        await until { store.count == 25 }
    }

    @Test func whatTheStoreHasIsNotFetched() async throws {
        try await fill()
        let fixture = ReaderFixture(ReaderFixture.small(memory: 1 << 20), store: store)
        let open = fixture.reader.open(fixture.add(content))
        #expect(try await open.whole(by: 10_000, until: fixture.later) == content.allBytes)
        #expect(fixture.drive.calls(of: .download) == 0)
        #expect(fixture.drive.calls(of: .downloadLinks) == 0)
        #expect(fixture.reader.statistics().bytesLoaded == 100_000)
        #expect(fixture.reader.statistics().verified == 1)
    }

    @Test func holesInTheStoreAreFetchedAndNothingElse() async throws {
        try await fill()
        store.keep { $0 % 5 != 2 }
        let fixture = ReaderFixture(ReaderFixture.small(memory: 1 << 20), store: store)
        let open = fixture.reader.open(fixture.add(content))
        #expect(try await open.whole(by: 10_000, until: fixture.later) == content.allBytes)
        #expect(fixture.drive.downloads.bytes == 5 * 4096)
        #expect(fixture.drive.calls(of: .downloadLinks) == 1)
    }

    @Test func wrongBytesLeaveTheStore() async throws {
        let fixture = ReaderFixture(ReaderFixture.small(), store: store)
        fixture.drive.script(.download, times: 2, .corrupt(at: [100]))
        let open = fixture.reader.open(fixture.add(.pattern(seed: 62, size: 3_000)))
        await #expect(throws: ReadError.self) { try await open.whole(until: fixture.later) }
        // A block that was being saved when it proved wrong goes too.
        await until { store.count == 0 }
        #expect(fixture.reader.statistics().mismatches == 2)
    }
}
