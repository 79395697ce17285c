import Basics
import Drive
import LivePhoto
import MetadataStore
import ReadPath
import VFS

/// A part of an ordinary object that is shown as a file of its own. A class, so that the entries of listings, which
/// have none, are hardly larger for it.
final class ArchiveSlice: Sendable {
    /// The whole object.
    let source: ContentSource
    let range: ByteRange
    /// The inode of the object itself, which its folder's listing has.
    let photo: InodeNumber

    init(source: ContentSource, range: ByteRange, photo: InodeNumber) {
        self.source = source
        self.range = range
        self.photo = photo
    }
}

/// An open view of an ordinary `.livp` file (semantics 8): a slice of the object's bytes.
struct StoredArchiveView: OpenFile {
    let inode: InodeNumber
    private let range: ByteRange
    private let content: OpenContent

    init(_ inode: InodeNumber, _ slice: ArchiveSlice, _ reader: ContentReader) {
        self.inode = inode
        range = slice.range
        content = reader.open(slice.source)
    }

    func read(at offset: Int64, into buffer: ReadBuffer, until deadline: Moment) async throws(FSError) -> Int {
        guard offset < range.count else { return 0 }
        let part = buffer.part(from: 0, count: Int(min(Int64(buffer.count), range.count - offset)))
        do throws(ReadError) {
            return try await content.read(at: range.lower + offset, into: ReadTarget(part.bytes), until: deadline)
        } catch {
            throw FSError(error)
        }
    }

    func close() { content.close() }
}

extension RemoteFS {
    /// What `name` shows where `folder` has no entry of it: a part of the ordinary `.livp` file beside it.
    func storedArchiveView(
        named name: FileName, in parent: InodeNumber, of folder: FolderID, until deadline: Moment
    ) async throws(FSError) -> ListedEntry? {
        guard let (stream, names) = StoredLivePhotoNames.photos(of: name, mode: configuration.livePhotos) else {
            return nil
        }
        for photoName in names {
            let photo = try await checkingFolder(parent) { (_) async throws(FSError) in
                try await directories.entry(named: photoName, in: folder, until: deadline).entry
            }
            guard let photo, photo.mayBeStoredArchive else { continue }
            do {
                let parts = try await storedArchives.parts(of: photo, until: deadline)
                if let part = parts.first(where: { $0.stream == stream }) {
                    return ListedEntry(part, of: photo, named: name)
                }
            } catch {
                // The photo is gone or another one: the next look finds what is there now.
                if error == .stale { directories.invalidate(folder) }
                throw error
            }
        }
        return nil
    }
}

extension ListedEntry {
    /// An ordinary file that can be looked into for the parts of a live photo.
    fileprivate var mayBeStoredArchive: Bool {
        !isFolder && view == .object && file.streams.isEmpty && !file.isWithheld && size <= StoredLivePhoto.sizeMax
    }

    fileprivate convenience init(_ part: NumberedPart, of photo: ListedEntry, named name: FileName) {
        let source = ContentSource(object: photo.file.id, size: photo.size, contentHash: photo.file.contentHash)
        self.init(
            name, view: .stream(part.stream), of: photo, inode: part.inode,
            ArchiveSlice(source: source, range: part.range, photo: photo.inode))
    }

    private convenience init(
        _ name: FileName, view: NodeKey.View, of photo: ListedEntry, inode: InodeNumber, _ slice: ArchiveSlice
    ) {
        var file = photo.file
        // It is that of the whole.
        file.contentHash = nil
        let named = NamedFile(name: name, key: NodeKey(file.id, view: view), file: file, size: slice.range.count)
        self.init(named, inode: inode, slice: slice)
    }

    /// The inode by which the listing of the folder knows what this shows.
    var listedInode: InodeNumber { slice?.photo ?? inode }

    /// The same view of what the listing has now.
    func renewed(by listed: ListedEntry) -> ListedEntry {
        guard let slice else { return listed }
        return ListedEntry(name, view: view, of: listed, inode: inode, slice)
    }
}

extension ListingDifference {
    /// With the names by which parts of the photos in it may have been looked up: no listing shows those.
    func withStoredViews(_ mode: LivePhotoMode) -> ListingDifference {
        var all = self
        all.names += names.flatMap { StoredLivePhotoNames.views(of: $0, mode: mode) }
        return all
    }
}
