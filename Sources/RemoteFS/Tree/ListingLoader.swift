import Basics
import Drive
import LivePhoto
import Logging
import MetadataStore
import VFS
import WritePath

/// Brings listings from the drive and from the database into the shape in which they are shown.
struct ListingLoader: Sendable {
    let drive: any Drive
    let store: any MetadataStore
    let writing: WriteBack
    let time: any TimeSource
    let log: Logger
    let mode: LivePhotoMode
    /// The entries of `FolderID.top`.
    let drives: [DriveFile]
    /// A listing may hold no more objects than this; what a memory can bear.
    var filesMax = 4_000_000

    /// Asks the drive for the whole of `folder`, page by page into `load`; returns its entries.
    ///
    /// - Parameter previous: what was known before; its live photos need not be asked for again.
    func load(
        _ folder: FolderID, into load: ListingLoad, previous: Listing?
    ) async throws(ListingFailure) -> [ListedEntry] {
        guard case .object(let object) = folder else { return try await loadTop(into: load) }
        var pass = Pass(names: NameAssigner(mode: mode))
        var marker: String?
        var restarts = 0
        while true {
            let page: ListPage
            do {
                page = try await drive.list(object, marker: marker, load.urgency)
            } catch .staleMarker where restarts < 3 {
                // The page before was turned over under our hands; what was shown of it stays shown.
                restarts += 1
                marker = nil
                pass.restart()
                continue
            } catch {
                throw ListingFailure(error, log: log)
            }
            let files = try await complete(pass.fresh(page.files, in: object), previous: previous, load.urgency)
            guard pass.known.count <= filesMax else {
                log.error("a folder holds more than \(filesMax) objects, which is more than this mount lists")
                throw .failed(.inputOutput)
            }
            try await show(files.flatMap { pass.names.add($0) }, in: load, &pass)
            if page.next == marker, marker != nil {
                log.error("the drive gives the same page of a listing again and again")
                throw .failed(.inputOutput)
            }
            marker = page.next
            if marker == nil { break }
        }
        try await show(pass.names.finish(), in: load, &pass)
        return pass.result
    }

    /// The listing of `folder` that the database has.
    func restore(_ folder: FolderID) async throws(StoreError) -> Listing? {
        guard case .object(let object) = folder, let stored = try await store.listing(of: object) else { return nil }
        var names = NameAssigner(mode: mode)
        // What was added after the listing came stands at its end; names are settled by neighbours.
        var groups: [FileName: [DriveFile]] = [:]
        for file in stored.files { groups[file.name, default: []].append(file) }
        let grouped = stored.files.flatMap { groups.removeValue(forKey: $0.name) ?? [] }
        let named = grouped.flatMap { names.add($0) } + names.finish()
        return Listing(try await numbered(named))
    }

    /// Keeps a listing in the database. A failure costs only that it is asked for again after a restart.
    ///
    /// - Parameter settle: what is known here by now, laid over what the drive said; `nil` when the listing does not
    ///   count any more.
    func save(_ entries: [ListedEntry], of folder: FolderID, _ settle: ([DriveFile]) -> [DriveFile]?) async {
        guard case .object(let object) = folder else { return }
        var files: [DriveFile] = []
        files.reserveCapacity(entries.count)
        // Views of one photo stand beside each other and share their object.
        for entry in entries where files.last?.id != entry.file.id { files.append(entry.file) }
        do {
            try await writing.keep(listingOf: object) {
                settle(files).map { StoredListing(files: $0, listedAt: time.wallTime()) }
            }
        } catch {
            log.error("a listing cannot be kept: \(error)")
        }
    }

    /// Drops what the database has of a folder that is gone.
    func forget(_ folder: FolderID) async {
        guard case .object(let object) = folder else { return }
        do {
            try await store.save(nil, of: object)
        } catch {
            log.error("a listing cannot be forgotten: \(error)")
        }
    }

    private func loadTop(into load: ListingLoad) async throws(ListingFailure) -> [ListedEntry] {
        let named = drives.map { NamedFile(name: $0.name, key: NodeKey($0.id), file: $0, size: 0) }
        let entries = try await storing { () throws(StoreError) in try await numbered(named) }
        load.append(entries)
        return entries
    }

    /// The files with the streams of their live photos, where the listing left them out.
    private func complete(
        _ files: [DriveFile], previous: Listing?, _ urgency: Urgency
    ) async throws(ListingFailure) -> [DriveFile] {
        var wanted = files.filter(LivePhotoViews.needsStreams).map(\.id)
        if wanted.isEmpty { return files }
        var streams: [ObjectID: [StreamInfo]] = [:]
        if let previous {
            let ids = Set(wanted)
            for entry in previous.entries where ids.contains(entry.file.id) {
                streams[entry.file.id] = entry.file.streams
            }
            wanted.removeAll { streams[$0] != nil }
        }
        while !wanted.isEmpty {
            let batch = Array(wanted.prefix(100))
            wanted.removeFirst(batch.count)
            do {
                for (id, file) in try await drive.files(batch, urgency) { streams[id] = file.streams }
            } catch {
                throw ListingFailure(error, log: log)
            }
        }
        return files.map { file in
            var file = file
            if let found = streams[file.id] { file.streams = found }
            return file
        }
    }

    private func show(_ named: [NamedFile], in load: ListingLoad, _ pass: inout Pass) async throws(ListingFailure) {
        if named.isEmpty { return }
        let entries = try await storing { () throws(StoreError) in try await numbered(named) }
        pass.entries += entries
        load.append(entries)
    }

    private func numbered(_ named: [NamedFile]) async throws(StoreError) -> [ListedEntry] {
        let numbers = try await store.inodeNumbers(for: named.map(\.key))
        return zip(named, numbers).map { ListedEntry($0, inode: InodeNumber($1)) }
    }

    private func storing<T>(_ body: () async throws(StoreError) -> T) async throws(ListingFailure) -> T {
        do {
            return try await body()
        } catch {
            log.error("inode numbers cannot be had: \(error)")
            throw .failed(.inputOutput)
        }
    }
}

/// One way through the pages of a listing.
private struct Pass {
    var names: NameAssigner
    var entries: [ListedEntry] = []
    /// Every object ever shown, over restarts.
    private(set) var known: Set<FileID> = []
    /// Those seen since the last start, where there was a restart.
    private var current: Set<FileID>?

    init(names: NameAssigner) { self.names = names }

    /// Those of `files` that belong into the listing and have not come yet: pages may repeat entries when the folder
    /// changes meanwhile, and may hold what is in the bin or not uploaded yet.
    mutating func fresh(_ files: [DriveFile], in folder: ObjectID) -> [DriveFile] {
        files.compactMap { file in
            guard !file.isTrashed, file.isAvailable else { return nil }
            if current != nil { current?.insert(file.id.file) }
            guard known.insert(file.id.file).inserted else { return nil }
            var file = file
            // One string for all entries instead of one each.
            file.id = ObjectID(drive: folder.drive, file: file.id.file)
            file.parent = folder.file
            return file
        }
    }

    mutating func restart() { current = [] }

    var result: [ListedEntry] {
        guard let current else { return entries }
        return entries.filter { current.contains($0.file.id.file) }
    }
}
