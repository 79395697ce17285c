import Basics
import VFS

/// What changes something.
extension WritableFileSystem {
    func setAttributes(
        of inode: InodeNumber, to change: AttributeChange, through handle: FileHandle?
    ) async throws(FSError) -> AttributesReply {
        try await enter(.setAttributes)
        return state.withLock { state in
            state.changes.append(change)
            state.changedThrough.append(handle)
            if let size = change.size { state.edit(inode) { $0.resize(to: size) } }
            if let permissions = change.permissions { state.nodes[inode]?.permissions = permissions }
            if let userID = change.userID { state.nodes[inode]?.owner.userID = userID }
            if let groupID = change.groupID { state.nodes[inode]?.owner.groupID = groupID }
            if let accessed = change.accessed { state.nodes[inode]?.accessed = Self.time(accessed) }
            if let modified = change.modified { state.nodes[inode]?.modified = Self.time(modified) }
            return AttributesReply(attributes: state.attributes(inode), validFor: .seconds(3600))
        }
    }

    private static func time(_ change: AttributeChange.Time) -> UnixTime {
        switch change {
        case .now: now
        case .at(let time): time
        }
    }

    func create(
        _ place: Place, permissions: UInt32, _ flags: OpenFlags, exclusive: Bool, by caller: Caller
    ) async throws(FSError) -> (entry: Entry, opened: OpenReply) {
        try await enter(.create, place.name)
        let made = state.withLock { state -> (entry: Entry, opened: OpenReply)? in
            let there = state.child(place.name, in: place.parent)
            if exclusive, there != nil { return nil }
            let inode = there ?? state.add(place, .file(SparseBytes()), permissions, caller)
            // Opened first: the entry then shows a truncation.
            let opened = state.open(inode, flags)
            return (state.credit(inode), opened)
        }
        guard let made else { throw .alreadyExists }
        return made
    }

    func makeFile(_ place: Place, permissions: UInt32, by caller: Caller) async throws(FSError) -> Entry {
        try make(place, .file(SparseBytes()), permissions, caller)
    }

    func makeDirectory(_ place: Place, permissions: UInt32, by caller: Caller) async throws(FSError) -> Entry {
        try make(place, .folder([:]), permissions, caller)
    }

    func makeSymbolicLink(_ place: Place, to target: [UInt8], by caller: Caller) async throws(FSError) -> Entry {
        try make(place, .link(target), 0o777, caller)
    }

    private func make(
        _ place: Place, _ content: Content, _ permissions: UInt32, _ caller: Caller
    ) throws(FSError) -> Entry {
        let entry = state.withLock { state -> Entry? in
            guard state.child(place.name, in: place.parent) == nil else { return nil }
            return state.credit(state.add(place, content, permissions, caller))
        }
        guard let entry else { throw .alreadyExists }
        return entry
    }

    func target(ofSymbolicLink inode: InodeNumber) async throws(FSError) -> [UInt8] {
        guard case .link(let target)? = state.withLock({ $0.nodes[inode]?.content }) else { throw .invalidArgument }
        return target
    }

    func remove(_ place: Place) async throws(FSError) {
        try await enter(.remove)
        state.withLock { $0.setChild(place, nil) }
    }

    func removeDirectory(_ place: Place) async throws(FSError) {
        guard state.withLock({ $0.isEmptyFolder(place) }) else { throw .notEmpty }
        state.withLock { $0.setChild(place, nil) }
    }

    func rename(_ old: Place, to new: Place, _ mode: RenameMode) async throws(FSError) {
        try await enter(.rename)
        let failure = state.withLock { state -> FSError? in
            guard let inode = state.child(old.name, in: old.parent) else { return .noSuchEntry }
            let there = state.child(new.name, in: new.parent)
            switch mode {
            case .refuse where there != nil: return .alreadyExists
            case .exchange where there == nil: return .noSuchEntry
            case .replace where there != nil && !state.isEmptyFolder(new): return .notEmpty
            case .replace, .refuse, .exchange: break
            }
            state.setChild(old, mode == .exchange ? there : nil)
            state.setChild(new, inode)
            return nil
        }
        if let failure { throw failure }
    }

    func write(_ handle: FileHandle, at offset: Int64, _ bytes: WriteBytes) async throws(FSError) {
        try await enter(.write, state.withLock { $0.writesStall } ? Self.stallingName : nil)
        if state.withLock({ $0.dallies }) { for _ in 0..<20 { await Task.yield() } }
        state.withLock { state in
            guard let inode = state.open[handle]?.inode else { return }
            state.edit(inode) { $0.write(bytes.bytes, at: offset) }
            state.nodes[inode]?.modified = Self.now
            state.written.append(Written(offset: offset, count: bytes.count))
        }
    }

    func flush(_ handle: FileHandle) async throws(FSError) { try await enter(.flush) }
    func synchronize(_ handle: FileHandle) async throws(FSError) { try await enter(.synchronize) }
    func synchronizeDirectory(_ handle: DirectoryHandle) async throws(FSError) {
        try await enter(.synchronizeDirectory)
    }

    func allocate(_ handle: FileHandle, _ range: ByteRange, _ mode: AllocationMode) async throws(FSError) {
        try await enter(.allocate)
        state.withLock { state in
            guard let inode = state.open[handle]?.inode else { return }
            state.edit(inode) { bytes in
                switch mode {
                case .allocate(keepSize: true): break
                case .allocate(keepSize: false): bytes.resize(to: max(bytes.size, range.upper))
                case .punchHole, .zero(keepSize: true): bytes.clear(range)
                case .zero(keepSize: false):
                    bytes.resize(to: max(bytes.size, range.upper))
                    bytes.clear(range)
                }
            }
        }
    }

    func seek(_ handle: FileHandle, _ target: SeekTarget, from offset: Int64) async throws(FSError) -> Int64 {
        try await enter(.seek)
        guard let bytes = state.withLock({ $0.bytes(handle) }) else { throw .badHandle }
        guard offset < bytes.size else { throw .noData }
        switch target {
        case .hole: return bytes.next(isData: false, from: offset) ?? bytes.size
        case .data:
            guard let next = bytes.next(isData: true, from: offset) else { throw .noData }
            return next
        }
    }

    func copy(
        _ source: FileHandle, at offset: Int64, to target: FileHandle, at targetOffset: Int64, count: Int64
    ) async throws(FSError) -> Int64 {
        try await enter(.copy)
        return state.withLock { state in
            guard let bytes = state.bytes(source), let inode = state.open[target]?.inode else { return 0 }
            let count = ByteRange(offset, offset + count).clamped(to: bytes.size).count
            var buffer = [UInt8](repeating: 0, count: Int(count))
            _ = buffer.withUnsafeMutableBytes { bytes.read(into: $0, at: offset) }
            buffer.withUnsafeBytes { copied in state.edit(inode) { $0.write(copied, at: targetOffset) } }
            return count
        }
    }

    func setExtendedAttribute(
        _ name: FileName, of inode: InodeNumber, to value: [UInt8], _ mode: AttributeSetMode
    ) async throws(FSError) {
        let isThere = state.withLock { $0.nodes[inode]?.extended[name] != nil }
        if mode == .create, isThere { throw .alreadyExists }
        if mode == .replace, !isThere { throw .noSuchAttribute }
        state.withLock { $0.nodes[inode]?.extended[name] = value }
    }

    func removeExtendedAttribute(_ name: FileName, of inode: InodeNumber) async throws(FSError) {
        guard state.withLock({ $0.nodes[inode]?.extended.removeValue(forKey: name) }) != nil else {
            throw .noSuchAttribute
        }
    }
}

extension WritableFileSystem.State {
    mutating func add(
        _ place: Place, _ content: WritableFileSystem.Content, _ permissions: UInt32, _ owner: Caller
    ) -> InodeNumber {
        let inode = InodeNumber(next())
        nodes[inode] = WritableFileSystem.Node(content: content, permissions: permissions, owner: owner)
        setChild(place, inode)
        return inode
    }

    /// Also true of what is no folder.
    fileprivate func isEmptyFolder(_ place: Place) -> Bool {
        let inode = child(place.name, in: place.parent)
        guard case .folder(let children)? = inode.flatMap({ nodes[$0] })?.content else { return true }
        return children.isEmpty
    }
}
