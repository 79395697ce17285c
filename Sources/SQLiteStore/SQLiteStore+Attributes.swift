import Basics
import Foundation
import GRDB
import MetadataStore

extension SQLiteStore {
    public func localAttributes() async throws(StoreError) -> [UInt64: LocalAttributes] {
        try await read("local attributes") { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT inode, modified, accessed, changed, permissions, user, "group", target, extended
                    FROM attribute
                    """)
            var all: [UInt64: LocalAttributes] = [:]
            while let row = try rows.next() { all[UInt64(row[0] as Int64)] = try Self.attributes(row) }
            return all
        }
    }

    static func put(_ attributes: LocalAttributes, of inode: UInt64, in db: Database) throws {
        guard !attributes.isEmpty else {
            try db.cachedStatement(sql: "DELETE FROM attribute WHERE inode = ?").execute(arguments: [Int64(inode)])
            return
        }
        let insert = try db.cachedStatement(sql: "INSERT OR REPLACE INTO attribute VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        try insert.execute(
            arguments: [
                Int64(inode), attributes.modified?.column, attributes.accessed?.column, attributes.changed?.column,
                attributes.permissions, attributes.userID, attributes.groupID, attributes.linkTarget.map { Data($0) },
                try ExtendedColumn.encode(attributes.extended),
            ])
    }

    private static func attributes(_ row: Row) throws -> LocalAttributes {
        LocalAttributes(
            modified: (row[1] as Data?).flatMap(UnixTime.init(column:)),
            accessed: (row[2] as Data?).flatMap(UnixTime.init(column:)),
            changed: (row[3] as Data?).flatMap(UnixTime.init(column:)), permissions: row[4], userID: row[5],
            groupID: row[6], linkTarget: (row[7] as Data?).map { Array($0) },
            extended: try ExtendedColumn.decode(row[8]))
    }
}

/// Extended attributes in one column, as JSON with both sides in Base64; NULL where there are none.
private enum ExtendedColumn {
    private struct Pair: Codable {
        var name: Data
        var value: Data
    }

    static func encode(_ values: [FileName: [UInt8]]) throws -> String? {
        if values.isEmpty { return nil }
        let pairs = values.sorted { $0.key < $1.key }.map { Pair(name: Data($0.key.bytes), value: Data($0.value)) }
        return try JSONColumn.encode(pairs)
    }

    static func decode(_ column: String?) throws -> [FileName: [UInt8]] {
        guard let column else { return [:] }
        let pairs: [Pair] = try JSONColumn.decode(column)
        return Dictionary(pairs.map { (FileName(bytes: $0.name), Array($0.value)) }) { first, _ in first }
    }
}
