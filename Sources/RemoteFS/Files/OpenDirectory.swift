import Synchronization
import VFS

/// An open folder: the listing it reads, the same from the first entry to the last whatever happens meanwhile.
/// Cookies count in it; after a rewind it may take a newer one.
final class OpenDirectory: Sendable {
    let inode: InodeNumber
    let parent: InodeNumber
    let folder: FolderID
    private struct State {
        var source: DirectoryCache.Source
        var isRead = false
    }
    private let state: Mutex<State>

    init(inode: InodeNumber, parent: InodeNumber, folder: FolderID, source: DirectoryCache.Source) {
        self.inode = inode
        self.parent = parent
        self.folder = folder
        state = Mutex(State(source: source))
    }

    /// The source to read from; `nil` when it is to be read from its start a second time, which calls for a new one.
    func source(from cookie: DirectoryCookie) -> DirectoryCache.Source? {
        state.withLock { state in
            if cookie == .start, state.isRead { return nil }
            state.isRead = true
            return state.source
        }
    }

    func renew(_ source: DirectoryCache.Source) { state.withLock { $0.source = source } }
}
