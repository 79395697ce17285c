import Basics
import Drive
import Foundation
import MetadataStore
import ProcessLife
import SQLiteStore
import SystemPackage
import Testing

@testable import Mounting

/// What commands read out of a state directory, and put into it, while nothing is mounted.
@Suite final class StateStoreTests {
    private let folder: URL
    private var stateDir: FilePath { FilePath(folder.path).appending("state") }
    private let root = ObjectID(drive: DriveID("d"), file: .root)

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("state-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("state/spool"), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    deinit { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }

    private func filling(_ body: (SQLiteStore) async throws -> Void) async throws {
        let store = try SQLiteStore(path: stateDir.appending("metadata.sqlite").string, freshGeneration: 1)
        try await body(store)
        try store.close()
    }

    private func file(_ id: String, _ name: String, in parent: ObjectID, _ kind: ObjectKind = .file) -> DriveFile {
        DriveFile(
            id: ObjectID(drive: parent.drive, file: FileID(id)), parent: parent.file, name: FileName(name), kind: kind,
            size: 0)
    }

    private func record(
        _ id: UInt64, _ name: String, in folder: ObjectID, base: BaseContent? = nil, present: [ByteRange] = []
    ) -> DraftRecord {
        let content = DraftContent(
            state: .sealed, revision: 1, size: 6, modified: .epoch, base: base, baseEnd: base?.size ?? 0,
            present: present)
        return DraftRecord(
            id: DraftID(id), inode: id + 10, place: DrivePlace(folder: folder, name: FileName(name)), content: content,
            object: base.map { PlacedObject(id: $0.object, place: DrivePlace(folder: folder, name: FileName(name))) })
    }

    private func spool(_ id: Int, _ text: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent("state/spool/\(id).data"))
    }

    @Test func unsentFilesComeOutByTheirNames() async throws {
        let d = file("D", "d", in: root, .folder)
        let base = BaseContent(object: ObjectID(drive: root.drive, file: FileID("O")), size: 6, hash: nil)
        try await filling { store in
            try await store.save(StoredListing(files: [d], listedAt: .epoch), of: root)
            let drafts = [
                record(1, "a", in: d.id), record(2, "a", in: d.id), record(3, "x/..", in: root),
                record(4, "part", in: root, base: base, present: [ByteRange(0, 2)]),
                record(5, "gone", in: root),
            ]
            try await store.commit(JournalChange(drafts: drafts), durable: false)
        }
        for (id, text) in [(1, "first\n"), (2, "second"), (3, "third\n"), (4, "pa\0\0\0\0")] { try spool(id, text) }
        let target = FilePath(folder.path).appending("out")
        let unsent = UnsentFiles(stateDir: stateDir, mountPoint: nil)
        let copies = try await unsent.export(to: target, only: [])
        #expect(copies.map(\.path) == ["d/a", "d/a~2", "x／..", "part"])
        #expect(copies.map(\.missing) == [0, 0, 0, 4])
        let texts = try copies.map { try String(contentsOfFile: target.string + "/" + $0.path, encoding: .utf8) }
        #expect(texts == ["first\n", "second", "third\n", "pa\0\0\0\0"])
        let only = try await unsent.export(to: target.appending("again"), only: [2])
        #expect(only.map(\.path) == ["d/a"])
        let left = try await unsent.left()
        #expect(left.map(\.id) == [1, 2, 3, 4, 5])
        #expect(left.map(\.isNew) == [true, true, true, false, true])
        #expect(left[0].path == "d/a")
    }

    @Test func attributesGoToAnotherMachine() async throws {
        let d = file("D", "d", in: root, .folder)
        let f = file("F", "f", in: d.id)
        let attributes = LocalAttributes(
            modified: UnixTime(seconds: -5, nanoseconds: 7), permissions: 0o640, userID: 3,
            linkTarget: [0xff, 0x2f], extended: ["user.Some_Name": [0, 1]])
        var inode: UInt64 = 0
        try await filling { store in
            try await store.save(StoredListing(files: [d], listedAt: .epoch), of: root)
            try await store.save(StoredListing(files: [f], listedAt: .epoch), of: d.id)
            let local = ObjectID(drive: root.drive, file: .local(DraftID(9)))
            let numbers = try await store.inodeNumbers(for: [NodeKey(f.id), NodeKey(local)])
            inode = numbers[0]
            let rows = [inode: attributes, numbers[1]: attributes, 1: attributes]
            try await store.commit(JournalChange(attributes: rows), durable: false)
        }
        let exported = try await LocalAttributesFile.export(from: stateDir)
        #expect(exported.leftOut == 1)
        #expect(exported.entries.map(\.path) == ["d/f"])
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let bytes = Array(try encoder.encode(exported))
        let other = FilePath(folder.path).appending("other")
        #expect(try await LocalAttributesFile.take(bytes, into: other, random: { 0.5 }) == 1)
        let store = try SQLiteStore(path: other.appending("metadata.sqlite").string, freshGeneration: 2)
        let number = try await store.inodeNumbers(for: [NodeKey(f.id)])[0]
        #expect(try await store.localAttributes() == [number: attributes])
        try store.close()
    }

    @Test func nothingIsTakenWhileItIsMounted() async throws {
        let file = Array("{\"format\":\"aliyunfs local attributes\",\"version\":1,\"entries\":[],\"left_out\":0}".utf8)
        chmod(stateDir.string, 0o700)
        let held = try StateDirectory(stateDir, mountPoint: "/mnt/x")
        await #expect(throws: MountFailure.self) {
            try await LocalAttributesFile.take(file, into: self.stateDir, random: { 0 })
        }
        withExtendedLifetime(held) {}
    }

    @Test func whereNoStateIsNoneIsMade() async throws {
        let nowhere = FilePath(folder.path).appending("nowhere")
        await #expect(throws: MountFailure.self) { try await LocalAttributesFile.export(from: nowhere) }
        #expect(!FileManager.default.fileExists(atPath: nowhere.string))
    }
}
