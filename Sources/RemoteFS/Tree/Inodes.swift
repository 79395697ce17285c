import Basics
import Drive
import Synchronization
import VFS

/// The inodes that the kernel knows, and the way to tell it that they changed. May be used from any thread.
final class Inodes: Sendable {
    let rootFolder: FolderID
    private let table = Mutex(NodeTable())
    private let kernel = Mutex<(any KernelNotifier)?>(nil)

    init(rootFolder: FolderID) { self.rootFolder = rootFolder }

    func attach(_ notifier: any KernelNotifier) { kernel.withLock { $0 = notifier } }

    /// The kernel is told of `entry`: one credit.
    func credit(_ entry: ListedEntry, parent: InodeNumber, folder: FolderID) {
        table.withLock { $0.credit(entry, parent: parent, folder: folder) }
    }

    /// What a known inode stands for has another name, place or object by our own doing.
    func update(_ entry: ListedEntry, in folder: FolderID) {
        table.withLock { $0.update(entry, in: folder, rootFolder) }
    }

    func forget(_ inode: InodeNumber, lookups: UInt64) { table.withLock { $0.forget(inode, lookups: lookups) } }

    /// A handle keeps the inode. False when it is not known.
    func opened(_ inode: InodeNumber) -> Bool { table.withLock { $0.opened(inode) } }
    func closed(_ inode: InodeNumber) { table.withLock { $0.closed(inode) } }

    /// All credits that the kernel holds, the root's apart; 0 after an unmount.
    var lookups: UInt64 { table.withLock { $0.lookups } }

    func isOpen(_ inode: InodeNumber) -> Bool { table.withLock { $0[inode]?.isOpen ?? false } }

    /// Throws `.stale` for an inode that the kernel should not know any more.
    func node(_ inode: InodeNumber) throws(FSError) -> Node {
        guard let node = table.withLock({ $0[inode] }) else { throw .stale }
        return node
    }

    /// The folder behind an inode.
    func folder(_ inode: InodeNumber) throws(FSError) -> FolderID {
        if inode == .root { return rootFolder }
        let node = try node(inode)
        guard node.entry.isFolder else { throw .notADirectory }
        return node.entry.folder
    }

    /// One listing took another's place: the kernel forgets what it knew of the differences.
    func replaced(_ folder: FolderID, _ difference: ListingDifference) {
        guard let kernel = kernel.withLock({ $0 }) else { return }
        let (inode, changed) = table.withLock { table in
            (folder == rootFolder ? .root : table.inode(of: folder), difference.inodes.filter { table[$0] != nil })
        }
        // The folder first: a listing that the kernel keeps has no other end.
        if let inode { kernel.invalidate(inode, content: true) }
        for inode in changed { kernel.invalidate(inode, content: true) }
        // A folder that the kernel does not know has no names that it could know.
        if let inode { for name in difference.names { kernel.invalidateEntry(name, in: inode) } }
    }

    /// Bytes that were given out as this object's were not: the kernel drops its copies.
    func contentProvedWrong(_ object: ObjectID) {
        let wrong = table.withLock { $0.inodes(of: object) }
        guard let kernel = kernel.withLock({ $0 }) else { return }
        for inode in wrong { kernel.invalidate(inode, content: true) }
    }

    /// The object behind `inode` is gone: the kernel forgets its name. Returns the folder whose listing is out of
    /// date by that.
    func vanished(_ inode: InodeNumber) -> FolderID? {
        guard let node = table.withLock({ $0[inode] }) else { return nil }
        if let kernel = kernel.withLock({ $0 }) {
            kernel.invalidateEntry(node.entry.name, in: node.parent)
            kernel.invalidate(node.parent, content: true)
        }
        return node.folder
    }

    /// The name and the place of a folder that the kernel knows.
    func place(of folder: FolderID) -> (name: FileName, parent: FolderID)? {
        table.withLock { table in
            table.inode(of: folder).flatMap { table[$0] }.map { ($0.entry.name, $0.folder) }
        }
    }

    /// What the kernel was told of and does not know yet.
    var notificationsWaiting: Int { kernel.withLock { $0 }?.waiting ?? 0 }

    /// The bytes of a file are others now, not by a write that the kernel saw.
    func changedHere(_ inode: InodeNumber) { kernel.withLock { $0 }?.invalidate(inode, content: true) }

    /// What has a name may be another file now.
    func changedHere(_ place: Place) {
        guard let kernel = kernel.withLock({ $0 }) else { return }
        kernel.invalidateEntry(place.name, in: place.parent)
        kernel.invalidate(place.parent, content: true)
    }

    /// A file is gone, not by a removal that the kernel saw.
    func removedHere(_ inode: InodeNumber) {
        guard let node = table.withLock({ $0[inode] }), let kernel = kernel.withLock({ $0 }) else { return }
        kernel.invalidateEntry(node.entry.name, in: node.parent)
        kernel.invalidate(node.parent, content: true)
    }

    /// Nothing that the kernel was told of `folder` and `entries` in it is to be believed any more. Folders keep their
    /// names: somebody may stand in one.
    func outdated(_ folder: FolderID, _ entries: [ListedEntry]) {
        guard let kernel = kernel.withLock({ $0 }) else { return }
        let (inode, known) = table.withLock { table in
            (folder == rootFolder ? .root : table.inode(of: folder), entries.filter { table[$0.inode] != nil })
        }
        guard let inode else { return }
        kernel.invalidate(inode, content: true)
        for entry in known {
            kernel.invalidate(entry.inode, content: false)
            if !entry.isFolder { kernel.invalidateEntry(entry.name, in: inode) }
        }
    }
}
