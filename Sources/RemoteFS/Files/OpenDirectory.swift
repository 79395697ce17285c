import Synchronization
import VFS

/// An open folder: the listing it reads, the same from the first entry to the last whatever happens meanwhile.
/// Cookies count in it; whoever begins anew takes a newer one. None is taken before the first read: the kernel keeps
/// what is read then, with all that it knows to have changed until then.
final class OpenDirectory: Sendable {
    let inode: InodeNumber
    let parent: InodeNumber
    let folder: FolderID
    private let state = Mutex<DirectoryCache.Source?>(nil)

    init(inode: InodeNumber, parent: InodeNumber, folder: FolderID) {
        self.inode = inode
        self.parent = parent
        self.folder = folder
    }

    /// The source to read from; `nil` when a new one is to be taken.
    func source(from cookie: DirectoryCookie) -> DirectoryCache.Source? {
        cookie == .start ? nil : state.withLock { $0 }
    }

    func renew(_ source: DirectoryCache.Source) { state.withLock { $0 = source } }
}
