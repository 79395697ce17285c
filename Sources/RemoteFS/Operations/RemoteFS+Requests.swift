import Basics
import Drive
import MetadataStore
import VFS
import WritePath

/// How a wait for the drive ended.
public struct SyncOutcome: Sendable {
    /// The time was not over before.
    public var isComplete: Bool
    /// Changes that were waited for.
    public var changes: Int
    /// Those that do not get on without a person.
    public var stuck: [DraftStatus]
}

/// What became of a change whose unsent bytes were to be given up.
public enum CancelOutcome: Hashable, Sendable {
    /// It was a new file, which is gone now.
    case removed
    /// The drive's version shows again.
    case reverted
    /// There is no such change, or not any more.
    case unknown
    /// It has no unsent bytes: a rename or a removal.
    case nothingUnsent
    /// Somebody has the file open.
    case open
    /// A step of its upload is under way whose end is to be waited for.
    case busy
}

// What the commands ask of a running mount. It comes as the reading of a hidden attribute, because that takes no lock
// of the kernel that others would wait for, can be interrupted and works on a mount that nothing may be changed on.
extension RemoteFS {
    private static let requests = Array("user.aliyun.request.".utf8)

    public func extendedAttribute(
        _ name: FileName, of inode: InodeNumber, by caller: Caller
    ) async throws(FSError) -> [UInt8] {
        let isRequest = name.bytes.starts(with: Self.requests)
        guard isRequest || (inode == .root && name == Self.statusAttribute) else {
            return try await extendedAttribute(name, of: inode)
        }
        guard caller.userID == 0 || caller.userID == configuration.ownerID else { throw .permissionDenied }
        guard isRequest else { return statusDocument() }
        if inode != .root { _ = try inodes.node(inode) }
        return try await requestAnswer(name, inode)
    }

    /// Waits until the drive has what `inode` is, or everything below it, at this moment.
    public func settle(_ inode: InodeNumber, until deadline: Moment?) async throws(FSError) -> SyncOutcome {
        let drafts = try await changes(below: inode)
        do throws(WriteError) {
            let stuck = try await writing.waitUntilStored(drafts, until: deadline)
            return SyncOutcome(isComplete: true, changes: drafts.count, stuck: stuck.map(\.status))
        } catch {
            guard error == .timedOut else { throw FSError(error) }
            let stuck = drafts.map(\.status).filter { $0.stage == .failed }
            return SyncOutcome(isComplete: false, changes: drafts.count, stuck: stuck)
        }
    }

    private func changes(below inode: InodeNumber) async throws(FSError) -> [Draft] {
        let all = writing.drafts
        if inode == .root { return all }
        let entry = try inodes.node(inode).entry
        guard entry.isFolder else { return all.filter { $0.inode == inode.rawValue } }
        var known: [FolderID: Bool] = [:]
        var below: [Draft] = []
        for draft in all {
            let folder = FolderID.object(draft.record.place.folder)
            if draft.inode == inode.rawValue {
                below.append(draft)
            } else if await folderPlaces.isBelow(entry.folder, folder, &known) {
                below.append(draft)
            }
        }
        return below
    }

    /// Tries what failed or waits once more, now. False when there is no such change.
    public func retry(_ id: DraftID) async throws(FSError) -> Bool {
        let writing = writing
        return try await FSError.from { () async throws(WriteError) in try await writing.retry(id) }
    }

    /// Gives the unsent bytes of a change up. A file that the drive has never had, or has no longer, is removed.
    public func cancel(_ id: DraftID) async throws(FSError) -> CancelOutcome {
        guard let draft = writing.draft(id) else { return .unknown }
        let record = draft.record
        guard record.content != nil, !record.isRemoved else { return .nothingUnsent }
        if draft.isOpen { return .open }
        let inode = InodeNumber(draft.inode)
        guard let object = record.object, let file = try await versionOfDrive(object.id) else {
            let writing = writing
            let isDone = try await FSError.from { () async throws(WriteError) in try await writing.discard(draft) }
            guard isDone else { return .unknown }
            inodes.removedHere(inode)
            try await untilKernelKnows()
            return .removed
        }
        let shown = directories.ownEntry(inode, in: .object(record.place.folder))?.name
        let name = shown ?? NameEncoding.shown(record.place.name)
        drafts.remember(ListedEntry(name: name, inode: inode, view: .object, file: file, size: file.size))
        do throws(WriteError) {
            guard try await writing.revert(draft, until: deadline) else { return .busy }
        } catch {
            switch error {
            case .refused: return .open
            case .timedOut: return .busy
            default: throw FSError(error)
            }
        }
        inodes.changedHere(inode)
        try await untilKernelKnows()
        return .reverted
    }

    private func versionOfDrive(_ object: ObjectID) async throws(FSError) -> DriveFile? {
        do throws(DriveError) {
            return try await drive.file(object, .foreground)
        } catch {
            switch error {
            case .notFound, .inRecycleBin: return nil
            default: throw FSError(error)
            }
        }
    }

    /// Drops what is cached of a folder, or of the folder that a file is in, and lists it again. Recursively, the
    /// cached listings below are dropped too; those are listed again when somebody looks. Returns how many were.
    public func refresh(_ inode: InodeNumber, isRecursive: Bool) async throws(FSError) -> Int {
        let top: FolderID
        if inode == .root {
            top = inodes.rootFolder
        } else {
            let node = try inodes.node(inode)
            top = node.entry.isFolder ? node.entry.folder : node.folder
        }
        var dropped = 0
        var line = [top]
        while let folder = line.popLast() {
            if Task.isCancelled { throw .interrupted }
            guard let listing = await directories.known(folder) else {
                directories.invalidate(folder)
                continue
            }
            directories.invalidate(folder)
            inodes.outdated(folder, listing.entries)
            dropped += 1
            if isRecursive { line += listing.entries.filter(\.isFolder).map(\.folder) }
        }
        let deadline = deadline
        if case .growing(let load, _) = try await directories.source(of: top, until: deadline) {
            try await load.whole(until: deadline)
        }
        try await untilKernelKnows()
        return dropped
    }

    /// Who asked looks next, through the kernel: it is told before. Not for long, as it may be kept from listening.
    private func untilKernelKnows() async throws(FSError) {
        let limit = time.now() + .seconds(1)
        while inodes.notificationsWaiting > 0, time.now() < limit {
            do { try await time.sleep(for: .milliseconds(5)) } catch { throw .interrupted }
        }
    }

    /// The path below the mount point, as far as it is known without asking anybody.
    public func path(of place: DrivePlace) -> String? { folderPlaces.path(of: place) }

    /// The same, with a look into the database where memory does not know.
    public func storedPath(of place: DrivePlace) async -> String? {
        if let path = folderPlaces.path(of: place) { return path }
        await folderPlaces.learn(above: place)
        return folderPlaces.path(of: place)
    }
}
