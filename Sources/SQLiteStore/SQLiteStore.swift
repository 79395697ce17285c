import Basics
import Drive
import Foundation
import GRDB
import MetadataStore

/// `MetadataStore` over one SQLite file in write-ahead mode: one writer, readers beside it.
public final class SQLiteStore: MetadataStore {
    public let generation: UInt64
    let pool: DatabasePool

    /// Opens the database at `path`, makes or upgrades its tables.
    ///
    /// - Parameter freshGeneration: what `generation` is to be when the file is new; any number that an earlier file
    ///   at this path is unlikely to have had.
    /// - Throws: when the file cannot be opened, is damaged, or is of a newer version of this program. The file is
    ///   never removed or replaced.
    public init(path: String, freshGeneration: UInt64) throws(StoreError) {
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(10)
            configuration.prepareDatabase { db in
                try db.execute(sql: "PRAGMA synchronous = NORMAL")
            }
            pool = try DatabasePool(path: path, configuration: configuration)
            let migrator = Migrations.all
            if try pool.read(migrator.hasBeenSuperseded) {
                throw StoreError("\(path) was written by a newer version of aliyunfs: use that version")
            }
            try migrator.migrate(pool)
            generation = try pool.write { db in try Self.generation(in: db, fresh: freshGeneration) }
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError("cannot open the database \(path): \(error); if it is damaged, move it away")
        }
    }

    public func close() throws(StoreError) {
        do { try pool.close() } catch { throw StoreError("cannot close the database: \(error)") }
    }

    func read<T: Sendable>(_ what: String, _ body: @escaping @Sendable (Database) throws -> T)
        async throws(StoreError) -> T
    {
        do { return try await pool.read(body) } catch { throw StoreError("cannot read \(what): \(error)") }
    }

    func write<T: Sendable>(_ what: String, _ body: @escaping @Sendable (Database) throws -> T)
        async throws(StoreError) -> T
    {
        do { return try await pool.write(body) } catch { throw StoreError("cannot save \(what): \(error)") }
    }

    private static func generation(in db: Database, fresh: UInt64) throws -> UInt64 {
        if let row = try Int64.fetchOne(db, sql: "SELECT value FROM fact WHERE name = 'generation'") {
            return UInt64(bitPattern: row)
        }
        try db.execute(
            sql: "INSERT INTO fact(name, value) VALUES ('generation', ?)", arguments: [Int64(bitPattern: fresh)])
        return fresh
    }
}
