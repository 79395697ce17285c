import Basics
import Drive
import MetadataStore
import VFS
import WritePath

extension RemoteFS {
    public func attributes(of inode: InodeNumber) async throws(FSError) -> AttributesReply {
        if inode == .root {
            return AttributesReply(attributes: rootAttributes, validFor: configuration.directoryLifetime)
        }
        let node = try inodes.node(inode)
        var last = attributes(of: node.entry)
        do throws(FSError) {
            let (entry, freshUntil) = try await directories.entry(
                of: node.entry.listedInode, in: node.folder, until: deadline)
            if let entry = entry.map({ node.entry.renewed(by: $0) }) {
                return AttributesReply(attributes: attributes(of: entry), validFor: remaining(until: freshUntil))
            }
            // Removed or moved away; who has it open may still look at it.
            guard node.isOpen else { throw .noSuchEntry }
            last.isRemoved = true
        } catch {
            // What says nothing about the object leaves the last answer the best one.
            guard error.leavesOldAnswersValid || (error == .noSuchEntry && node.isOpen) else { throw error }
        }
        return AttributesReply(attributes: last, validFor: DirectoryCache.unprovedLifetime)
    }

    public func statistics() async throws(FSError) -> FileSystemStatistics {
        let space = try await space.value(until: deadline)
        return FileSystemStatistics(
            totalBytes: max(0, space.total),
            freeBytes: max(0, max(0, space.total - max(0, space.used)) - writing.bytesQueued),
            nameLengthMax: UInt32(NameLimits.bytesMax))
    }

    /// The modification time is the uploader's where the drive kept it, else the creation time: neither flips between
    /// listings (semantics 2). What the drive calls updated moves with renames, as a change time does.
    func attributes(of entry: ListedEntry) -> Attributes {
        let file = entry.file
        let modified = file.localModifiedAt ?? file.createdAt ?? .epoch
        var shown = Attributes(
            inode: entry.inode, kind: entry.isFolder ? .directory : .file, size: entry.isFolder ? 0 : entry.size,
            permissions: entry.isFolder ? configuration.directoryPermissions : configuration.filePermissions,
            userID: configuration.userID, groupID: configuration.groupID, accessed: modified, modified: modified,
            changed: file.updatedAt ?? modified)
        if let local = overlay[entry.inode] { shown.apply(local) }
        if let draft = writing.draft(of: entry.inode.rawValue), draft.hasContent {
            shown.modified = draft.modified
            shown.changed = max(shown.changed, draft.modified)
            if shown.kind == .file { shown.size = draft.size }
        }
        return shown
    }

    public func setAttributes(
        of inode: InodeNumber, to change: AttributeChange, through handle: FileHandle?
    ) async throws(FSError) -> AttributesReply {
        if configuration.isReadOnly { throw .readOnly }
        if let size = change.size { try await resize(inode, to: size) }
        let before = try await attributes(of: inode).attributes
        var isOther = false
        if change.permissions ?? before.permissions != before.permissions
            || change.userID ?? before.userID != before.userID || change.groupID ?? before.groupID != before.groupID
        {
            if configuration.hasNoOverlay { throw .permissionDenied }
            isOther = true
        }
        let now = time.wallTime()
        let modified = change.modified?.value(now)
        if let modified, let draft = writing.draft(of: inode.rawValue), draft.hasContent {
            do { try draft.setModified(modified) } catch { throw FSError(error) }
        }
        overlay.change(inode) { row in
            if let permissions = change.permissions, permissions != before.permissions { row.permissions = permissions }
            if let user = change.userID, user != before.userID { row.userID = user }
            if let group = change.groupID, group != before.groupID { row.groupID = group }
            if let modified, modified != before.modified { row.modified = modified }
            if let accessed = change.accessed?.value(now) { row.accessed = accessed }
            if isOther || modified != nil { row.changed = now }
        }
        try await keep([inode])
        return try await attributes(of: inode)
    }

    /// A size set by name and not through a handle is as good as closed.
    private func resize(_ inode: InodeNumber, to size: Int64) async throws(FSError) {
        if inode == .root { throw .isADirectory }
        let entry = try inodes.node(inode).entry
        if entry.isFolder { throw .isADirectory }
        guard size >= 0 else { throw .invalidArgument }
        guard size <= FileSize.max else { throw .fileTooLarge }
        try mayChange(entry)
        try await truncate(inode, to: size)
        if !writing.isBeingWritten(inode.rawValue) { try await seal(inode) }
    }

    private var rootAttributes: Attributes {
        var shown = Attributes(
            inode: .root, kind: .directory, size: 0, permissions: configuration.directoryPermissions,
            userID: configuration.userID, groupID: configuration.groupID, accessed: startedAt, modified: startedAt,
            changed: startedAt)
        if let local = overlay[.root] { shown.apply(local) }
        return shown
    }
}

extension AttributeChange.Time {
    fileprivate func value(_ now: UnixTime) -> UnixTime {
        switch self {
        case .now: now
        case .at(let time): time
        }
    }
}

extension Attributes {
    /// What this machine remembers goes before what the drive and the options say.
    fileprivate mutating func apply(_ local: LocalAttributes) {
        modified = local.modified ?? modified
        accessed = local.accessed ?? modified
        changed = local.changed ?? changed
        permissions = local.permissions ?? permissions
        userID = local.userID ?? userID
        groupID = local.groupID ?? groupID
        if let target = local.linkTarget {
            kind = .symbolicLink
            size = Int64(target.count)
        }
    }
}
