import Basics
import Drive
import MetadataStore
import Synchronization

// How an upload begins (contract 7.1 to 7.4).
extension StepCarrier {
    mutating func create(_ form: UploadForm) async throws(Trouble) -> [DraftEvent] {
        guard let upload = draft.record.upload else { return [] }
        if case .copy(let object) = form { return try await copy(object, upload) }
        let content: FileCreation.Content
        switch (form, upload.hash) {
        case (.hashed, let hash?): content = .hashed(hash, source)
        case (.preHash, _): content = .preHash(try await preHash(upload.size))
        case (.plain, _), (.hashed, nil), (.copy, _): content = .plain
        }
        let parts = max(1, Int((upload.size + upload.partSize - 1) / max(1, upload.partSize)))
        let creation = FileCreation(
            parent: upload.place.folder, name: upload.place.name, size: upload.size, content: content,
            partCount: min(parts, 100), onTaken: upload.isTwin ? .ignore : .refuse, modifiedAt: draft.modified)
        let holder: ObjectID
        do throws(DriveError) {
            switch try await drive.createFile(creation, .background) {
            case .made(let object, _): return [.made(object)]
            case .upload(let session, _, let links):
                self.links = Dictionary(links.map { ($0.part, $0) }) { first, _ in first }
                isFresh = true
                return [.opened(session, partSize: upload.partSize)]
            case .taken(let object):
                // A twin was asked for: the drive does not do what it was told.
                if upload.isTwin { throw .serverFailure(Refusal(status: 200, code: "exist", message: "")) }
                holder = object
            }
        } catch {
            switch error {
            case .change(.uncertain), .cancelled: throw Trouble(error)
            case .change(.preHashMatched): return [.preHashMatched]
            case .change(.invalidProof):
                proofsRefused += 1
                return [proofsRefused > 1 ? .hashRefused : .nothingFound]
            case .nameTaken where !upload.isTwin:
                certainlyNotMade()
                guard let found = try await whoHas(upload.place) else { return [.taken(nil)] }
                holder = found
            case .notFound, .inRecycleBin:
                certainlyNotMade()
                throw Trouble(.final, "its folder is gone from the drive")
            default:
                certainlyNotMade()
                throw Trouble(error)
            }
        }
        return try await taken(holder, upload)
    }

    /// A copy may come under a name of the drive's choice. After a lost answer it is looked for; when it cannot be told
    /// from others the bytes are sent instead, and what may have been made is named in the log (docs/journal.md).
    private mutating func copy(_ object: ObjectID, _ upload: UploadRecord) async throws(Trouble) -> [DraftEvent] {
        let change: TreeChange
        do throws(DriveError) {
            change = try await drive.copy(object, to: upload.place.folder, .background)
        } catch {
            switch error {
            case .change(.uncertain):
                if let made = try await unansweredCopy(of: object, upload) { return [.found(made)] }
                owner.log.warning("a copy of the content of “\(upload.place.name)” may be left over in its folder")
                return [.copyRefused]
            case .notFound, .inRecycleBin, .rejected, .nameTaken: return [.copyRefused]
            default:
                certainlyNotMade()
                throw Trouble(error)
            }
        }
        do throws(DriveError) {
            try await settle(change.task)
        } catch {
            // Whether it came to its end is asked of the object itself.
            owner.log.warning("a copy for “\(upload.place.name)”: \(Trouble(error).words)")
        }
        return [.made(change.object)]
    }

    /// What an unanswered call copied: the only file of a moment ago with these bytes, and with the original's name or
    /// one made from it, that the mount has not seen before.
    private func unansweredCopy(of object: ObjectID, _ upload: UploadRecord) async throws(Trouble) -> ObjectID? {
        guard let hash = upload.hash else { return nil }
        let known = try await shown(in: upload.place.folder).union(owner.ownObjects)
        let recent = owner.time.wallTime().seconds - Self.clockDoubt
        let original: DriveFile
        do throws(DriveError) {
            original = try await drive.file(object, .background)
        } catch {
            if case .notFound = error { return nil }
            throw Trouble(error)
        }
        let stem = original.name.bytes.prefix { $0 != UInt8(ascii: ".") }
        let found = try await look(in: upload.place.folder) { file in
            file.id != object && file.size == upload.size && file.contentHash == hash
                && file.name.bytes.starts(with: stem) && (file.createdAt?.seconds ?? 0) > recent
                && !known.contains(file.id) && !owner.isOurs(file.id)
        }
        return found.count == 1 ? found[0].id : nil
    }

    /// Seconds by which the drive's clock and ours may differ, and the time of a call.
    private static let clockDoubt: Int64 = 600

    private func certainlyNotMade() { draft.state.withLock { $0.machine.handle(.nothingFound) } }

    /// The name is taken: by what an unanswered call of ours made, by another file of this mount, or by somebody
    /// else's, which then goes to the recycle bin (semantics 5).
    private func taken(_ object: ObjectID, _ upload: UploadRecord) async throws(Trouble) -> [DraftEvent] {
        let wasOurs = owner.isOurs(object)
        let other: DriveFile
        do throws(DriveError) {
            other = try await drive.file(object, .background)
        } catch {
            switch error {
            case .notFound, .inRecycleBin: return [.nothingFound]
            default: throw Trouble(error)
            }
        }
        let isShown = try await shown(in: upload.place.folder).contains(object)
        // What had the name when the call was made may not have it any more, nor may ours be wanted there.
        let isHere = other.name == upload.place.name && other.parent == upload.place.folder.file && !other.isTrashed
        if !isHere || draft.record.place != upload.place { return [.nothingFound] }
        if wasOurs || owner.isOurs(object) || other.kind == .folder || !other.isAvailable { return [.taken(nil)] }
        if let hash = upload.hash, other.size == upload.size, other.contentHash == hash { return [.made(object)] }
        if isShown { return [.taken(nil)] }
        owner.log.warning(
            "“\(upload.place.name)” was made elsewhere too: that version (\(other.size) bytes) goes to the recycle bin")
        return [.taken(ReplacedObject(object: object, folder: upload.place.folder.file, isForeign: true))]
    }

    /// Looks through the folder for what an unanswered create call may have made of content that the drive knew. Where
    /// the call is simply made again, under a name that only one can have, that tells as well.
    func find() async throws(Trouble) -> [DraftEvent] {
        let record = draft.record
        guard let upload = record.upload, let hash = upload.hash else { return [.nothingFound] }
        let isElsewhere = record.isRemoved || record.place != upload.place
        let isOutdated = record.content.map { $0.revision != upload.revision } ?? false
        guard upload.isTwin || isElsewhere || isOutdated else { return [.nothingFound] }
        // Another file may have come to the name with the same content.
        let shown = isElsewhere ? try await shown(in: upload.place.folder) : []
        let known = shown.union(owner.ownObjects).union(record.objects)
        let ours = try await look(in: upload.place.folder, forFirst: true) { file in
            file.name == upload.place.name && file.size == upload.size && file.contentHash == hash
                && !known.contains(file.id) && !owner.isOurs(file.id)
        }
        return ours.first.map { [.found($0.id)] } ?? [.nothingFound]
    }

    private func preHash(_ size: Int64) async throws(Trouble) -> ContentHash {
        let file = draft.file
        do throws(SpoolError) {
            return try await owner.disk.run { () throws(SpoolError) in
                let piece = PieceBuffer(count: 1_024)
                let part = piece.first(Int(min(1_024, size)))
                try file.read(at: 0, into: part)
                var hash = RunningHash()
                hash.take(UnsafeRawBufferPointer(part), at: 0)
                return hash.result()
            }
        } catch {
            throw Trouble(.passing, "\(error)")
        }
    }
}
