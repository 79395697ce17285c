import Basics
import Drive
import MetadataStore
import Synchronization
import VFS

/// Which folder a listing is of.
enum FolderID: Hashable, Sendable {
    /// The top folder of `--drive all`: one entry for each drive.
    case top
    case object(ObjectID)
}

/// One entry of a folder as this mount shows it. Shared by listings, the inode table and handles, hence a class.
final class ListedEntry: Sendable {
    let name: FileName
    let inode: InodeNumber
    let view: NodeKey.View
    let file: DriveFile
    /// Exact readable length in bytes.
    let size: Int64
    /// Set for a view of an ordinary `.livp` file, which no listing has.
    let slice: ArchiveSlice?
    /// Rises with each entry made: of two for one inode the later one knows more.
    let serial = ListedEntry.made.add(1, ordering: .relaxed).newValue
    private static let made = Atomic<UInt64>(0)

    init(_ named: NamedFile, inode: InodeNumber, slice: ArchiveSlice? = nil) {
        name = named.name
        view = named.key.view
        file = named.file
        size = named.size
        self.inode = inode
        self.slice = slice
    }

    init(name: FileName, inode: InodeNumber, view: NodeKey.View, file: DriveFile, size: Int64) {
        self.name = name
        self.inode = inode
        self.view = view
        self.file = file
        self.size = size
        slice = nil
    }

    /// The same under another name.
    func renamed(_ name: FileName) -> ListedEntry {
        ListedEntry(name: name, inode: inode, view: view, file: file, size: size)
    }

    var isFolder: Bool { file.kind == .folder }
    var folder: FolderID { .object(file.id) }

    /// Whether the kernel would be told the same of both.
    func showsTheSame(as other: ListedEntry) -> Bool {
        inode == other.inode && size == other.size && file == other.file
    }
}

/// A whole listing of one folder, never changed after it was made.
final class Listing: Sendable {
    let entries: [ListedEntry]
    private let byName: [FileName: Int32]
    private let byInode: [InodeNumber: Int32]

    init(_ entries: [ListedEntry]) {
        self.entries = entries
        byName = Dictionary(entries.enumerated().map { ($1.name, Int32($0)) }) { first, _ in first }
        byInode = Dictionary(entries.enumerated().map { ($1.inode, Int32($0)) }) { first, _ in first }
    }

    func entry(named name: FileName) -> ListedEntry? { byName[name].map { entries[Int($0)] } }
    func entry(_ inode: InodeNumber) -> ListedEntry? { byInode[inode].map { entries[Int($0)] } }
}

/// What the kernel has to be told when one listing takes another's place.
struct ListingDifference: Equatable {
    /// Names that mean something else now, or nothing.
    var names: [FileName] = []
    /// Inodes whose attributes are others now.
    var inodes: [InodeNumber] = []
    var isEmpty: Bool { names.isEmpty && inodes.isEmpty }

    init(from old: Listing, to new: Listing) {
        for before in old.entries {
            guard let after = new.entry(named: before.name), after.inode == before.inode else {
                names.append(before.name)
                continue
            }
            if !before.showsTheSame(as: after) { inodes.append(before.inode) }
        }
        // The kernel may have been told that a new name does not exist.
        for after in new.entries where old.entry(named: after.name) == nil { names.append(after.name) }
    }
}
