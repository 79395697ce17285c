import Basics
import Drive
import LivePhoto
import MetadataStore
import ReadPath
import VFS

extension RemoteFS {
    public func open(_ inode: InodeNumber, _ flags: OpenFlags) async throws(FSError) -> OpenReply {
        if inode == .root { throw .isADirectory }
        let entry = try inodes.node(inode).entry
        if entry.isFolder { throw .isADirectory }
        if flags.contains(.write) || flags.contains(.truncate) { throw .readOnly }
        guard !entry.file.isWithheld else {
            log.warning("the drive withholds “\(entry.file.name)” (punish_flag \(entry.file.punishFlag))")
            throw .accessDenied
        }
        let file = try openFile(entry)
        guard let number = files.add(file) else {
            file.close()
            throw .tooManyOpenFiles
        }
        guard inodes.opened(inode) else {
            files.remove(number)?.close()
            throw .stale
        }
        // The bytes behind an inode never change: new content is a new object with a new inode (contract 12.1).
        return OpenReply(handle: FileHandle(number), keepsCache: true)
    }

    public func read(
        _ handle: FileHandle, at offset: Int64, into buffer: ReadBuffer
    ) async throws(FSError) -> Int {
        guard let file = files[handle.rawValue] else { throw .badHandle }
        guard offset >= 0 else { throw .invalidArgument }
        do {
            return try await file.read(at: offset, into: buffer, until: deadline)
        } catch {
            // Somebody removed or replaced it: whoever looks the name up again finds what is there now.
            if error == .stale { vanished(file.inode) }
            throw error
        }
    }

    public func release(_ handle: FileHandle) {
        guard let file = files.remove(handle.rawValue) else { return }
        file.close()
        inodes.closed(file.inode)
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
