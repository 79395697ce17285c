import Basics
import Drive
import LivePhoto
import MetadataStore
import VFS
import WritePath

extension RemoteFS {
    public func rename(_ old: Place, to new: Place, _ mode: RenameMode) async throws(FSError) {
        guard let (source, folder) = try await present(old) else { throw .noSuchEntry }
        let target = try await present(new)?.entry
        guard case .object = folder else { throw .permissionDenied }
        let place = DrivePlace(folder: try driveFolder(new.parent), name: try newName(of: source, old.name, new.name))
        guard place.folder.drive == source.file.id.drive else { throw .crossDevice }
        if target?.inode == source.inode { return }
        do {
            let isDone = try await rename(source, to: place, over: target, mode)
            // An upload ended in the middle: what it was about is a stored object now.
            guard isDone else { return try await rename(old, to: new, mode) }
        } catch {
            // It may be made behind: the kernel asks anew.
            for place in [old, new] { inodes.changedHere(place) }
            throw error
        }
        touch(old.parent)
        touch(new.parent)
        try await keep([old.parent, new.parent] + (mode == .replace ? forgetReplaced(target) : []))
    }

    private func rename(
        _ source: ListedEntry, to place: DrivePlace, over target: ListedEntry?, _ mode: RenameMode
    ) async throws(FSError) -> Bool {
        switch (mode, target) {
        case (.exchange, nil): throw .noSuchEntry
        case (.exchange, let target?): return try await exchange(source, target)
        case (.refuse, _?): throw .alreadyExists
        case (.refuse, nil), (.replace, nil): return try await move(source, to: place, over: nil)
        case (.replace, let target?):
            switch (source.isFolder, target.isFolder) {
            case (true, false): throw .notADirectory
            case (false, true): throw .isADirectory
            case (true, true): try await checkEmpty(target)
            case (false, false): break
            }
            return try await move(source, to: place, over: target)
        }
    }

    /// The drive's own name for the new place. A rename that does not touch the shown name does not touch the drive's
    /// either; a view of a live photo keeps its kind.
    private func newName(of source: ListedEntry, _ old: FileName, _ new: FileName) throws(FSError) -> FileName {
        if old == new { return source.file.name }
        guard source.view != .object else { return try driveName(new) }
        guard let (_, kind) = Self.split(old), let (stem, wanted) = Self.split(new), kind == wanted,
            let (_, own) = Self.split(source.file.name)
        else { throw .permissionDenied }
        return try driveName(FileName(bytes: stem + [UInt8(ascii: ".")] + own))
    }

    private static func split(_ name: FileName) -> (stem: [UInt8], suffix: [UInt8])? {
        guard let dot = name.bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return nil }
        return (Array(name.bytes[..<dot]), Array(name.bytes[(dot + 1)...]))
    }

    private func move(
        _ source: ListedEntry, to place: DrivePlace, over target: ListedEntry?
    ) async throws(FSError) -> Bool {
        let (writing, deadline, target) = (writing, deadline, target.map(self.target))
        if let draft = writing.draft(of: source.inode.rawValue) {
            return try await FSError.from { () async throws(WriteError) in
                try await writing.move(draft, to: place, over: target)
            }
        }
        drafts.remember(source)
        let object = PlacedObject(id: source.file.id, place: drivePlace(of: source))
        return try await FSError.from { () async throws(WriteError) in
            try await writing.moveStored(
                [(source.inode.rawValue, object, source.file, place)], over: target, until: deadline)
        }
    }

    /// How what has the new name gives way.
    private func target(_ target: ListedEntry) -> WriteBack.Target {
        if let draft = writing.draft(of: target.inode.rawValue) { return .draft(draft) }
        if !target.isFolder, inodes.isOpen(target.inode) {
            return .open(
                inode: target.inode.rawValue, PlacedObject(id: target.file.id, place: drivePlace(of: target)))
        }
        return .stored(ReplacedObject(object: target.file.id, folder: target.file.parent))
    }

    private func exchange(_ a: ListedEntry, _ b: ListedEntry) async throws(FSError) -> Bool {
        if a.view != .object || b.view != .object { throw .permissionDenied }
        let (writing, deadline) = (writing, deadline)
        let (placeA, placeB) = (currentPlace(of: a), currentPlace(of: b))
        guard placeA.folder.drive == placeB.folder.drive else { throw .crossDevice }
        var stored: [(UInt64, PlacedObject, DriveFile, DrivePlace)] = []
        var moved: [(Draft, DrivePlace)] = []
        for (entry, place) in [(a, placeB), (b, placeA)] {
            if let draft = writing.draft(of: entry.inode.rawValue) {
                moved.append((draft, place))
            } else {
                drafts.remember(entry)
                let object = PlacedObject(id: entry.file.id, place: drivePlace(of: entry))
                stored.append((entry.inode.rawValue, object, entry.file, place))
            }
        }
        let (rows, others) = (stored, moved)
        return try await FSError.from { () async throws(WriteError) in
            try await writing.moveStored(rows, with: others, over: nil, until: deadline)
        }
    }

    private func currentPlace(of entry: ListedEntry) -> DrivePlace {
        writing.draft(of: entry.inode.rawValue)?.record.place ?? drivePlace(of: entry)
    }
}
