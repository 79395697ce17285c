import Basics
import Drive
import MetadataStore
import VFS
import WritePath

// Whether a folder may go.
extension RemoteFS {
    /// Whether a folder is empty is asked of the drive itself, whatever the cache believes (semantics 6). What lies in
    /// it and is not seen here must not go with it while somebody needs it.
    func checkEmpty(_ entry: ListedEntry) async throws(FSError) {
        let deadline = deadline
        var isClear = false
        while !isClear {
            isClear = true
            for (draft, object) in writing.users(of: try await unseenObjects(in: entry)) {
                if try await part(draft, from: object, in: entry.file.id, until: deadline) { isClear = false }
            }
        }
    }

    /// What the drive has in a folder that shows nothing here.
    private func unseenObjects(in entry: ListedEntry) async throws(FSError) -> Set<ObjectID> {
        if !directories.ownEntries(of: entry.folder).isEmpty { throw .notEmpty }
        var unseen: Set<ObjectID> = []
        var marker: String?
        repeat {
            let page: ListPage
            do {
                page = try await drive.list(entry.file.id, marker: marker, .foreground)
            } catch {
                throw FSError(error)
            }
            for file in page.files where !file.isTrashed && file.isAvailable {
                let listed = ListedEntry(name: file.name, inode: .root, view: .object, file: file, size: 0)
                if directories.isShown(listed, in: entry.folder) {
                    directories.invalidate(entry.folder)
                    throw .notEmpty
                }
                unseen.insert(file.id)
            }
            marker = page.next
        } while marker != nil
        return unseen
    }

    /// A change is about `object`, which lies in a folder that is to go: returns when it does not need it there any
    /// more. False when it did not.
    private func part(
        _ draft: Draft, from object: ObjectID, in folder: ObjectID, until deadline: Moment
    ) async throws(FSError) -> Bool {
        let record = draft.record
        let removal = record.replaced.first { $0.object == object }
        let mustBeTrashed = removal?.isForeign == true && configuration.removal != .trash
        if record.isRemoved, !mustBeTrashed {
            // It may go with its folder as well, unless whoever has the file open still reads it.
            guard draft.isOpen, removal?.folder == folder.file, draft.needs(object) || record.content == nil else {
                return false
            }
            try await takeOut(object, of: draft, from: folder, until: deadline)
            return true
        }
        do throws(WriteError) {
            try await writing.waitUntilStored(draft, until: deadline)
        } catch {
            switch error {
            case .timedOut, .refused:
                log.warning("a folder cannot be removed yet: “\(record.place.name)” has bytes in it: \(error)")
                throw .busy
            default: throw FSError(error)
            }
        }
        return true
    }

    /// Moves an object that is to be removed later to where it does not go with its folder, unseen there too.
    private func takeOut(
        _ object: ObjectID, of draft: Draft, from folder: ObjectID, until deadline: Moment
    ) async throws(FSError) {
        var root = ObjectID(drive: object.drive, file: .root)
        if case .object(let mounted) = inodes.rootFolder { root = mounted }
        try await note(object, in: root, of: draft)
        do throws(FSError) {
            let task: DriveTaskID?
            do throws(DriveError) {
                task = try await drive.move(object, to: root.file, .ignore, .foreground).task
            } catch {
                throw FSError(error)
            }
            if let task { try await finished(task, until: deadline) }
        } catch {
            if error == .noSuchEntry { return }
            log.warning("an open file that was removed cannot be moved out of its folder: \(error)")
            try await note(object, in: folder, of: draft)
            throw error
        }
    }

    private func note(_ object: ObjectID, in folder: ObjectID, of draft: Draft) async throws(FSError) {
        let writing = writing
        try await FSError.from { () async throws(WriteError) in
            try await writing.note(object, in: folder.file, of: draft)
        }
    }
}
