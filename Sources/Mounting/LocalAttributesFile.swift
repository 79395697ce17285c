import Basics
import Drive
import Foundation
import MetadataStore
import ProcessLife
import SystemPackage

/// What only this machine remembers of files (times, modes, owners, extended attributes, symbolic links) as a file that
/// another machine can take. Objects are named by the drive's ids, which are the same everywhere; the paths are for
/// people.
public struct LocalAttributesFile: Codable, Hashable, Sendable {
    public static let format = "aliyunfs local attributes"

    public struct Time: Codable, Hashable, Sendable {
        var seconds: Int64
        var nanoseconds: Int32
    }

    public struct Entry: Codable, Hashable, Sendable {
        var drive: String
        var file: String
        /// As far as listings are known on the machine that wrote it.
        var path: String?
        var modified: Time?
        var accessed: Time?
        var changed: Time?
        /// Octal.
        var mode: String?
        var uid: UInt32?
        var gid: UInt32?
        /// Base64, as are the values below: both may be any bytes.
        var linkTarget: Data?
        var xattrs: [String: Data]?
    }

    public var format: String
    public var version: Int
    public var entries: [Entry]
    /// Files that the drive does not have yet, and so has no id for.
    public var leftOut: Int

    /// What the database of a state directory has; a mount may run on it meanwhile.
    public static func export(from stateDir: FilePath) async throws(MountFailure) -> LocalAttributesFile {
        try await StateStore(stateDir).closing { state throws(MountFailure) in
            let (rows, objects) = try await state.reading { () async throws(StoreError) in
                (try await state.store.localAttributes(), try await state.store.objects())
            }
            var file = LocalAttributesFile(format: format, version: 1, entries: [], leftOut: 0)
            for (inode, row) in rows.sorted(by: { $0.key < $1.key }) {
                // The root is no object of this table.
                guard inode != 1, let object = objects[inode] else { continue }
                if object.file.rawValue.hasPrefix("local:") {
                    file.leftOut += 1
                    continue
                }
                let place = try await state.place(of: object)
                var path: String?
                if let place { path = try await state.names(of: place).joined(separator: "/") }
                file.entries.append(Entry(row, of: object, path: path))
            }
            return file
        }
    }

    /// Makes everything in the file true of a state directory that is not mounted. What is remembered there of other
    /// objects stays. Returns how many objects it was about.
    public static func take(
        _ bytes: [UInt8], into stateDir: FilePath, random: @escaping @Sendable () -> Double
    ) async throws(MountFailure) -> Int {
        let file: LocalAttributesFile
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            file = try decoder.decode(LocalAttributesFile.self, from: Data(bytes))
        } catch {
            throw MountFailure(.usage, "this is no file that 'aliyunfs meta export' wrote")
        }
        guard file.format == format, file.version == 1 else {
            throw MountFailure(.usage, "this file is of a newer version of aliyunfs, or of something else")
        }
        let lock: StateDirectory
        do throws(StateDirectory.Failure) {
            lock = try StateDirectory(stateDir, mountPoint: "(meta import)")
        } catch {
            throw MountFailure(.cannotCreate, error.message)
        }
        defer { withExtendedLifetime(lock) {} }
        return try await StateStore(stateDir, fresh: random).closing { state throws(MountFailure) in
            for start in stride(from: 0, to: file.entries.count, by: 500) {
                let part = Array(file.entries[start..<min(start + 500, file.entries.count)])
                try await state.reading { () async throws(StoreError) in
                    let numbers = try await state.store.inodeNumbers(for: part.map { NodeKey($0.object) })
                    let rows = zip(numbers, part).map { ($0, $1.attributes) }
                    let change = JournalChange(attributes: Dictionary(rows) { $1 })
                    try await state.store.commit(change, durable: start + 500 >= file.entries.count)
                }
            }
            return file.entries.count
        }
    }
}

extension LocalAttributesFile.Entry {
    fileprivate init(_ row: LocalAttributes, of object: ObjectID, path: String?) {
        self.init(
            drive: object.drive.rawValue, file: object.file.rawValue, path: path,
            modified: row.modified.map { .init($0) }, accessed: row.accessed.map { .init($0) },
            changed: row.changed.map { .init($0) }, mode: row.permissions.map { String($0, radix: 8) },
            uid: row.userID, gid: row.groupID, linkTarget: row.linkTarget.map { Data($0) },
            xattrs: row.extended.isEmpty
                ? nil : Dictionary(row.extended.map { ($0.key.text, Data($0.value)) }) { first, _ in first })
    }

    fileprivate var object: ObjectID { ObjectID(drive: DriveID(drive), file: FileID(file)) }

    fileprivate var attributes: LocalAttributes {
        LocalAttributes(
            modified: modified?.time, accessed: accessed?.time, changed: changed?.time,
            permissions: mode.flatMap { UInt32($0, radix: 8) }.map { $0 & 0o7777 }, userID: uid, groupID: gid,
            linkTarget: linkTarget.map { Array($0) },
            extended: Dictionary((xattrs ?? [:]).map { (FileName($0.key), Array($0.value)) }) { first, _ in first })
    }
}

extension LocalAttributesFile.Time {
    fileprivate init(_ time: UnixTime) { self.init(seconds: time.seconds, nanoseconds: time.nanoseconds) }
    fileprivate var time: UnixTime { UnixTime(seconds: seconds, nanoseconds: nanoseconds) }
}
