import Basics
import Drive
import Logging
import MetadataStore
import Synchronization

/// Where folders are below the mount, as far as that is known here: what the kernel knows, else what the database has.
/// May be used from any thread.
final class FolderPlaces: Sendable {
    /// Deeper is no tree of the drive's; ends a circle that listings of different times could show.
    private static let depthMax = 1_000

    private let inodes: Inodes
    private let store: any MetadataStore
    private let drive: any Drive
    private let log: Logger
    /// Learned from the database; what the kernel knows is newer.
    private let learned = Mutex<[FolderID: DrivePlace]>([:])

    init(inodes: Inodes, store: any MetadataStore, drive: any Drive, log: Logger) {
        self.inodes = inodes
        self.store = store
        self.drive = drive
        self.log = log
    }

    /// The path below the mount point of what is at `place`, by the names that are shown; `nil` where a folder on the
    /// way is not known. Asks nobody.
    func path(of place: DrivePlace) -> String? {
        var names = [NameEncoding.shown(place.name).text]
        var folder = FolderID.object(place.folder)
        while folder != inodes.rootFolder {
            guard names.count < Self.depthMax, let (name, parent) = step(up: folder) else { return nil }
            names.append(name.text)
            folder = parent
        }
        return names.reversed().joined(separator: "/")
    }

    /// Looks into the database for the folders above `place`, for `path` to know them.
    func learn(above place: DrivePlace) async {
        var folder = FolderID.object(place.folder)
        for _ in 0..<Self.depthMax where folder != inodes.rootFolder {
            if let (_, parent) = step(up: folder) {
                folder = parent
            } else {
                guard case .object(let object) = folder, let found = await stored(object) else { return }
                learned.withLock { $0[folder] = found }
                folder = .object(found.folder)
            }
        }
    }

    /// Whether `folder` is `target` or lies in it. What neither the kernel nor the database knows is asked of the
    /// drive; where nobody knows, it counts as lying in it.
    func isBelow(_ target: FolderID, _ folder: FolderID, _ known: inout [FolderID: Bool]) async -> Bool {
        var way: [FolderID] = []
        var at = folder
        var answer: Bool?
        while answer == nil {
            if at == target {
                answer = true
            } else if at == inodes.rootFolder {
                answer = false
            } else if let before = known[at] {
                answer = before
            } else if way.count < Self.depthMax, let parent = await parent(of: at) {
                way.append(at)
                at = parent
            } else {
                answer = true
            }
        }
        for folder in way { known[folder] = answer }
        return answer ?? true
    }

    private func step(up folder: FolderID) -> (name: FileName, parent: FolderID)? {
        if let known = inodes.place(of: folder) { return known }
        return learned.withLock { $0[folder] }.map { (NameEncoding.shown($0.name), .object($0.folder)) }
    }

    private func parent(of folder: FolderID) async -> FolderID? {
        if let known = inodes.place(of: folder) { return known.parent }
        guard case .object(let object) = folder else { return nil }
        if let found = await stored(object) { return .object(found.folder) }
        do throws(DriveError) {
            let file = try await drive.file(object, .foreground)
            return .object(ObjectID(drive: object.drive, file: file.parent))
        } catch {
            log.notice("where folder \(object.file.rawValue) is cannot be told: \(error)")
            return nil
        }
    }

    private func stored(_ object: ObjectID) async -> DrivePlace? {
        do {
            return try await store.place(of: object)
        } catch {
            log.error("\(error)")
            return nil
        }
    }
}
