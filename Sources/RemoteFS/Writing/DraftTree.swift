import Basics
import Drive
import Logging
import MetadataStore
import Synchronization
import VFS
import WritePath

/// Shows drafts as part of the tree: for each row of the journal what is to be seen because of it, and what is not.
final class DraftTree: DraftObserver {
    /// What one draft does to the tree.
    private struct Mark {
        /// Where it is shown.
        var folder: FolderID?
        var entry: ListedEntry?
        /// What it hides, by folder; also what it hid and what is gone by now.
        var hidden: Set<HiddenObject> = []
    }

    private struct HiddenObject: Hashable {
        var folder: FolderID
        var object: ObjectID
    }

    private let directories: DirectoryCache
    private let inodes: Inodes
    private let overlay: LocalOverlay
    private let time: any TimeSource
    private let marks = Mutex<[DraftID: Mark]>([:])
    /// What the drive said of files that are being moved.
    private let known = Mutex<[UInt64: ListedEntry]>([:])

    init(directories: DirectoryCache, inodes: Inodes, overlay: LocalOverlay, time: any TimeSource) {
        self.directories = directories
        self.inodes = inodes
        self.overlay = overlay
        self.time = time
    }

    /// `inode` is about to be moved or changed; its row holds less than the drive said.
    func remember(_ entry: ListedEntry) { known.withLock { $0[entry.inode.rawValue] = entry } }

    func updated(_ record: DraftRecord) {
        let entry = record.isRemoved ? nil : entry(of: record)
        let folder = FolderID.object(record.place.folder)
        var hidden = hides(of: record)
        if entry == nil, record.content == nil, !record.isRemoved {
            // A move of an earlier run: until it is finished the object is seen where the listing has it.
            hidden = hidden.filter { $0.object != record.object?.id }
        }
        let old = marks.withLock { marks in
            let old = marks[record.id]
            let all = (old?.hidden ?? []).union(hidden)
            marks[record.id] = Mark(folder: folder, entry: entry, hidden: all)
            return old
        }
        if let before = old?.entry, let from = old?.folder, before.name != entry?.name || from != folder {
            directories.edit(from) { $0.unshow(before.name, before.inode) }
        }
        if old == nil, let object = record.object, object.place != record.place || entry == nil {
            // It may be known by its old name from an upload or a rename that ended a moment ago.
            let name = known.withLock { $0[record.inode] }?.name ?? NameEncoding.shown(object.place.name)
            directories.edit(.object(object.place.folder)) { $0.unshow(name, InodeNumber(record.inode)) }
        }
        for item in hidden.subtracting(old?.hidden ?? []) {
            let isMoved = record.content == nil && !record.isRemoved && item.object == record.object?.id
            directories.edit(item.folder) { $0.hide(item.object, settled: nil, isKept: isMoved) }
        }
        if let entry {
            let isOther = old?.entry.map { $0.name != entry.name || $0.file != entry.file } ?? true
            if isOther || old?.folder != folder { directories.edit(folder) { $0.show(entry) } }
            inodes.update(entry, in: folder)
        }
    }

    func ending(_ draft: Draft, _ record: DraftRecord, _ file: DriveFile?) -> JournalChange {
        let inode = InodeNumber(record.inode)
        var change = JournalChange()
        // What moved is gone from where it was.
        let here = FolderID.object(record.place.folder)
        let lost = file == nil && !record.isRemoved ? known.withLock { $0[record.inode]?.file.id } : nil
        let gone = marks.withLock { $0[record.id]?.hidden ?? [] }.filter { item in
            if file == nil, !record.isRemoved { return item.object == lost }
            return item.object != file?.id || item.folder != here
        }
        for (folder, items) in Dictionary(grouping: gone, by: \.folder) {
            guard case .object(let object) = folder else { continue }
            change.listings.append(ListingEdit(folder: object, removed: items.map(\.object.file)))
        }
        guard let file, !record.isRemoved else {
            overlay.forget(inode)
            change.attributes = overlay.rows([inode])
            if record.content != nil { change.bindings = [InodeBinding(inode: inode.rawValue, key: nil)] }
            return change
        }
        if let from = record.upload?.place.folder, record.content == nil, from != record.place.folder {
            change.listings.append(ListingEdit(folder: from, removed: [file.id.file]))
        }
        change.listings.append(ListingEdit(folder: record.place.folder, put: [placed(file, record)]))
        if record.content != nil {
            let modified = draft.modified
            overlay.change(inode) { row in
                row.modified = modified
                row.changed = row.changed ?? modified
            }
            change.attributes = overlay.rows([inode])
            change.bindings = [InodeBinding(inode: inode.rawValue, key: NodeKey(file.id))]
        }
        return change
    }

    func ended(_ record: DraftRecord, _ file: DriveFile?) {
        let mark = marks.withLock { $0.removeValue(forKey: record.id) }
        let remembered = known.withLock { $0.removeValue(forKey: record.inode) }
        guard let mark else { return }
        // Gone by somebody else's hand; what it was to replace stays then.
        let lost = record.object == nil ? remembered?.file.id : nil
        let now = time.now()
        let stays = record.isRemoved ? nil : file.map { placed($0, record) }
        for item in mark.hidden {
            let isBack = !record.isRemoved && file == nil && item.object != lost
            directories.edit(item.folder) { edits in
                if isBack { edits.unhide(item.object) } else { edits.hide(item.object, settled: now) }
            }
        }
        guard let folder = mark.folder, let entry = mark.entry else {
            // The move of an earlier run: both folders are for a listing to show.
            if stays != nil, let from = record.upload?.place.folder {
                for folder in [from, record.place.folder] { directories.invalidate(.object(folder)) }
            }
            return
        }
        guard let stays else {
            directories.edit(folder) { $0.unshow(entry.name, entry.inode) }
            return
        }
        if entry.view != .object {
            // The other views of the photo are for a listing to show.
            directories.edit(folder) { edits in
                edits.unshow(entry.name, entry.inode)
                edits.unhide(stays.id)
            }
            directories.invalidate(folder)
            return
        }
        let settled = entry.standing(for: stays)
        directories.edit(folder) { edits in
            edits.unhide(stays.id)
            edits.show(settled, settled: now)
        }
        inodes.update(settled, in: folder)
    }

    /// As it is now, whatever its name was when the answer was made.
    private func placed(_ file: DriveFile, _ record: DraftRecord) -> DriveFile {
        var file = file
        file.name = record.place.name
        file.parent = record.place.folder.file
        return file
    }

    /// What is shown for a row; `nil` for the move of an earlier run, of which too little is known.
    private func entry(of record: DraftRecord) -> ListedEntry? {
        let inode = InodeNumber(record.inode)
        let remembered = known.withLock { $0[record.inode] }
        if record.content == nil, remembered == nil { return nil }
        let view = remembered?.view ?? .object
        let id = record.object?.id ?? ObjectID(drive: record.place.folder.drive, file: .local(record.id))
        var file =
            remembered?.file
            ?? DriveFile(
                id: id, parent: record.place.folder.file, name: record.place.name, kind: .file,
                size: record.content?.size ?? 0, createdAt: record.content?.modified)
        file.id = id
        file.name = record.place.name
        file.parent = record.place.folder.file
        let shown = shownName(of: record, remembered, id)
        if let remembered, view != .object {
            return ListedEntry(
                name: shown.withSuffix(of: remembered.name), inode: inode, view: view, file: file,
                size: remembered.size)
        }
        return ListedEntry(name: shown, inode: inode, view: view, file: file, size: file.size)
    }

    /// As the listing has it where it lies there under its name; one of several of one name keeps its mark.
    private func shownName(of record: DraftRecord, _ remembered: ListedEntry?, _ id: ObjectID) -> FileName {
        let place = record.place
        if let remembered, remembered.view == .object, remembered.file.name == place.name,
            remembered.file.parent == place.folder.file
        {
            return remembered.name
        }
        let shown = NameEncoding.shown(place.name)
        return shown.bytes.count <= NameEncoding.lengthMax ? shown : NameAssigner.marked(shown, id.file)
    }

    private func hides(of record: DraftRecord) -> Set<HiddenObject> {
        let drive = record.place.folder.drive
        var hidden = Set(
            record.replaced.map {
                HiddenObject(folder: .object(ObjectID(drive: drive, file: $0.folder)), object: $0.object)
            })
        if let object = record.object {
            hidden.insert(HiddenObject(folder: .object(object.place.folder), object: object.id))
        }
        if let upload = record.upload {
            let folder = FolderID.object(upload.place.folder)
            for object in [upload.session?.object, upload.result].compactMap({ $0 }) + record.litter {
                hidden.insert(HiddenObject(folder: folder, object: object))
            }
        }
        return hidden
    }
}

extension FileName {
    /// This name with its extension replaced by that of `other`.
    fileprivate func withSuffix(of other: FileName) -> FileName {
        let dot = UInt8(ascii: ".")
        guard let mine = bytes.lastIndex(of: dot), let theirs = other.bytes.lastIndex(of: dot) else { return self }
        return FileName(bytes: bytes[..<mine] + other.bytes[theirs...])
    }
}

extension ListedEntry {
    /// The same entry with what the drive has for it now.
    func standing(for file: DriveFile) -> ListedEntry {
        ListedEntry(name: name, inode: inode, view: view, file: file, size: isFolder ? 0 : file.size)
    }
}
