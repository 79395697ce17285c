import Basics
import Drive
import LivePhoto
import MetadataStore
import ReadPath
import VFS
import WritePath

extension RemoteFS {
    public func open(_ inode: InodeNumber, _ flags: OpenFlags) async throws(FSError) -> OpenReply {
        if inode == .root { throw .isADirectory }
        let entry = try inodes.node(inode).entry
        if entry.isFolder { throw .isADirectory }
        let writes = flags.contains(.write) || flags.contains(.truncate)
        if writes { try mayChange(entry) }
        guard !entry.file.isWithheld else {
            log.warning("the drive withholds “\(entry.file.name)” (punish_flag \(entry.file.punishFlag))")
            throw .accessDenied
        }
        let handle = try newHandle(entry.inode, writes ? flags.union(.write) : flags)
        do {
            if flags.contains(.truncate) { try await empty(entry) }
        } catch {
            release(handle)
            throw error
        }
        // The bytes behind an inode change through this mount only: new content elsewhere is a new object with a new
        // inode (contract 12.1).
        return OpenReply(handle: handle, keepsCache: true)
    }

    /// A handle for a file that the caller knows to be there.
    func newHandle(_ inode: InodeNumber, _ flags: OpenFlags) throws(FSError) -> FileHandle {
        guard let number = files.add(Handle(inode: inode, flags: flags)) else { throw .tooManyOpenFiles }
        guard inodes.opened(inode) else {
            _ = files.remove(number)
            throw .stale
        }
        writing.opened(inode.rawValue, forWriting: flags.contains(.write))
        return FileHandle(number)
    }

    public func read(
        _ handle: FileHandle, at offset: Int64, into buffer: ReadBuffer
    ) async throws(FSError) -> Int {
        guard let open = files[handle.rawValue] else { throw .badHandle }
        guard offset >= 0 else { throw .invalidArgument }
        let (writing, bytes, deadline) = (writing, buffer, self.deadline)
        while true {
            if let draft = writing.draft(of: open.inode.rawValue), draft.hasContent {
                do {
                    return try await FSError.from { () async throws(WriteError) in
                        try await writing.read(draft, at: offset, into: bytes.bytes, until: deadline)
                    }
                } catch {
                    // It came to its end in the middle: what it was is what the drive has now.
                    if writing.draft(of: open.inode.rawValue) === draft { throw error }
                }
            }
            let entry = try inodes.node(open.inode).entry
            do {
                let file = try open.file(of: entry) { (entry) throws(FSError) in try openFile(entry) }
                return try await file.read(at: offset, into: buffer, until: deadline)
            } catch {
                guard error == .stale else { throw error }
                // A version of ours may have taken its place in the middle.
                if try inodes.node(open.inode).entry.file.id != entry.file.id { continue }
                if writing.draft(of: open.inode.rawValue)?.hasContent == true { continue }
                // Somebody removed or replaced it: whoever looks the name up again finds what is there now.
                vanished(open.inode)
                throw error
            }
        }
    }

    public func release(_ handle: FileHandle) {
        guard let open = files.remove(handle.rawValue) else { return }
        open.close()
        writing.closed(open.inode.rawValue, forWriting: open.isWriter)
        inodes.closed(open.inode)
    }

    private func openFile(_ entry: ListedEntry) throws(FSError) -> any OpenFile {
        if entry.size == 0 { return EmptyFile(inode: entry.inode) }
        if let slice = entry.slice { return StoredArchiveView(entry.inode, slice, reader) }
        switch entry.view {
        case .object:
            let source = ContentSource(
                object: entry.file.id, size: entry.size, contentHash: entry.file.contentHash)
            return StoredFile(inode: entry.inode, content: reader.open(source))
        case .stream(let name):
            let source = ContentSource(object: entry.file.id, stream: name, size: entry.size)
            return StoredFile(inode: entry.inode, content: reader.open(source))
        case .archive:
            guard let layout = ArchiveLayout(photo: entry.file) else { throw .inputOutput }
            let contents = layout.parts.map { part in
                reader.open(
                    ContentSource(object: entry.file.id, stream: part.stream.name, size: part.stream.size))
            }
            return ArchiveFile(
                inode: entry.inode, layout: layout, contents: contents, time: time, tasks: tasks,
                timeout: configuration.timeout)
        }
    }
}

extension DriveFile {
    /// Frozen or illegal by the drive's judgement: its bytes are withheld or replaced by a notice (contract 4).
    var isWithheld: Bool { punishFlag == 2 || punishFlag == 103 }
}
