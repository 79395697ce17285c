import Basics
import Drive
import Foundation
import GRDB
import MetadataStore

extension SQLiteStore {
    public func listing(of folder: ObjectID) async throws(StoreError) -> StoredListing? {
        try await read("a listing") { db in
            let key: StatementArguments = [folder.drive.rawValue, folder.file.rawValue]
            let head = try Row.fetchOne(
                db, sql: "SELECT seconds, nanoseconds FROM listing WHERE drive = ? AND folder = ?", arguments: key)
            guard let head else { return nil }
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT file, name, is_folder, size, sha1, created, updated, modified, streams, punish
                    FROM child WHERE drive = ? AND folder = ? ORDER BY position
                    """, arguments: key)
            var files: [DriveFile] = []
            while let row = try rows.next() { files.append(try Self.file(row, in: folder)) }
            return StoredListing(files: files, listedAt: UnixTime(seconds: head[0], nanoseconds: head[1]))
        }
    }

    public func save(_ listing: StoredListing?, of folder: ObjectID) async throws(StoreError) {
        try await write("a listing") { db in
            let key: StatementArguments = [folder.drive.rawValue, folder.file.rawValue]
            try db.execute(sql: "DELETE FROM child WHERE drive = ? AND folder = ?", arguments: key)
            try db.execute(sql: "DELETE FROM listing WHERE drive = ? AND folder = ?", arguments: key)
            guard let listing else { return }
            try db.execute(
                sql: "INSERT INTO listing(drive, folder, seconds, nanoseconds) VALUES (?, ?, ?, ?)",
                arguments: key + [listing.listedAt.seconds, listing.listedAt.nanoseconds])
            let insert = try db.cachedStatement(
                sql: "INSERT INTO child VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            for (position, file) in listing.files.enumerated() {
                try insert.execute(arguments: key + Self.columns(of: file, at: position))
            }
        }
    }

    static func columns(of file: DriveFile, at position: Int) -> StatementArguments {
        [
            position, file.id.file.rawValue, Data(file.name.bytes), file.kind == .folder, file.size,
            file.contentHash.map { Data($0.bytes) }, file.createdAt?.column, file.updatedAt?.column,
            file.localModifiedAt?.column, StreamColumn.encode(file.streams), file.punishFlag,
        ]
    }

    private static func file(_ row: Row, in folder: ObjectID) throws -> DriveFile {
        DriveFile(
            id: ObjectID(drive: folder.drive, file: FileID(row[0])), parent: folder.file,
            name: FileName(bytes: row[1] as Data), kind: row[2] ? .folder : .file, size: row[3],
            contentHash: (row[4] as Data?).flatMap { ContentHash(bytes: $0) },
            createdAt: (row[5] as Data?).flatMap(UnixTime.init(column:)),
            updatedAt: (row[6] as Data?).flatMap(UnixTime.init(column:)),
            localModifiedAt: (row[7] as Data?).flatMap(UnixTime.init(column:)),
            streams: try StreamColumn.decode(row[8]), punishFlag: row[9])
    }
}

/// The streams of a live photo in one column, as JSON; NULL where there are none.
private enum StreamColumn {
    private struct Stream: Codable {
        var name: String
        var size: Int64
    }

    static func encode(_ streams: [StreamInfo]) -> String? {
        if streams.isEmpty { return nil }
        let rows = streams.map { Stream(name: $0.name, size: $0.size) }
        do {
            return String(decoding: try JSONEncoder().encode(rows), as: UTF8.self)
        } catch {
            preconditionFailure("a name and a number are always JSON: \(error)")
        }
    }

    static func decode(_ column: String?) throws -> [StreamInfo] {
        guard let column else { return [] }
        return try JSONDecoder().decode([Stream].self, from: Data(column.utf8)).map {
            StreamInfo(name: $0.name, size: $0.size)
        }
    }
}
