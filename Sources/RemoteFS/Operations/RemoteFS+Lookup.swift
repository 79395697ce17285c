import Basics
import VFS

extension RemoteFS {
    public func lookup(_ name: FileName, in parent: InodeNumber) async throws(FSError) -> LookupReply {
        guard name.bytes.count <= NameLimits.bytesMax else { throw .nameTooLong }
        let (folder, latest) = (try inodes.folder(parent), deadline)
        let (listed, freshUntil) = try await checkingFolder(parent) { (deadline) async throws(FSError) in
            try await directories.entry(named: name, in: folder, until: deadline)
        }
        var entry = listed
        if entry == nil { entry = try await storedArchiveView(named: name, in: parent, of: folder, until: latest) }
        guard let entry else { return .absent(validFor: remaining(until: freshUntil)) }
        credit(entry, parent: parent, folder: folder)
        return .found(self.entry(of: entry, freshUntil: freshUntil))
    }

    /// The kernel is told of `entry`. What became of it between the look and now counts all the same.
    func credit(_ entry: ListedEntry, parent: InodeNumber, folder: FolderID) {
        inodes.credit(entry, parent: parent, folder: folder)
        if let now = directories.ownEntry(entry.inode, in: folder), now !== entry { inodes.update(now, in: folder) }
    }

    public func forget(_ inode: InodeNumber, lookups: UInt64) {
        inodes.forget(inode, lookups: lookups)
    }

    /// Runs `body` on the folder behind `inode`; when the drive says that it is gone, the folder above is listed anew
    /// at the next look.
    func checkingFolder<T>(
        _ inode: InodeNumber, _ body: (Moment) async throws(FSError) -> T
    ) async throws(FSError) -> T {
        do {
            return try await body(deadline)
        } catch {
            if error == .noSuchEntry { vanished(inode) }
            throw error
        }
    }

    /// What the kernel is told of an entry. The caller credits it.
    func entry(of entry: ListedEntry, freshUntil: Moment) -> Entry {
        let validFor = remaining(until: freshUntil)
        return Entry(
            attributes: attributes(of: entry), generation: generation, entryValidFor: validFor,
            attributesValidFor: validFor)
    }

    func remaining(until moment: Moment) -> Duration { max(.zero, moment - time.now()) }
}

enum NameLimits {
    /// Of one name on Linux.
    static let bytesMax = 255
}
