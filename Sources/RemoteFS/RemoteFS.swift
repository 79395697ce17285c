import Basics
import Drive
import LivePhoto
import Logging
import MetadataStore
import ReadPath
import VFS
import WritePath

/// One drive of several that are mounted together.
public struct NamedDrive: Hashable, Sendable {
    public var name: FileName
    public var drive: DriveID

    public init(name: FileName, drive: DriveID) {
        self.name = name
        self.drive = drive
    }
}

/// What of the drive is mounted.
public enum MountRoot: Hashable, Sendable {
    case folder(ObjectID)
    /// A top folder for each drive.
    case drives([NamedDrive])
}

public struct RemoteFSConfiguration: Sendable {
    public var root: MountRoot
    public var livePhotos: LivePhotoMode
    /// For how long a listing is believed without asking the drive (`--dir-cache-time`).
    public var directoryLifetime: Duration
    /// The longest that one operation may take before it fails (`--timeout`).
    public var timeout: Duration
    public var userID: UInt32
    public var groupID: UInt32
    /// Permission bits of files and folders, the umask taken off.
    public var filePermissions: UInt32
    public var directoryPermissions: UInt32
    /// How many entries of cached listings stay in memory; the database has all.
    public var cachedEntriesMax = 1_000_000
    public var openFilesMax = 65_536
    /// Who may ask something of the mount beside root (`MountRequest`): the user who mounted.
    public var ownerID: UInt32
    /// Nothing may be changed (`--read-only`).
    public var isReadOnly = false
    /// A close waits for the drive (`--write-through`).
    public var isWriteThrough = false
    /// Modes, owners and attributes of users cannot be set (`--no-overlay`).
    public var hasNoOverlay = false
    /// Where removed objects go (`--remove`).
    public var removal = Removal.trash

    public init(
        root: MountRoot, livePhotos: LivePhotoMode = .jpeg, directoryLifetime: Duration = .seconds(60),
        timeout: Duration = .seconds(60), userID: UInt32, groupID: UInt32, filePermissions: UInt32 = 0o644,
        directoryPermissions: UInt32 = 0o755
    ) {
        self.root = root
        self.livePhotos = livePhotos
        self.directoryLifetime = directoryLifetime
        self.timeout = timeout
        self.userID = userID
        ownerID = userID
        self.groupID = groupID
        self.filePermissions = filePermissions
        self.directoryPermissions = directoryPermissions
    }
}

/// What the filesystem holds right now, for `status` and for tests.
public struct RemoteFSStatistics: Hashable, Sendable {
    /// Listings in memory, and the entries of all of them.
    public var listings: Int
    public var entries: Int
    /// Folders being listed.
    public var loading: Int
    /// Credits that the kernel holds, the root's apart.
    public var lookups: UInt64
    public var openFiles: Int
    /// Changes that are not finished on the drive.
    public var unfinished: Int
}

/// The filesystem over the drive: joins inode table, listings and reads. Each family of operations has a file of its
/// own. Everything here may be called from any thread.
public final class RemoteFS: FileSystem {
    let configuration: RemoteFSConfiguration
    let time: any TimeSource
    let log: Logger
    let directories: DirectoryCache
    /// For its statistics.
    public let reader: ContentReader
    let space: SpaceCache
    let drive: any WritableDrive
    let store: any MetadataStore & JournalStore
    /// What is unfinished; for `status`, `sync` and `uploads` too.
    public let writing: WriteBack
    let overlay = LocalOverlay()
    let drafts: DraftTree
    let storedArchives: StoredArchives
    let generation: UInt64
    let files: HandleTable<Handle>
    let openDirectories: HandleTable<OpenDirectory>
    /// Bytes of `user.aliyun.status`; the composition knows what belongs in it.
    let statusDocument: @Sendable () -> [UInt8]
    /// Answers what the commands ask, by the name of a hidden attribute (`RemoteFS+Requests`).
    let requestAnswer: RequestAnswer
    let folderPlaces: FolderPlaces
    let inodes: Inodes
    let tasks = TaskRegistry()
    /// The times of the root, which no listing shows.
    let startedAt: UnixTime

    public typealias RequestAnswer = @Sendable (FileName, InodeNumber) async throws(FSError) -> [UInt8]

    /// - Parameters:
    ///   - random: numbers from 0 up to 1, to spread retries.
    ///   - requestAnswer: answers what the commands ask of the mount; whoever may not ask was refused before.
    public init(
        drive: any WritableDrive, store: any MetadataStore & JournalStore, spool: Spool,
        configuration: RemoteFSConfiguration, reading: ReaderSettings = ReaderSettings(),
        writing writeSettings: WriteSettings = WriteSettings(), time: any TimeSource,
        random: @escaping @Sendable () -> Double, log: Logger, statusDocument: @escaping @Sendable () -> [UInt8],
        requestAnswer: @escaping RequestAnswer = { _, _ throws(FSError) in throw .noSuchAttribute }
    ) {
        self.configuration = configuration
        self.drive = drive
        self.store = store
        self.time = time
        self.log = log
        self.statusDocument = statusDocument
        self.requestAnswer = requestAnswer
        generation = store.generation
        startedAt = time.wallTime()
        files = HandleTable(countMax: configuration.openFilesMax)
        openDirectories = HandleTable(countMax: configuration.openFilesMax)
        space = SpaceCache(drive: drive, time: time, log: log, tasks: tasks)
        let inodes = Inodes(rootFolder: configuration.root.folder)
        self.inodes = inodes
        folderPlaces = FolderPlaces(inodes: inodes, store: store, drive: drive, log: log)
        reader = ContentReader(
            drive: drive, time: time, settings: reading, logger: log, jitter: random,
            onMismatch: { inodes.contentProvedWrong($0.object) })
        storedArchives = StoredArchives(
            reader: reader, store: store, mode: configuration.livePhotos, time: time, tasks: tasks,
            timeout: configuration.timeout, log: log)
        let mode = configuration.livePhotos
        writing = WriteBack(
            drive: drive, store: store, reader: reader, spool: spool, settings: writeSettings, time: time,
            random: random, log: log)
        let loader = ListingLoader(
            drive: drive, store: store, writing: writing, time: time, log: log, mode: configuration.livePhotos,
            drives: configuration.root.topEntries)
        directories = DirectoryCache(
            loader: loader, time: time, log: log, tasks: tasks, lifetime: configuration.directoryLifetime,
            entriesMax: configuration.cachedEntriesMax, onReplaced: { inodes.replaced($0, $1.withStoredViews(mode)) })
        drafts = DraftTree(directories: directories, inodes: inodes, overlay: overlay, time: time)
        writing.attach(drafts)
    }

    public func attach(_ kernel: any KernelNotifier) { inodes.attach(kernel) }

    /// Takes up what an earlier run left unfinished; before `prepare`, and before the first operation.
    public func recover() async throws(FSError) {
        do {
            overlay.load(try await store.localAttributes())
        } catch {
            log.error("local attributes cannot be read: \(error)")
            throw .inputOutput
        }
        do {
            _ = try await writing.recover()
        } catch {
            log.error("the journal cannot be read: \(error)")
            throw FSError(error)
        }
        let (space, writing) = (space, writing)
        writing.limit { space.glance().map { max(0, $0.total - $0.used) - writing.bytesQueued } }
        writing.start()
    }

    /// Returns once the first entries of the root folder are known, from the database or the drive.
    public func prepare() async throws(FSError) {
        let deadline = self.deadline
        switch try await directories.source(of: inodes.rootFolder, until: deadline) {
        case .whole: return
        case .growing(let load, let fallback):
            if fallback == nil { _ = try await load.entries(from: 0, until: deadline) }
        }
    }

    /// Ends all background work. No operation may be under way or come after.
    public func shutdown() async {
        await writing.shutdown()
        reader.shutDown()
        await tasks.close()
        for file in files.all { file.close() }
    }

    public var statistics: RemoteFSStatistics {
        let directories = directories.statistics
        return RemoteFSStatistics(
            listings: directories.listings, entries: directories.entries, loading: directories.loading,
            lookups: inodes.lookups, openFiles: files.count,
            unfinished: writing.drafts.count)
    }

    /// When an operation that starts now must have ended.
    var deadline: Moment { time.now() + configuration.timeout }

    /// The drive says that the object behind `inode` is gone: its folder is listed anew at the next look.
    func vanished(_ inode: InodeNumber) {
        guard let folder = inodes.vanished(inode) else { return }
        directories.edit(folder) { $0.vanished(inode) }
        directories.invalidate(folder)
    }
}

extension MountRoot {
    fileprivate var folder: FolderID {
        switch self {
        case .folder(let object): .object(object)
        case .drives: .top
        }
    }

    fileprivate var topEntries: [DriveFile] {
        switch self {
        case .folder: []
        case .drives(let drives):
            drives.map { named in
                let id = ObjectID(drive: named.drive, file: .root)
                return DriveFile(id: id, parent: FileID(""), name: named.name, kind: .folder, size: 0)
            }
        }
    }
}
