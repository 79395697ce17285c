import Foundation
import Glibc
import MetadataStore
import ProcessLife
import Status
import SystemPackage
import WritePath

/// Copies bytes that the drive does not have out of a state directory, whether it is mounted or not.
public struct UnsentFiles: Sendable {
    public struct Copy: Codable, Hashable, Sendable {
        public var id: UInt64
        /// Below the folder of the export.
        public var path: String
        public var size: Int64
        /// Bytes that only the drive's version has; zeros in the copy.
        public var missing: Int64
    }

    private let stateDir: FilePath
    /// Where it is mounted, if it is: files that the drive has a part of are read there.
    private let mountPoint: FilePath?

    public init(stateDir: FilePath, mountPoint: FilePath?) {
        self.stateDir = stateDir
        self.mountPoint = mountPoint
    }

    /// Copies those of `ids`, or all without any, to below `folder`, which is made where it is missing. Nothing that is
    /// there is written over. A file whose upload ends meanwhile is left out.
    public func export(to folder: FilePath, only ids: Set<UInt64>) async throws(MountFailure) -> [Copy] {
        try await StateStore(stateDir).closing { state throws(MountFailure) in
            let records = try await state.reading { () async throws(StoreError) in try await state.store.drafts() }
            let spool: Spool
            do throws(SpoolError) {
                spool = try Spool(path: stateDir.appending("spool").string)
            } catch {
                throw MountFailure(.cannotCreate, error.description)
            }
            var copies: [Copy] = []
            for record in records where ids.isEmpty || ids.contains(record.id.rawValue) {
                let names = try await state.names(of: record.place)
                if let copy = try copy(record, names, spool, folder) { copies.append(copy) }
            }
            return copies
        }
    }

    /// What is unfinished, as the journal has it.
    public func left() async throws(MountFailure) -> [StatusReport.Change] {
        try await StateStore(stateDir).closing { state throws(MountFailure) in
            var changes: [StatusReport.Change] = []
            for record in try await state.reading({ () async throws(StoreError) in try await state.store.drafts() }) {
                let path = try await state.names(of: record.place).joined(separator: "/")
                changes.append(StatusReport.Change(record, path: path))
            }
            return changes
        }
    }

    private func copy(
        _ record: DraftRecord, _ names: [String], _ spool: Spool, _ folder: FilePath
    ) throws(MountFailure) -> Copy? {
        do {
            guard let unsent = try spool.unsent(record) else { return nil }
            let place = try Self.free(names, in: folder, record.id)
            let target = place.reduce(folder) { $0.appending($1) }
            var missing = unsent.missing.reduce(0) { $0 + $1.count }
            if missing > 0, copyThroughMount(names, unsent.size, to: target) {
                missing = 0
            } else {
                try spool.copy(record.id, unsent, to: target.string)
            }
            return Copy(
                id: record.id.rawValue, path: place.joined(separator: "/"), size: unsent.size, missing: missing)
        } catch {
            throw MountFailure(.cannotCreate, "\(error)")
        }
    }

    /// Makes the folders; a name that is taken gets the id of the change.
    private static func free(_ names: [String], in folder: FilePath, _ id: DraftID) throws -> [String] {
        let parent = names.dropLast().reduce(folder) { $0.appending($1) }
        try FileManager.default.createDirectory(
            atPath: parent.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        guard let name = names.last else { return names }
        var status = stat()
        let isTaken = parent.appending(name).withPlatformString { lstat($0, &status) } == 0
        return names.dropLast() + [isTaken ? "\(name)~\(id.rawValue)" : name]
    }

    private func copyThroughMount(_ names: [String], _ size: Int64, to target: FilePath) -> Bool {
        guard let mountPoint else { return false }
        let source = names.reduce(mountPoint) { $0.appending($1) }
        var status = stat()
        let isIt = source.withPlatformString { lstat($0, &status) } == 0 && Int64(status.st_size) == size
            && status.st_mode & S_IFMT == S_IFREG
        guard isIt else { return false }
        do {
            try FileManager.default.copyItem(atPath: source.string, toPath: target.string)
            return true
        } catch {
            unlink(target.string)
            return false
        }
    }
}
