import Basics
import Drive
import Foundation
import GRDB
import MetadataStore

extension SQLiteStore {
    /// Looks through the listings of the drive: some tens of milliseconds for each hundred thousand entries.
    public func place(of object: ObjectID) async throws(StoreError) -> DrivePlace? {
        try await read("where an object is") { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT folder, name FROM child WHERE drive = ? AND file = ? LIMIT 1",
                arguments: [object.drive.rawValue, object.file.rawValue])
            return row.map { row in
                DrivePlace(
                    folder: ObjectID(drive: object.drive, file: FileID(row[0])), name: FileName(bytes: row[1] as Data))
            }
        }
    }

    /// The objects that inodes stand for, by inode; views of live photos are none.
    public func objects() async throws(StoreError) -> [UInt64: ObjectID] {
        try await read("inode numbers") { db in
            let rows = try Row.fetchCursor(db, sql: "SELECT inode, drive, file FROM node WHERE view = ''")
            var objects: [UInt64: ObjectID] = [:]
            while let row = try rows.next() {
                objects[UInt64(row[0] as Int64)] = ObjectID(drive: DriveID(row[1]), file: FileID(row[2]))
            }
            return objects
        }
    }
}
