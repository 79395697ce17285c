import Basics
import Drive
import MetadataStore
import VFS
import WritePath

extension RemoteFS {
    public func create(
        _ place: Place, permissions: UInt32, _ flags: OpenFlags, exclusive: Bool, by caller: Caller
    ) async throws(FSError) -> (entry: Entry, opened: OpenReply) {
        if let found = try await present(place) {
            if exclusive { throw .alreadyExists }
            if found.entry.isFolder { throw .isADirectory }
            credit(found.entry, parent: place.parent, folder: found.folder)
            do {
                let opened = try await open(found.entry.inode, flags)
                return (entry(of: found.entry, freshUntil: time.now() + configuration.directoryLifetime), opened)
            } catch {
                inodes.forget(found.entry.inode, lookups: 1)
                throw error
            }
        }
        let entry = try await make(place, permissions, by: caller)
        let handle: FileHandle
        do {
            handle = try newHandle(entry.attributes.inode, flags.union(.write))
        } catch {
            await unmake(entry)
            throw error
        }
        return (entry, OpenReply(handle: handle, keepsCache: true))
    }

    public func makeFile(_ place: Place, permissions: UInt32, by caller: Caller) async throws(FSError) -> Entry {
        if try await present(place) != nil { throw .alreadyExists }
        let entry = try await make(place, permissions, by: caller)
        do {
            try await seal(entry.attributes.inode)
        } catch {
            await unmake(entry)
            throw error
        }
        return entry
    }

    /// A new file that its maker is not told of does not stay.
    private func unmake(_ made: Entry) async {
        let inode = made.attributes.inode
        inodes.forget(inode, lookups: 1)
        if let draft = writing.draft(of: inode.rawValue) { await unmake(draft) }
    }

    private func unmake(_ draft: Draft) async {
        do throws(WriteError) {
            _ = try await writing.discard(draft)
        } catch {
            log.error("a file that could not be made whole cannot be dropped: \(error)")
        }
    }

    /// Kept as a small marked file on the drive, which the README describes; the target itself is remembered here.
    public func makeSymbolicLink(
        _ place: Place, to target: [UInt8], by caller: Caller
    ) async throws(FSError) -> Entry {
        if configuration.hasNoOverlay { throw .permissionDenied }
        if try await present(place) != nil { throw .alreadyExists }
        let made = try await make(place, 0o777, by: caller, linkTarget: target)
        let inode = made.attributes.inode
        let (writing, deadline) = (writing, deadline)
        let content = WriteContent(Self.linkMark + target)
        do {
            let draft = try await draft(of: inode)
            try await FSError.from { () async throws(WriteError) in
                _ = try await writing.write(content.bytes, at: 0, to: draft, until: deadline)
                try await writing.seal(draft)
            }
        } catch {
            await unmake(made)
            throw error
        }
        return made
    }

    /// What the drive's object of a symbolic link begins with.
    static let linkMark = Array("!<symlink>".utf8)

    public func target(ofSymbolicLink inode: InodeNumber) async throws(FSError) -> [UInt8] {
        guard let target = overlay[inode]?.linkTarget else { throw .invalidArgument }
        return target
    }

    public func makeDirectory(_ place: Place, permissions: UInt32, by caller: Caller) async throws(FSError) -> Entry {
        if try await present(place) != nil { throw .alreadyExists }
        let folder = try driveFolder(place.parent)
        let name = try driveName(place.name)
        let made = try await creatingFolder(name, in: folder)
        let now = time.wallTime()
        let file = DriveFile(
            id: made, parent: folder.file, name: name, kind: .folder, size: 0, createdAt: now, updatedAt: now)
        let inode = try await number(of: NodeKey(made))
        let entry = ListedEntry(
            name: place.name, inode: inode, view: .object, file: file, size: 0)
        overlay.change(inode) { $0.own(permissions, configuration.directoryPermissions, caller, configuration) }
        touch(place.parent)
        // Its listing begins empty in the database too, so that what is made in it is known after a remount.
        do {
            try await store.save(StoredListing(files: [], listedAt: now), of: made)
        } catch {
            log.error("the listing of a new folder cannot be kept: \(error)")
        }
        directories.made(entry.folder)
        // Before the database: a listing that is kept in between must know of it.
        directories.edit(.object(folder)) { $0.show(entry, settled: time.now()) }
        try await keep([inode, place.parent], [ListingEdit(folder: folder, put: [file])])
        credit(entry, parent: place.parent, folder: .object(folder))
        return self.entry(of: entry, freshUntil: time.now() + configuration.directoryLifetime)
    }

    /// Makes the folder; after a lost answer looks whether it is there.
    private func creatingFolder(_ name: FileName, in folder: ObjectID) async throws(FSError) -> ObjectID {
        var isRepeated = false
        var givenWay: Set<ObjectID> = []
        while true {
            do throws(DriveError) {
                switch try await drive.createFolder(named: name, in: folder, .foreground) {
                case .made(let object, _): return object
                case .upload(let session, _, _): return session.object
                case .taken(let object):
                    // Nobody else was seen making it: it is the one whose answer was lost.
                    if isRepeated { return object }
                    if givenWay.insert(object).inserted, try await givesWay(object, name, in: folder) { continue }
                    directories.invalidate(.object(folder))
                    throw DriveError.nameTaken(Refusal(status: 200, code: "exist", message: ""))
                }
            } catch {
                guard case .change(.uncertain) = error, !isRepeated else {
                    // It may be there all the same: the next look asks the drive.
                    directories.invalidate(.object(folder))
                    throw FSError(error)
                }
                isRepeated = true
            }
        }
    }

    /// What has the name on the drive may have lost it here: removed and still open, or moved by a row that is not
    /// through. It gets a name that nobody wants. False when it is not one of ours.
    private func givesWay(
        _ object: ObjectID, _ name: FileName, in folder: ObjectID
    ) async throws(DriveError) -> Bool {
        let file = DriveFile(id: object, parent: folder.file, name: name, kind: .file, size: 0)
        let entry = ListedEntry(name: name, inode: .root, view: .object, file: file, size: 0)
        if directories.isShown(entry, in: .object(folder)) { return false }
        do throws(DriveError) {
            _ = try await drive.rename(object, to: NameAssigner.marked(name, object.file), .ignore, .foreground)
        } catch {
            switch error {
            case .notFound, .inRecycleBin: break
            default: throw error
            }
        }
        return true
    }

    /// A new file of no bytes, in the journal and in the tree; credited.
    private func make(
        _ place: Place, _ permissions: UInt32, by caller: Caller, linkTarget: [UInt8]? = nil
    ) async throws(FSError) -> Entry {
        let folder = try driveFolder(place.parent)
        let wanted = DrivePlace(folder: folder, name: try driveName(place.name))
        let (writing, overlay) = (writing, overlay)
        let usual = configuration.filePermissions
        let configuration = configuration
        let now = time.wallTime()
        let draft = try await FSError.from { () async throws(WriteError) in
            try await writing.makeFile(at: wanted) { number in
                let inode = InodeNumber(number)
                overlay.change(inode) { row in
                    row.own(permissions, usual, caller, configuration)
                    row.linkTarget = linkTarget
                }
                overlay.change(place.parent) { row in
                    row.modified = now
                    row.changed = now
                }
                return JournalChange(attributes: overlay.rows([inode, place.parent]))
            }
        }
        let inode = InodeNumber(draft.inode)
        guard let found = directories.ownEntry(inode, in: .object(folder)) else {
            await unmake(draft)
            throw .inputOutput
        }
        credit(found, parent: place.parent, folder: .object(folder))
        return entry(of: found, freshUntil: time.now() + configuration.directoryLifetime)
    }

    func seal(_ inode: InodeNumber) async throws(FSError) {
        guard let draft = writing.draft(of: inode.rawValue), draft.hasContent else { return }
        let writing = writing
        try await FSError.from { () async throws(WriteError) in try await writing.seal(draft) }
    }

    /// What has the name now.
    func present(_ place: Place) async throws(FSError) -> (entry: ListedEntry, folder: FolderID)? {
        if configuration.isReadOnly { throw .readOnly }
        guard place.name.bytes.count <= NameLimits.bytesMax else { throw .nameTooLong }
        let folder = try inodes.folder(place.parent)
        let (entry, _) = try await checkingFolder(place.parent) { (deadline) async throws(FSError) in
            try await directories.entry(named: place.name, in: folder, until: deadline)
        }
        return entry.map { ($0, folder) }
    }

    /// The folder of the drive behind an inode; the top folder of several drives is none.
    func driveFolder(_ inode: InodeNumber) throws(FSError) -> ObjectID {
        guard case .object(let object) = try inodes.folder(inode) else { throw .permissionDenied }
        return object
    }

    /// A name that the drive can be sent (contract 7.2).
    func driveName(_ name: FileName) throws(FSError) -> FileName {
        guard name.isValidUTF8, !name.bytes.isEmpty, name != ".", name != ".." else { throw .invalidArgument }
        return name
    }

    /// A folder's contents changed.
    func touch(_ folder: InodeNumber) {
        let now = time.wallTime()
        overlay.change(folder) { row in
            row.modified = now
            row.changed = now
        }
    }

    /// Keeps what the overlay has of `inodes`, and what became of listings.
    func keep(_ inodes: [InodeNumber], _ listings: [ListingEdit] = [], durable: Bool = false) async throws(FSError) {
        let (writing, overlay) = (writing, overlay)
        try await FSError.from { () async throws(WriteError) in
            try await writing.keep(durable: durable) {
                JournalChange(attributes: overlay.rows(inodes), listings: listings)
            }
        }
    }

    func number(of key: NodeKey) async throws(FSError) -> InodeNumber {
        do {
            guard let number = try await store.inodeNumbers(for: [key]).first else { throw FSError.inputOutput }
            return InodeNumber(number)
        } catch let error as FSError {
            throw error
        } catch {
            log.error("an inode number cannot be had: \(error)")
            throw .inputOutput
        }
    }
}

/// Bytes made here, for a write.
private final class WriteContent: @unchecked Sendable {
    // The memory is written once, before anybody else sees it.
    private let memory: UnsafeMutableRawBufferPointer
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory) }

    init(_ content: [UInt8]) {
        memory = .allocate(byteCount: content.count, alignment: 1)
        memory.copyBytes(from: content)
    }

    deinit { memory.deallocate() }
}

extension LocalAttributes {
    /// Whose a new inode is and who may do what, where that is not what the mount shows anyway.
    mutating func own(
        _ permissions: UInt32, _ usual: UInt32, _ caller: Caller, _ configuration: RemoteFSConfiguration
    ) {
        if configuration.hasNoOverlay { return }
        if permissions & 0o7777 != usual { self.permissions = permissions & 0o7777 }
        if caller.userID != configuration.userID { userID = caller.userID }
        if caller.groupID != configuration.groupID { groupID = caller.groupID }
    }
}
