import Basics
import Drive
import Foundation
import GRDB
import MetadataStore

extension SQLiteStore: JournalStore {
    public func drafts() async throws(StoreError) -> [DraftRecord] {
        try await read("the journal") { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT id, inode, drive, folder, name, object, is_removed, failure, content, upload,
                        replaced, litter
                    FROM draft ORDER BY id
                    """)
            var drafts: [DraftRecord] = []
            while let row = try rows.next() { drafts.append(try Self.draft(row)) }
            return drafts
        }
    }

    /// In a task of its own: what the filesystem holds for true already must not stay out of the journal because
    /// somebody pressed Ctrl-C.
    public func commit(_ change: JournalChange, durable: Bool) async throws(StoreError) {
        let result = await Task { () async -> Result<Void, StoreError> in
            do throws(StoreError) {
                return .success(try await write(change, durable: durable))
            } catch {
                return .failure(error)
            }
        }.value
        try result.get()
    }

    private func write(_ change: JournalChange, durable: Bool) async throws(StoreError) {
        do {
            if durable {
                // Two statements and a transaction, with nobody between them: the writer is one.
                try await pool.writeWithoutTransaction { db in
                    try db.execute(sql: "PRAGMA synchronous = FULL")
                    defer { Self.relax(db) }
                    try db.inTransaction {
                        try Self.apply(change, in: db)
                        return .commit
                    }
                }
            } else {
                try await pool.write { db in try Self.apply(change, in: db) }
            }
        } catch {
            throw StoreError("cannot save the journal: \(error)")
        }
    }

    /// Setting it back cannot fail; if it did, the database would only be slower.
    private static func relax(_ db: Database) {
        do { try db.execute(sql: "PRAGMA synchronous = NORMAL") } catch { return }
    }

    private static func apply(_ change: JournalChange, in db: Database) throws {
        for draft in change.drafts { try put(draft, in: db) }
        if !change.finished.isEmpty {
            let delete = try db.cachedStatement(sql: "DELETE FROM draft WHERE id = ?")
            for id in change.finished { try delete.execute(arguments: [Int64(id.rawValue)]) }
        }
        for binding in change.bindings { try bind(binding, in: db) }
        for (inode, attributes) in change.attributes { try put(attributes, of: inode, in: db) }
        for edit in change.listings { try apply(edit, in: db) }
    }

    private static func put(_ draft: DraftRecord, in db: Database) throws {
        let insert = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO draft VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        try insert.execute(
            arguments: [
                Int64(draft.id.rawValue), Int64(draft.inode), draft.place.folder.drive.rawValue,
                draft.place.folder.file.rawValue, Data(draft.place.name.bytes), draft.phase,
                try draft.object.map(JSONColumn.encode),
                draft.isRemoved, draft.failure, try draft.content.map(JSONColumn.encode),
                try draft.upload.map(JSONColumn.encode), try JSONColumn.encode(draft.replaced),
                try JSONColumn.encode(draft.litter),
            ])
    }

    private static func draft(_ row: Row) throws -> DraftRecord {
        let drive = DriveID(row[2])
        return DraftRecord(
            id: DraftID(UInt64(row[0] as Int64)), inode: UInt64(row[1] as Int64),
            place: DrivePlace(
                folder: ObjectID(drive: drive, file: FileID(row[3])), name: FileName(bytes: row[4] as Data)),
            content: try (row[8] as String?).map(JSONColumn.decode),
            upload: try (row[9] as String?).map(JSONColumn.decode),
            object: try (row[5] as String?).map(JSONColumn.decode),
            replaced: try JSONColumn.decode(row[10]), litter: try JSONColumn.decode(row[11]), isRemoved: row[6],
            failure: row[7])
    }

    private static func bind(_ binding: InodeBinding, in db: Database) throws {
        guard let key = binding.key else {
            try db.execute(sql: "DELETE FROM node WHERE inode = ?", arguments: [Int64(binding.inode)])
            return
        }
        // A listing may have met the object before its upload was known to be over.
        try db.execute(
            sql: "DELETE FROM node WHERE drive = ? AND file = ? AND view = ? AND inode != ?",
            arguments: key.columns + [Int64(binding.inode)])
        try db.execute(
            sql: "INSERT OR REPLACE INTO node(inode, drive, file, view) VALUES (?, ?, ?, ?)",
            arguments: [Int64(binding.inode)] + key.columns)
    }

    private static func apply(_ edit: ListingEdit, in db: Database) throws {
        let key: StatementArguments = [edit.folder.drive.rawValue, edit.folder.file.rawValue]
        let isKept = try Bool.fetchOne(
            db, sql: "SELECT EXISTS(SELECT 1 FROM listing WHERE drive = ? AND folder = ?)", arguments: key)
        guard isKept == true else { return }
        let delete = try db.cachedStatement(sql: "DELETE FROM child WHERE drive = ? AND folder = ? AND file = ?")
        for file in edit.removed + edit.put.map(\.id.file) { try delete.execute(arguments: key + [file.rawValue]) }
        let insert = try db.cachedStatement(sql: "INSERT INTO child VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        for file in edit.put {
            let last = try Int.fetchOne(
                db, sql: "SELECT MAX(position) FROM child WHERE drive = ? AND folder = ?", arguments: key)
            try insert.execute(arguments: key + columns(of: file, at: (last ?? -1) + 1))
        }
    }
}

extension DraftRecord {
    /// For whoever reads the table by hand; recovery reads the parts.
    fileprivate var phase: String {
        if isRemoved { return "removing" }
        if let upload { return upload.phase.rawValue }
        if let content { return content.state.rawValue }
        return "replacing"
    }
}
