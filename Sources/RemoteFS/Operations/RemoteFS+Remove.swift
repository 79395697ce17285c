import Basics
import Drive
import MetadataStore
import VFS
import WritePath

extension RemoteFS {
    public func remove(_ place: Place) async throws(FSError) {
        guard let (entry, folder) = try await present(place) else { throw .noSuchEntry }
        if entry.isFolder { throw .isADirectory }
        let writing = writing
        if let draft = writing.draft(of: entry.inode.rawValue) {
            let isDiscarded = try await FSError.from { () async throws(WriteError) in try await writing.discard(draft) }
            guard isDiscarded else { return try await remove(place) }
        } else if inodes.isOpen(entry.inode) {
            let object = PlacedObject(id: entry.file.id, place: drivePlace(of: entry))
            try await FSError.from { () async throws(WriteError) in
                try await writing.discardLater(entry.inode.rawValue, object)
            }
        } else {
            try await removeFromDrive(entry, in: folder)
        }
        touch(place.parent)
        try await keep([place.parent])
    }

    public func removeDirectory(_ place: Place) async throws(FSError) {
        guard let (entry, folder) = try await present(place) else { throw .noSuchEntry }
        guard entry.isFolder else { throw .notADirectory }
        guard case .object = folder else { throw .permissionDenied }
        try await checkEmpty(entry)
        try await removeFromDrive(entry, in: folder)
        touch(place.parent)
        try await keep([place.parent])
    }

    /// Removes an object now. What is gone already is removed, so a lost answer is simply asked for again.
    func removeFromDrive(_ entry: ListedEntry, in folder: FolderID) async throws(FSError) {
        let (writing, deadline) = (writing, deadline)
        try await FSError.from { () async throws(WriteError) in
            try await writing.release(entry.file.id, until: deadline)
        }
        do {
            try await removeNow(entry.file.id, until: deadline)
        } catch {
            // It may be gone all the same: the next look asks the drive.
            directories.invalidate(folder)
            throw error
        }
        directories.edit(folder) { edits in
            edits.unshow(entry.name, entry.inode)
            edits.hide(entry.file.id, settled: time.now())
        }
        // Who still has it open may still look at it.
        if !inodes.isOpen(entry.inode) { overlay.forget(entry.inode) }
        if case .object(let object) = folder {
            try await keep([entry.inode], [ListingEdit(folder: object, removed: [entry.file.id.file])])
        }
    }

    private func removeNow(_ object: ObjectID, until deadline: Moment) async throws(FSError) {
        var tries = 0
        while true {
            let change: TreeChange
            do throws(DriveError) {
                change = try await drive.remove(object, configuration.removal, .foreground)
            } catch {
                tries += 1
                guard case .change(.uncertain) = error, tries < 4 else { throw FSError(error) }
                continue
            }
            if let task = change.task { try await finished(task, until: deadline) }
            return
        }
    }

    /// Returns when the drive has done what it does in the background. It goes on when nobody waits any more.
    func finished(_ task: DriveTaskID, until deadline: Moment) async throws(FSError) {
        let flight = Flight<Void, DriveError>(time: time)
        tasks.spawn { [writing] in
            do throws(DriveError) {
                try await writing.wait(for: task)
                flight.complete(.success(()))
            } catch {
                flight.complete(.failure(error))
            }
        }
        do throws(FlightError<DriveError>) {
            try await flight.value(until: deadline)
        } catch {
            throw FSError(error) { FSError($0) }
        }
    }

    /// The local attributes of what a rename replaced, unless somebody still has it open: its row has them forgotten
    /// then.
    func forgetReplaced(_ target: ListedEntry?) -> [InodeNumber] {
        guard let target, !inodes.isOpen(target.inode), writing.draft(of: target.inode.rawValue) == nil else {
            return []
        }
        overlay.forget(target.inode)
        return [target.inode]
    }

    func drivePlace(of entry: ListedEntry) -> DrivePlace {
        DrivePlace(folder: ObjectID(drive: entry.file.id.drive, file: entry.file.parent), name: entry.file.name)
    }
}
