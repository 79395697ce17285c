import Basics
import VFS

extension RemoteFS {
    public func openDirectory(_ inode: InodeNumber) async throws(FSError) -> OpenDirectoryReply {
        let folder = try inodes.folder(inode)
        let source = try await checkingFolder(inode) { (deadline) async throws(FSError) in
            try await directories.source(of: folder, until: deadline)
        }
        let parent = inode == .root ? InodeNumber.root : try inodes.node(inode).parent
        let directory = OpenDirectory(inode: inode, parent: parent, folder: folder)
        guard let number = openDirectories.add(directory) else { throw .tooManyOpenFiles }
        guard inodes.opened(inode) else {
            _ = openDirectories.remove(number)
            throw .stale
        }
        // The kernel may keep a listing that was whole when it was opened: it is told when another replaces it. What is
        // read is looked up again, but begins to come here.
        let mayCache = if case .whole = source { true } else { false }
        return OpenDirectoryReply(handle: DirectoryHandle(number), mayCache: mayCache)
    }

    public func readDirectory(
        _ handle: DirectoryHandle, after cookie: DirectoryCookie, plus: Bool, emit: (DirectoryEntry) -> Bool
    ) async throws(FSError) {
        guard let directory = openDirectories[handle.rawValue] else { throw .badHandle }
        var position = cookie.rawValue
        while position < 2 {
            let (name, inode) = position == 0 ? ("." as FileName, directory.inode) : ("..", directory.parent)
            position += 1
            let dots = DirectoryEntry(
                name: name, inode: inode, kind: .directory, cookie: DirectoryCookie(position), entry: nil)
            guard emit(dots) else { return }
        }
        // Entry i has the cookie i + 3.
        let first = Int(clamping: position - 2)
        let (entries, freshUntil) = try await entries(of: directory, after: cookie, from: first)
        for (index, entry) in entries.enumerated() {
            let shown = DirectoryEntry(
                name: entry.name, inode: entry.inode, kind: kind(of: entry),
                cookie: DirectoryCookie(UInt64(first + index + 3)),
                entry: plus ? self.entry(of: current(entry, in: directory.folder), freshUntil: freshUntil) : nil)
            guard emit(shown) else { return }
            if plus { credit(entry, parent: directory.inode, folder: directory.folder) }
        }
    }

    /// What is told of an entry is what it is now, however long ago the folder was opened.
    private func current(_ entry: ListedEntry, in folder: FolderID) -> ListedEntry {
        directories.ownEntry(entry.inode, in: folder) ?? entry
    }

    private func kind(of entry: ListedEntry) -> NodeKind {
        if entry.isFolder { return .directory }
        return overlay[entry.inode]?.linkTarget == nil ? .file : .symbolicLink
    }

    public func releaseDirectory(_ handle: DirectoryHandle) {
        if let directory = openDirectories.remove(handle.rawValue) { inodes.closed(directory.inode) }
    }

    /// The entries from `first` on that are known, waiting only where there is none yet; empty at the end.
    private func entries(
        of directory: OpenDirectory, after cookie: DirectoryCookie, from first: Int
    ) async throws(FSError) -> (ArraySlice<ListedEntry>, freshUntil: Moment) {
        try await checkingFolder(directory.inode) { (deadline) async throws(FSError) in
            let source: DirectoryCache.Source
            if let current = directory.source(from: cookie) {
                source = current
            } else {
                source = try await directories.source(of: directory.folder, until: deadline)
                directory.renew(source)
            }
            switch source {
            case .whole(let listing, let freshUntil): return (listing.entries.dropFirst(first), freshUntil)
            case .growing(let load, let fallback):
                do throws(FSError) {
                    return (try await load.entries(from: first, until: deadline), directories.believed(load))
                } catch {
                    // Only from the start: the rest of another listing would be half old, half new.
                    guard let fallback, first == 0, error.leavesOldAnswersValid else { throw error }
                    let freshUntil = time.now() + DirectoryCache.unprovedLifetime
                    directory.renew(.whole(fallback, freshUntil: freshUntil))
                    return (fallback.entries[...], freshUntil)
                }
            }
        }
    }
}
