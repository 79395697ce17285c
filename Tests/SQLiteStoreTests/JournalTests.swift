import Basics
import Drive
import Foundation
import MetadataStore
import SQLiteStore
import Testing

@Suite final class JournalTests {
    let folder = URL(fileURLWithPath: NSTemporaryDirectory()).appendingPathComponent(UUID().uuidString)
    var path: String { folder.appendingPathComponent("meta.sqlite").path }
    let drive = DriveID("1")

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch { Issue.record("left behind: \(error)") }
    }

    func object(_ id: String) -> ObjectID { ObjectID(drive: drive, file: FileID(id)) }
    func open() throws -> SQLiteStore { try SQLiteStore(path: path, freshGeneration: 1) }

    /// A row with something in every field.
    func fullRow(_ id: UInt64) throws -> DraftRecord {
        let hash = try #require(ContentHash(hex: "2ef7bde608ce5404e97d5f042f95f89f1c232871"))
        let place = DrivePlace(folder: object("folder"), name: "照片\u{301}.jpg")
        let base = BaseContent(object: object("old"), size: 1 << 40, hash: hash)
        let session = UploadSession(object: object("new"), uploadID: "U1")
        return DraftRecord(
            id: DraftID(id), inode: 7, place: place,
            content: DraftContent(
                state: .sealed, revision: 3, size: 1 << 41, modified: UnixTime(seconds: -1, nanoseconds: 999_999_999),
                base: base, baseEnd: 77, present: [ByteRange(0, 5), ByteRange(9, 1 << 33)]),
            upload: UploadRecord(
                phase: .sending, revision: 2, size: 5, hash: hash, place: place, isTwin: true, session: session,
                partSize: 16, result: object("r"), copied: object("c")),
            object: PlacedObject(id: object("old"), place: place),
            replaced: [ReplacedObject(object: object("x"), folder: FileID("f"), isForeign: true)],
            litter: [object("l")], isRemoved: true, failure: "no")
    }

    @Test func rowsComeBackAsTheyWere() async throws {
        let rows = [
            try fullRow(2), DraftRecord(id: DraftID(9), inode: 8, place: DrivePlace(folder: object("f"), name: "n")),
        ]
        let store = try open()
        try await store.commit(JournalChange(drafts: rows), durable: true)
        try store.close()
        let again = try open()
        #expect(try await again.drafts() == rows)
        var changed = rows[1]
        changed.failure = "later"
        try await again.commit(JournalChange(drafts: [changed], finished: [DraftID(2)]), durable: false)
        #expect(try await again.drafts() == [changed])
    }

    @Test func everyPhaseIsStoredByItsName() async throws {
        let store = try open()
        for phase in UploadRecord.Phase.allCases {
            var row = try fullRow(1)
            row.upload?.phase = phase
            try await store.commit(JournalChange(drafts: [row]), durable: false)
            #expect(try await store.drafts() == [row])
        }
    }

    @Test func anInodeGoesOverToItsNewObject() async throws {
        let store = try open()
        let local = NodeKey(object("local:1"))
        let inode = try #require(try await store.inodeNumbers(for: [local]).first)
        // A listing met the object first.
        let other = try #require(try await store.inodeNumbers(for: [NodeKey(object("new"))]).first)
        let binding = InodeBinding(inode: inode, key: NodeKey(object("new")))
        try await store.commit(JournalChange(bindings: [binding]), durable: false)
        #expect(try await store.inodeNumbers(for: [NodeKey(object("new"))]) == [inode])
        let fresh = try #require(try await store.inodeNumbers(for: [local]).first)
        #expect(fresh != inode && fresh != other)
        let freed = JournalChange(bindings: [InodeBinding(inode: fresh, key: nil)])
        try await store.commit(freed, durable: false)
        #expect(try await store.inodeNumbers(for: [local]) != [fresh])
    }

    @Test func attributesAreKeptAndEmptyOnesDropped() async throws {
        let row = LocalAttributes(
            modified: UnixTime(seconds: 5, nanoseconds: 123_456_789), accessed: UnixTime(seconds: 1),
            changed: UnixTime(seconds: 2), permissions: 0o4711, userID: 0, groupID: 4_000_000_000,
            linkTarget: [0xFF, 0x2F], extended: ["user.a": [0, 1], "user.e\u{301}": []])
        let store = try open()
        try await store.commit(JournalChange(attributes: [3: row, 4: LocalAttributes(permissions: 0)]), durable: false)
        try store.close()
        let again = try open()
        #expect(try await again.localAttributes() == [3: row, 4: LocalAttributes(permissions: 0)])
        try await again.commit(JournalChange(attributes: [3: LocalAttributes()]), durable: false)
        #expect(try await again.localAttributes() == [4: LocalAttributes(permissions: 0)])
    }

    @Test func listingsAreEditedWhereTheyAreKnown() async throws {
        let store = try open()
        let file = { (id: String, name: FileName) in
            DriveFile(id: self.object(id), parent: FileID("f"), name: name, kind: .file, size: 1)
        }
        let edit = ListingEdit(folder: object("f"), removed: [FileID("a")], put: [file("b", "b2"), file("c", "c")])
        try await store.commit(JournalChange(listings: [edit]), durable: false)
        #expect(try await store.listing(of: object("f")) == nil)
        let listing = StoredListing(files: [file("a", "a"), file("b", "b"), file("d", "d")], listedAt: .epoch)
        try await store.save(listing, of: object("f"))
        try await store.commit(JournalChange(listings: [edit]), durable: false)
        #expect(try await store.listing(of: object("f"))?.files == [file("d", "d"), file("b", "b2"), file("c", "c")])
    }

    @Test func whoIsInterruptedHasWrittenAllTheSame() async throws {
        let store = try open()
        let row = try fullRow(1)
        let writer = Task {
            // Cancelled before it begins.
            withUnsafeCurrentTask { $0?.cancel() }
            try await store.commit(JournalChange(drafts: [row]), durable: true)
        }
        try await writer.value
        #expect(try await store.drafts() == [row])
    }
}
