import Basics
import Drive
import MetadataStore
import Synchronization

// The tree.
extension StepCarrier {
    /// Two calls where folder and name change; after a lost answer the drive tells where the object is.
    mutating func place(
        _ object: ObjectID, from: DrivePlace, to: DrivePlace
    ) async throws(Trouble) -> [DraftEvent] {
        let task: DriveTaskID?
        do throws(DriveError) {
            if from.folder == to.folder {
                let renamed = try await drive.rename(object, to: to.name, .ignore, .foreground)
                file = renamed
                return [.placed(DrivePlace(folder: to.folder, name: renamed.name))]
            }
            task = try await drive.move(object, to: to.folder.file, .ignore, .foreground).task
        } catch {
            switch error {
            case .change(.uncertain(let words)): return try await whereIs(object, uncertain: words)
            case .notFound, .inRecycleBin: return try await whatIsGone(object, from, error)
            default: throw Trouble(error)
            }
        }
        do throws(DriveError) {
            try await settle(task)
        } catch {
            return try await whereIs(object, uncertain: "\(error)")
        }
        noteFile { $0.parent = to.folder.file }
        return [.placed(DrivePlace(folder: to.folder, name: from.name))]
    }

    /// A move is refused as something is gone: the object, or the folder that it is to come to.
    private mutating func whatIsGone(
        _ object: ObjectID, _ from: DrivePlace, _ error: DriveError
    ) async throws(Trouble) -> [DraftEvent] {
        let found = try await whereIs(object)
        if found == [.placed(from)] { throw Trouble(.final, "its folder is gone from the drive", error) }
        return found
    }

    /// After a call that may have been made. While nobody can say, it stays uncertain.
    private mutating func whereIs(
        _ object: ObjectID, uncertain words: String
    ) async throws(Trouble) -> [DraftEvent] {
        do throws(Trouble) {
            return try await whereIs(object)
        } catch {
            throw Trouble(.passing, error.words, .change(.uncertain(words)))
        }
    }

    mutating func whereIs(_ object: ObjectID) async throws(Trouble) -> [DraftEvent] {
        do throws(DriveError) {
            let found = try await drive.file(object, .foreground)
            if found.isTrashed { return [.lost] }
            file = found
            let folder = ObjectID(drive: object.drive, file: found.parent)
            return [.placed(DrivePlace(folder: folder, name: found.name))]
        } catch {
            switch error {
            case .notFound, .inRecycleBin: return [.lost]
            default: throw Trouble(error)
            }
        }
    }

    private mutating func noteFile(_ change: (inout DriveFile) -> Void) {
        if var known = file {
            change(&known)
            file = known
        }
    }

    /// An object that ours stands in for. When somebody else was quicker, there may be a newer version of theirs.
    func remove(_ old: ReplacedObject) async throws(Trouble) -> [DraftEvent] {
        let (events, wasGone) = try await remove(old.object, old.isForeign ? .trash : owner.settings.removal)
        let record = draft.record
        guard wasGone, !old.isForeign, !record.isRemoved, record.object != nil else { return events }
        return try await rivals(in: record.place) + events
    }

    /// What is gone already is gone: repeating it after a lost answer does no harm.
    func remove(_ object: ObjectID, _ way: Removal) async throws(Trouble) -> (events: [DraftEvent], wasGone: Bool) {
        do throws(DriveError) {
            let change = try await drive.remove(object, way, .background)
            try await settle(change.task)
            return ([.gone(object)], change.wasGone)
        } catch {
            throw Trouble(error)
        }
    }

    /// Files of our name that others have put there since: they go to the recycle bin (semantics 5). Those that the
    /// mount shows as files of their own, by an earlier listing, are none of our business.
    private func rivals(in place: DrivePlace) async throws(Trouble) -> [DraftEvent] {
        let shown = try await shown(in: place.folder)
        let record = draft.record
        let ours = owner.ownObjects.union(record.objects)
        let rivals = try await look(in: place.folder) { file in
            file.name == place.name && file.kind == .file && !file.isTrashed && !ours.contains(file.id)
                && !shown.contains(file.id) && !owner.isOurs(file.id)
        }
        for file in rivals {
            owner.log.warning(
                """
                “\(place.name)” was replaced elsewhere too: that version (\(file.size) bytes, \
                \(file.id.file.rawValue)) goes to the recycle bin, ours \
                (\(record.object?.id.file.rawValue ?? "")) stays
                """)
        }
        let found = rivals.map { ReplacedObject(object: $0.id, folder: place.folder.file, isForeign: true) }
        return found.isEmpty ? [] : [.replaces(found)]
    }

    /// What the mount shows in a folder by its last listing, and by what it changed there since.
    func shown(in folder: ObjectID) async throws(Trouble) -> Set<ObjectID> {
        do throws(StoreError) {
            return Set(try await owner.numbers.listing(of: folder)?.files.map(\.id) ?? [])
        } catch {
            throw Trouble(.passing, "\(error)")
        }
    }

    /// What the folder shows under a name that the drive says is taken, and not by what.
    func whoHas(_ place: DrivePlace) async throws(Trouble) -> ObjectID? {
        try await look(in: place.folder, forFirst: true) { $0.name == place.name && !$0.isTrashed }.first?.id
    }

    /// What a folder has of what `isMeant`; nothing where the folder is gone. The drive pages (contract 4).
    func look(
        in folder: ObjectID, forFirst: Bool = false, _ isMeant: (DriveFile) -> Bool
    ) async throws(Trouble) -> [DriveFile] {
        var found: [DriveFile] = []
        var marker: String?
        repeat {
            do throws(DriveError) {
                let page = try await drive.list(folder, marker: marker, .background)
                found += page.files.filter(isMeant)
                marker = page.next
            } catch {
                switch error {
                case .notFound, .inRecycleBin: return []
                default: throw Trouble(error)
                }
            }
        } while marker != nil && !(forFirst && !found.isEmpty)
        return found
    }

    /// Waits for what the drive does in the background: 0.5 s, doubling to 5 s. A task that is forgotten is over.
    func settle(_ task: DriveTaskID?) async throws(DriveError) {
        guard let task else { return }
        try await owner.wait(for: task)
    }
}

extension WriteBack {
    /// Waits for what the drive does in the background: 0.5 s, doubling to 5 s (contract 8).
    public func wait(for task: DriveTaskID) async throws(DriveError) {
        var pause = Duration.milliseconds(500)
        while true {
            do throws(DriveError) {
                switch try await drive.state(of: task, .foreground) {
                case .succeeded: return
                case .failed:
                    throw DriveError.serverFailure(
                        Refusal(status: 200, code: "Failed", message: "the drive gave up in the middle"))
                case .running: break
                }
            } catch {
                guard case .notFound = error else { throw error }
                return
            }
            do { try await time.sleep(for: pause) } catch { throw .cancelled }
            pause = min(pause * 2, .seconds(5))
        }
    }
}
