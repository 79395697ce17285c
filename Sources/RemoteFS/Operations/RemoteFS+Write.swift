import Basics
import Drive
import MetadataStore
import VFS
import WritePath

extension RemoteFS {
    public func write(_ handle: FileHandle, at offset: Int64, _ bytes: WriteBytes) async throws(FSError) {
        let open = try writer(handle)
        guard offset >= 0 else { throw .invalidArgument }
        let deadline = self.deadline
        while true {
            let draft = try await draft(of: open.inode)
            let at = open.flags.contains(.append) && !bytes.isMapped ? draft.size : offset
            guard at <= FileSize.max - Int64(bytes.count) else { throw .fileTooLarge }
            let writing = writing
            let isWritten = try await FSError.from { () async throws(WriteError) in
                try await writing.write(bytes.bytes, at: at, to: draft, until: deadline)
            }
            if isWritten { return }
        }
    }

    public func flush(_ handle: FileHandle) async throws(FSError) {
        guard let open = files[handle.rawValue] else { throw .badHandle }
        guard open.isWriter, let draft = writing.draft(of: open.inode.rawValue), draft.hasContent else { return }
        let writing = writing
        let waits = configuration.isWriteThrough && !draft.record.isRemoved
        try await FSError.from { () async throws(WriteError) in
            try await writing.seal(draft)
            if waits { try await writing.waitUntilStored(draft) }
        }
    }

    public func synchronize(_ handle: FileHandle) async throws(FSError) {
        guard let open = files[handle.rawValue] else { throw .badHandle }
        guard let draft = writing.draft(of: open.inode.rawValue), draft.hasContent else { return }
        let writing = writing
        try await FSError.from { () async throws(WriteError) in try await writing.seal(draft) }
    }

    /// Names are in the journal, and synced there, before they are acknowledged.
    public func synchronizeDirectory(_ handle: DirectoryHandle) async throws(FSError) {
        guard openDirectories[handle.rawValue] != nil else { throw .badHandle }
    }

    public func allocate(
        _ handle: FileHandle, _ range: ByteRange, _ mode: AllocationMode
    ) async throws(FSError) {
        let open = try writer(handle)
        // A hole beyond the end is none.
        guard mode == .punchHole || range.upper <= FileSize.max else { throw .fileTooLarge }
        switch mode {
        case .punchHole: try await zero(range, open.inode)
        case .zero(let keepsSize):
            try await zero(range, open.inode)
            if !keepsSize { try await grow(open.inode, to: range.upper) }
        case .allocate(let keepsSize):
            let draft = try await draft(of: open.inode)
            do {
                try draft.reserve(range)
            } catch {
                throw FSError(error)
            }
            if !keepsSize { try await grow(open.inode, to: range.upper) }
        }
    }

    public func seek(_ handle: FileHandle, _ target: SeekTarget, from offset: Int64) async throws(FSError) -> Int64 {
        guard let open = files[handle.rawValue] else { throw .badHandle }
        guard offset >= 0 else { throw .noData }
        if let draft = writing.draft(of: open.inode.rawValue), draft.hasContent {
            do {
                guard let found = try draft.seek(forData: target == .data, from: offset) else { throw FSError.noData }
                return found
            } catch let error as FSError {
                throw error
            } catch let error as SpoolError {
                throw FSError(error)
            } catch {
                throw .inputOutput
            }
        }
        let size = try inodes.node(open.inode).entry.size
        guard offset < size else { throw .noData }
        return target == .data ? offset : size
    }

    public func copy(
        _ source: FileHandle, at offset: Int64, to target: FileHandle, at targetOffset: Int64, count: Int64
    ) async throws(FSError) -> Int64 {
        guard let from = files[source.rawValue] else { throw .badHandle }
        let to = try writer(target)
        let entry = try inodes.node(from.inode).entry
        // Only whole stored files, from their start on: the drive copies nothing less, the kernel does the rest.
        guard from.inode != to.inode, offset == targetOffset, offset >= 0,
            writing.draft(of: from.inode.rawValue) == nil, entry.view == .object, overlay[from.inode]?.linkTarget == nil
        else { throw .notSupported }
        guard offset < entry.size else { return 0 }
        let upper = min(entry.size, offset + count)
        let draft = try await draft(of: to.inode)
        let base = BaseContent(object: entry.file.id, size: entry.size, hash: entry.file.contentHash)
        let writing = writing
        let isTaken = try await FSError.from { () async throws(WriteError) in
            try await writing.extend(draft, by: base, ByteRange(offset, upper))
        }
        guard isTaken else { throw .notSupported }
        return upper - offset
    }

    // What several of these need.

    func writer(_ handle: FileHandle) throws(FSError) -> Handle {
        guard let open = files[handle.rawValue], open.isWriter else { throw .badHandle }
        return open
    }

    /// What may not be changed at all, and what cannot.
    func mayChange(_ entry: ListedEntry) throws(FSError) {
        if configuration.isReadOnly { throw .readOnly }
        if entry.view != .object { throw .permissionDenied }
    }

    /// The draft of a file whose bytes are to change, made if there is none. Nothing is fetched for it.
    func draft(of inode: InodeNumber, keeps: Int64? = nil) async throws(FSError) -> Draft {
        let writing = writing
        if let draft = writing.draft(of: inode.rawValue), draft.hasContent { return draft }
        let entry = try inodes.node(inode).entry
        let object = PlacedObject(id: entry.file.id, place: drivePlace(of: entry))
        let base = BaseContent(object: entry.file.id, size: entry.size, hash: entry.file.contentHash)
        drafts.remember(entry)
        do throws(WriteError) {
            return try await writing.edit(inode.rawValue, object, base, keeps: keeps ?? base.size)
        } catch {
            // It ended in the middle of that: what it was about is what the drive has now.
            if error == .removed { return try await self.draft(of: inode, keeps: keeps) }
            throw FSError(error)
        }
    }

    func truncate(_ inode: InodeNumber, to size: Int64) async throws(FSError) {
        let writing = writing
        while true {
            let isNew = writing.draft(of: inode.rawValue)?.hasContent != true
            if isNew, try inodes.node(inode).entry.size == size { return }
            let draft = try await draft(of: inode, keeps: isNew && size == 0 ? 0 : nil)
            if draft.size == size, !isNew || size != 0 { return }
            let isDone = try await FSError.from { () async throws(WriteError) in
                try await writing.setSize(size, of: draft)
            }
            if isDone { return }
        }
    }

    /// Opened to be emptied: a change of the file even if it was empty before.
    func empty(_ entry: ListedEntry) async throws(FSError) {
        let wasEmpty = attributes(of: entry).size == 0
        try await truncate(entry.inode, to: 0)
        guard wasEmpty else { return }
        let now = time.wallTime()
        if let draft = writing.draft(of: entry.inode.rawValue), draft.hasContent {
            do { try draft.setModified(now) } catch { throw FSError(error) }
        }
        overlay.change(entry.inode) { row in
            row.modified = now
            row.changed = now
        }
        try await keep([entry.inode])
    }

    private func grow(_ inode: InodeNumber, to size: Int64) async throws(FSError) {
        if try await draft(of: inode).size < size { try await truncate(inode, to: size) }
    }

    private func zero(_ range: ByteRange, _ inode: InodeNumber) async throws(FSError) {
        let writing = writing
        while true {
            let draft = try await draft(of: inode)
            let isDone = try await FSError.from { () async throws(WriteError) in
                try await writing.zero(range, of: draft)
            }
            if isDone { return }
        }
    }
}
