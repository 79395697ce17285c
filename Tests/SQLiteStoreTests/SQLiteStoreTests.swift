import Basics
import Drive
import Foundation
import MetadataStore
import SQLiteStore
import Testing

@Suite final class SQLiteStoreTests {
    let folder = URL(fileURLWithPath: NSTemporaryDirectory()).appendingPathComponent(UUID().uuidString)
    var path: String { folder.appendingPathComponent("meta.sqlite").path }
    let drive = DriveID("1")

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch { Issue.record("left behind: \(error)") }
    }

    func object(_ id: String) -> ObjectID { ObjectID(drive: drive, file: FileID(id)) }

    @Test func numbersAreStableOverReopeningAndNeverTheRoot() async throws {
        let keys = [
            NodeKey(object("a")), NodeKey(object("a"), view: .stream("mov")), NodeKey(object("a"), view: .archive),
            NodeKey(object("b")),
        ]
        let first = try SQLiteStore(path: path, freshGeneration: 7)
        let numbers = try await first.inodeNumbers(for: keys)
        #expect(Set(numbers).count == 4 && numbers.allSatisfy { $0 > 1 })
        try first.close()

        let second = try SQLiteStore(path: path, freshGeneration: 8)
        #expect(second.generation == 7)
        #expect(try await second.inodeNumbers(for: keys.reversed()) == numbers.reversed())
        let more = try await second.inodeNumbers(for: [NodeKey(object("c")), NodeKey(object("a"))])
        #expect(more[1] == numbers[0] && !numbers.contains(more[0]))
    }

    @Test func theSameKeyTwiceInOneCallIsOneNumber() async throws {
        let store = try SQLiteStore(path: path, freshGeneration: 1)
        let numbers = try await store.inodeNumbers(for: [NodeKey(object("a")), NodeKey(object("a"))])
        #expect(numbers[0] == numbers[1])
    }

    @Test func aListingComesBackAsItWas() async throws {
        let store = try SQLiteStore(path: path, freshGeneration: 1)
        let photo = DriveFile(
            id: object("p"), parent: FileID("f"), name: "IMG.livp", kind: .file, size: 5,
            localModifiedAt: UnixTime(seconds: -3, nanoseconds: 999_999_999),
            streams: [StreamInfo(name: "heic", size: 1), StreamInfo(name: "mov", size: 1 << 40)])
        let file = DriveFile(
            id: object("x"), parent: FileID("f"), name: "cafe\u{301}", kind: .file, size: 1 << 41,
            contentHash: ContentHash(hex: "2ef7bde608ce5404e97d5f042f95f89f1c232871"),
            createdAt: UnixTime(seconds: 5), updatedAt: UnixTime(seconds: 6, nanoseconds: 7), punishFlag: 2)
        let folder = DriveFile(id: object("d"), parent: FileID("f"), name: "照片", kind: .folder, size: 0)
        let listing = StoredListing(files: [photo, file, folder], listedAt: UnixTime(seconds: 9, nanoseconds: 8))
        try await store.save(listing, of: object("f"))
        #expect(try await store.listing(of: object("f")) == listing)

        try await store.save(StoredListing(files: [], listedAt: .epoch), of: object("f"))
        #expect(try await store.listing(of: object("f"))?.files == [])
        try await store.save(nil, of: object("f"))
        #expect(try await store.listing(of: object("f")) == nil)
    }

    @Test func factsAreKept() async throws {
        let store = try SQLiteStore(path: path, freshGeneration: 1)
        #expect(try await store.fact(.account) == nil)
        try await store.setFact(.account, to: Array("one".utf8))
        try await store.setFact(.account, to: Array("two".utf8))
        #expect(try await store.fact(.account) == Array("two".utf8))
    }

    @Test func aDamagedFileIsSaidAndLeftAlone() throws {
        let garbage = Data(repeating: 0x5A, count: 5000)
        try garbage.write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreError.self) { try SQLiteStore(path: path, freshGeneration: 1) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == garbage)
    }
}
