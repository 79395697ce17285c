import Basics
import Drive
import Logging
import MetadataStore
import Synchronization
import VFS

/// The listings of all folders, in memory before the database before the drive.
///
/// One lock guards the states of all folders; it is never held over a wait. Listings come in whole, and a listing
/// that was asked for before something newer became known is thrown away (`FolderState.epoch`).
final class DirectoryCache: Sendable {
    /// Where to read a folder's entries from.
    enum Source: Sendable {
        case whole(Listing, freshUntil: Moment)
        /// Still coming; `fallback` is what was known before, for when the drive cannot be reached.
        case growing(ListingLoad, fallback: Listing?)
    }

    struct Statistics: Hashable, Sendable {
        var listings = 0
        var entries = 0
        var loading = 0
    }

    private let loader: ListingLoader
    private let time: any TimeSource
    private let log: Logger
    private let tasks: TaskRegistry
    private let lifetime: Duration
    private let entriesMax: Int
    private let states = Mutex<[FolderID: FolderState]>([:])
    private let onReplaced: @Sendable (FolderID, ListingDifference) -> Void

    /// - Parameters:
    ///   - lifetime: for how long a listing is believed without asking (`--dir-cache-time`).
    ///   - entriesMax: how many entries of all listings together stay in memory.
    ///   - onReplaced: told what changed when a listing takes another's place.
    init(
        loader: ListingLoader, time: any TimeSource, log: Logger, tasks: TaskRegistry,
        lifetime: Duration, entriesMax: Int, onReplaced: @escaping @Sendable (FolderID, ListingDifference) -> Void
    ) {
        self.loader = loader
        self.time = time
        self.log = log
        self.tasks = tasks
        self.lifetime = lifetime
        self.entriesMax = entriesMax
        self.onReplaced = onReplaced
    }

    /// How long the kernel may believe what comes out of a listing that is not proved yet.
    static let unprovedLifetime = Duration.seconds(1)
    /// After a failure nobody asks the drive for the same folder before this has passed.
    private static let failurePause = Duration.seconds(2)

    /// The best source for `folder`'s entries now, having asked the drive where that is due. Suspends only for the
    /// database, and not at all when the listing is in memory.
    ///
    /// What is known here is laid over a whole listing; while there is any, nobody reads a listing that still comes.
    func source(of folder: FolderID, until deadline: Moment) async throws(FSError) -> Source {
        let source = try await listed(folder, until: deadline)
        if update(folder, { $0.edits.isEmpty }) { return source }
        switch source {
        case .whole(let listing, let freshUntil):
            return .whole(update(folder) { $0.merged(listing) }, freshUntil: freshUntil)
        case .growing(let load, let fallback):
            do {
                try await load.whole(until: deadline)
                let listing = Listing(try await load.entries(from: 0, until: deadline).map { $0 })
                return .whole(update(folder) { $0.merged(listing) }, freshUntil: believed(load))
            } catch {
                guard let fallback, error.leavesOldAnswersValid else { throw error }
                return .whole(update(folder) { $0.merged(fallback) }, freshUntil: time.now() + Self.unprovedLifetime)
            }
        }
    }

    /// The same without what is known here.
    private func listed(_ folder: FolderID, until deadline: Moment) async throws(FSError) -> Source {
        while true {
            switch update(folder, { $0.wanted(time) }) {
            case .serve(let listing, let freshUntil):
                return .whole(listing, freshUntil: max(freshUntil, time.now() + Self.unprovedLifetime))
            case .serveAndRevalidate(let listing, let load):
                start(load, of: folder, previous: listing)
                return .whole(listing, freshUntil: time.now() + Self.unprovedLifetime)
            case .load(let load, let fallback):
                start(load, of: folder, previous: fallback)
                return .growing(load, fallback: fallback)
            case .join(let load, let fallback): return .growing(load, fallback: fallback)
            case .restore: startRestore(of: folder)
            case .joinRestore(let flight):
                do {
                    try await flight.value(until: deadline)
                } catch {
                    throw FSError(error)
                }
            case .fail(.gone): throw .noSuchEntry
            case .fail(.failed(let error)): throw error
            }
        }
    }

    /// The entry of `name` in `folder`, and up to when that answer is believed.
    func entry(
        named name: FileName, in folder: FolderID, until deadline: Moment
    ) async throws(FSError) -> (entry: ListedEntry?, freshUntil: Moment) {
        let (now, lifetime) = (time.now(), lifetime)
        if let known = update(folder, { $0.edits.believed(named: name, at: now, for: lifetime) }) { return known }
        let found: (entry: ListedEntry?, freshUntil: Moment)
        do {
            found = try await listedEntry(named: name, in: folder, until: deadline)
        } catch {
            guard error.leavesOldAnswersValid, let entry = update(folder, { $0.edits.entry(named: name) }) else {
                throw error
            }
            return (entry, time.now() + Self.unprovedLifetime)
        }
        let answer = update(folder) { state -> ListedEntry? in
            if let entry = state.edits.entry(named: name) { return entry }
            guard let entry = found.entry else { return nil }
            return state.edits.shows(entry) ? entry : nil
        }
        if answer != nil || !name.bytes.contains(UInt8(ascii: "~")) || update(folder, { $0.edits.isEmpty }) {
            return (answer, found.freshUntil)
        }
        // It may be a listed object whose own name a local one has.
        guard case .whole(let listing, let freshUntil) = try await source(of: folder, until: deadline) else {
            return (nil, found.freshUntil)
        }
        return (listing.entry(named: name), freshUntil)
    }

    private func listedEntry(
        named name: FileName, in folder: FolderID, until deadline: Moment
    ) async throws(FSError) -> (entry: ListedEntry?, freshUntil: Moment) {
        switch try await listed(folder, until: deadline) {
        case .whole(let listing, let freshUntil): return (listing.entry(named: name), freshUntil)
        case .growing(let load, let fallback):
            do {
                return (try await load.entry(named: name, until: deadline), believed(load))
            } catch {
                guard let fallback, error.leavesOldAnswersValid else { throw error }
                return (fallback.entry(named: name), time.now() + Self.unprovedLifetime)
            }
        }
    }

    /// The entry that shows `inode` in `folder`, and up to when that answer is believed.
    func entry(
        of inode: InodeNumber, in folder: FolderID, until deadline: Moment
    ) async throws(FSError) -> (entry: ListedEntry?, freshUntil: Moment) {
        let (now, lifetime) = (time.now(), lifetime)
        if let known = update(folder, { $0.edits.believed(inode, at: now, for: lifetime) }) { return known }
        let found: (entry: ListedEntry?, freshUntil: Moment)
        do {
            found = try await listedEntry(of: inode, in: folder, until: deadline)
        } catch {
            guard error.leavesOldAnswersValid, let entry = ownEntry(inode, in: folder) else { throw error }
            return (entry, time.now() + Self.unprovedLifetime)
        }
        if let entry = ownEntry(inode, in: folder) { return (entry, found.freshUntil) }
        let isShown = found.entry.map { self.isShown($0, in: folder) } ?? false
        return (isShown ? found.entry : nil, found.freshUntil)
    }

    private func listedEntry(
        of inode: InodeNumber, in folder: FolderID, until deadline: Moment
    ) async throws(FSError) -> (entry: ListedEntry?, freshUntil: Moment) {
        switch try await listed(folder, until: deadline) {
        case .whole(let listing, let freshUntil): return (listing.entry(inode), freshUntil)
        case .growing(let load, let fallback):
            do {
                return (try await load.entry(inode, until: deadline), believed(load))
            } catch {
                guard let fallback, error.leavesOldAnswersValid else { throw error }
                return (fallback.entry(inode), time.now() + Self.unprovedLifetime)
            }
        }
    }

    /// Up to when what a growing listing shows is believed: it is as old as its question.
    func believed(_ load: ListingLoad) -> Moment { max(load.asked + lifetime, time.now() + Self.unprovedLifetime) }

    /// What is cached of `folder` is known to be out of date.
    func invalidate(_ folder: FolderID) { update(folder) { $0.invalidate() } }

    /// The last listing of `folder`, from memory or the database, however old; the drive is not asked.
    func known(_ folder: FolderID) async -> Listing? {
        if let listing = update(folder, { $0.listing }) { return listing }
        do {
            return try await loader.restore(folder)
        } catch {
            log.error("a cached listing cannot be read: \(error)")
            return nil
        }
    }

    // What is known here.

    /// Changes what is known of `folder` here.
    func edit(_ folder: FolderID, _ change: (inout FolderEdits) -> Void) { update(folder) { change(&$0.edits) } }

    /// Entries that are known here and not from a listing.
    func ownEntries(of folder: FolderID) -> [ListedEntry] { update(folder) { $0.edits.entries } }
    func ownEntry(_ inode: InodeNumber, in folder: FolderID) -> ListedEntry? {
        update(folder) { $0.edits.entry(inode) }
    }
    func isShown(_ entry: ListedEntry, in folder: FolderID) -> Bool { update(folder) { $0.edits.shows(entry) } }

    /// A folder made a moment ago is known to be empty.
    func made(_ folder: FolderID) { update(folder) { $0.made(freshUntil: time.now() + lifetime) } }

    var statistics: Statistics {
        states.withLock { states in
            states.values.reduce(into: Statistics()) { sum, state in
                sum.listings += state.listing == nil ? 0 : 1
                sum.entries += state.listing?.entries.count ?? 0
                sum.loading += state.load == nil ? 0 : 1
            }
        }
    }

    private func update<T>(_ folder: FolderID, _ body: (inout FolderState) -> sending T) -> sending T {
        states.withLock { body(&$0[folder, default: FolderState()]) }
    }

    private func startRestore(of folder: FolderID) {
        tasks.spawn { [self] in
            var stored: Listing?
            do {
                stored = try await loader.restore(folder)
            } catch {
                log.error("a cached listing cannot be read: \(error)")
            }
            update(folder) { $0.restored(stored) }?.complete(.success(()))
        }
    }

    private func start(_ load: ListingLoad, of folder: FolderID, previous: Listing?) {
        tasks.spawn { [self] in
            do throws(ListingFailure) {
                let entries = try await loader.load(folder, into: load, previous: previous)
                let isInstalled = install(entries, load, of: folder)
                load.finish(.success(()))
                if isInstalled {
                    await loader.save(entries, of: folder) { [self] files in
                        update(folder) { $0.isLast(load) ? $0.edits.settled(files) : nil }
                    }
                }
            } catch {
                update(folder) { $0.loadFailed(load, error, until: time.now() + Self.failurePause) }
                load.finish(.failure(error))
                if error == .gone { await loader.forget(folder) }
            }
        }
    }

    private func install(_ entries: [ListedEntry], _ load: ListingLoad, of folder: FolderID) -> Bool {
        let listing = Listing(entries)
        // A huge folder takes longer than a listing is believed; it is believed as long again as it took, or every
        // look at it would list it anew.
        let now = time.now()
        let freshUntil = max(load.asked + lifetime, now + (now - load.asked))
        let outcome = update(folder) { $0.loadFinished(load, listing, freshUntil: freshUntil) }
        guard outcome.installed else { return false }
        if let (before, now) = outcome.seen {
            let difference = ListingDifference(from: before, to: now)
            if !difference.isEmpty { onReplaced(folder, difference) }
        }
        makeRoom()
        return true
    }

    /// Drops the listings used longest ago while too many entries are in memory; never one that was in use a moment
    /// ago, however large it is. The drive's own limit keeps those few.
    private func makeRoom() {
        let now = time.now()
        states.withLock { states in
            var total = states.values.reduce(0) { $0 + ($1.listing?.entries.count ?? 0) }
            guard total > entriesMax else { return }
            let byUse = states.filter { $0.value.listing != nil }.sorted { $0.value.lastUse < $1.value.lastUse }
            for (folder, state) in byUse where total > entriesMax && now - state.lastUse > lifetime {
                total -= state.listing?.entries.count ?? 0
                states[folder]?.evict()
            }
        }
    }
}

extension FSError {
    /// Whether this failure says nothing about the folder, so that what was known before is the best answer.
    var leavesOldAnswersValid: Bool {
        switch self {
        case .unreachable, .timedOut, .inputOutput, .loginNeeded, .accessDenied: true
        case .noSuchEntry, .notADirectory, .isADirectory, .nameTooLong, .invalidArgument, .readOnly,
            .permissionDenied, .noSuchAttribute, .bufferTooSmall, .badHandle, .stale, .interrupted,
            .tooManyOpenFiles, .notSupported, .alreadyExists, .notEmpty, .busy, .noSpace, .quotaExceeded, .fileTooLarge,
            .crossDevice, .noData:
            false
        }
    }
}
