import Basics
import Drive
import VFS

extension RemoteFS {
    public func attributes(of inode: InodeNumber) async throws(FSError) -> AttributesReply {
        if inode == .root {
            return AttributesReply(attributes: rootAttributes, validFor: configuration.directoryLifetime)
        }
        let node = try inodes.node(inode)
        do throws(FSError) {
            let (entry, freshUntil) = try await directories.entry(
                of: node.entry.listedInode, in: node.folder, until: deadline)
            if let entry = entry.map({ node.entry.renewed(by: $0) }) {
                return AttributesReply(attributes: attributes(of: entry), validFor: remaining(until: freshUntil))
            }
            // Removed or moved away; who has it open may still look at it.
            guard node.isOpen else { throw .noSuchEntry }
        } catch {
            // What says nothing about the object leaves the last answer the best one.
            guard error.leavesOldAnswersValid || (error == .noSuchEntry && node.isOpen) else { throw error }
        }
        return AttributesReply(attributes: attributes(of: node.entry), validFor: DirectoryCache.unprovedLifetime)
    }

    public func statistics() async throws(FSError) -> FileSystemStatistics {
        let space = try await space.value(until: deadline)
        return FileSystemStatistics(
            totalBytes: max(0, space.total), freeBytes: max(0, space.total - max(0, space.used)),
            nameLengthMax: UInt32(NameLimits.bytesMax))
    }

    /// The modification time is the uploader's where the drive kept it, else the creation time: neither flips between
    /// listings (semantics 2). What the drive calls updated moves with renames, as a change time does.
    func attributes(of entry: ListedEntry) -> Attributes {
        let file = entry.file
        let modified = file.localModifiedAt ?? file.createdAt ?? .epoch
        return Attributes(
            inode: entry.inode, kind: entry.isFolder ? .directory : .file, size: entry.isFolder ? 0 : entry.size,
            permissions: entry.isFolder ? configuration.directoryPermissions : configuration.filePermissions,
            userID: configuration.userID, groupID: configuration.groupID, accessed: modified, modified: modified,
            changed: file.updatedAt ?? modified)
    }

    private var rootAttributes: Attributes {
        Attributes(
            inode: .root, kind: .directory, size: 0, permissions: configuration.directoryPermissions,
            userID: configuration.userID, groupID: configuration.groupID, accessed: startedAt, modified: startedAt,
            changed: startedAt)
    }
}
