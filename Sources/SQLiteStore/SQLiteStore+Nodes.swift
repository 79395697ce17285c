import Drive
import GRDB
import MetadataStore

extension SQLiteStore {
    public func inodeNumbers(for keys: [NodeKey]) async throws(StoreError) -> [UInt64] {
        let known = try await read("inode numbers") { db in try Self.known(keys, in: db) }
        if !known.contains(nil) { return known.compactMap { $0 } }
        return try await write("inode numbers") { db in
            let insert = try db.cachedStatement(
                sql: "INSERT INTO node(drive, file, view) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            for (key, number) in zip(keys, known) where number == nil { try insert.execute(arguments: key.columns) }
            return try Self.known(keys, in: db).map { number in
                guard let number else { throw StoreError("a node is missing right after it was added") }
                return number
            }
        }
    }

    private static func known(_ keys: [NodeKey], in db: Database) throws -> [UInt64?] {
        let select = try db.cachedStatement(
            sql: "SELECT inode FROM node WHERE drive = ? AND file = ? AND view = ?")
        return try keys.map { key in
            try Int64.fetchOne(select, arguments: key.columns).map { UInt64($0) }
        }
    }

    public func fact(_ fact: StoredFact) async throws(StoreError) -> [UInt8]? {
        try await read("the \(fact.rawValue)") { db in
            try String.fetchOne(db, sql: "SELECT value FROM fact WHERE name = ?", arguments: [fact.rawValue])
                .map { Array($0.utf8) }
        }
    }

    public func setFact(_ fact: StoredFact, to value: [UInt8]) async throws(StoreError) {
        let text = String(decoding: value, as: UTF8.self)
        try await write("the \(fact.rawValue)") { db in
            try db.execute(
                sql: "INSERT INTO fact(name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                arguments: [fact.rawValue, text])
        }
    }
}

extension NodeKey {
    var columns: StatementArguments { [object.drive.rawValue, object.file.rawValue, view.column] }
}

extension NodeKey.View {
    /// A stream's name is prefixed, so that no name the drive invents can pass for another view.
    fileprivate var column: String {
        switch self {
        case .object: ""
        case .archive: "zip"
        case .stream(let name): "stream:" + name
        }
    }
}
