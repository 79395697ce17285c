import Drive
import VFS

/// An inode the kernel or an open handle knows.
struct Node {
    /// As it was when the kernel was last told of it; the parent's listing has what is newest.
    var entry: ListedEntry
    var parent: InodeNumber
    /// The folder whose listing shows it.
    var folder: FolderID
    fileprivate(set) var lookups: UInt64 = 0
    fileprivate(set) var opens = 0
    var isOpen: Bool { opens > 0 }
}

/// The inodes that the kernel may name, with the ledger of what it was told and gave back. A value; the lock is its
/// owner's.
///
/// The root is not in it: the kernel never forgets it.
struct NodeTable {
    private var nodes: [InodeNumber: Node] = [:]
    private var folders: [FolderID: InodeNumber] = [:]

    subscript(_ inode: InodeNumber) -> Node? { nodes[inode] }

    var count: Int { nodes.count }
    /// All credits that the kernel holds.
    var lookups: UInt64 { nodes.values.reduce(0) { $0 + $1.lookups } }

    /// The kernel is told of `entry`: one credit.
    mutating func credit(_ entry: ListedEntry, parent: InodeNumber, folder: FolderID) {
        var node = nodes[entry.inode] ?? Node(entry: entry, parent: parent, folder: folder)
        // A moved object is known by its new place from now on. What comes out of a listing that was opened a while ago
        // must not bring back what it was then.
        if entry.serial >= node.entry.serial {
            node.entry = entry
            node.parent = parent
            node.folder = folder
        }
        node.lookups += 1
        put(node)
    }

    /// What a known inode stands for changed by our own doing.
    mutating func update(_ entry: ListedEntry, in folder: FolderID, _ root: FolderID) {
        guard var node = nodes[entry.inode] else { return }
        node.entry = entry
        node.folder = folder
        if let parent = folder == root ? .root : folders[folder] { node.parent = parent }
        put(node)
    }

    /// The kernel gives credits back. The root's are not counted.
    mutating func forget(_ inode: InodeNumber, lookups: UInt64) {
        if inode == .root { return }
        guard var node = nodes[inode] else { preconditionFailure("the kernel forgets an inode it never knew") }
        precondition(lookups <= node.lookups, "the kernel gives back more than it holds")
        node.lookups -= lookups
        put(node)
    }

    /// A handle keeps the inode. False when it is not known.
    mutating func opened(_ inode: InodeNumber) -> Bool {
        guard var node = nodes[inode] else { return inode == .root }
        node.opens += 1
        put(node)
        return true
    }

    mutating func closed(_ inode: InodeNumber) {
        guard var node = nodes[inode] else { return }
        node.opens -= 1
        put(node)
    }

    /// The inode by which the kernel knows a folder.
    func inode(of folder: FolderID) -> InodeNumber? { folders[folder] }

    /// The inodes that show a file or its views; looked through one by one, as it is rarely asked.
    func inodes(of object: ObjectID) -> [InodeNumber] {
        nodes.values.filter { $0.entry.file.id == object }.map(\.entry.inode)
    }

    private mutating func put(_ node: Node) {
        let isKept = node.lookups > 0 || node.opens > 0
        nodes[node.entry.inode] = isKept ? node : nil
        if node.entry.isFolder { folders[node.entry.folder] = isKept ? node.entry.inode : nil }
    }
}
