import Basics
import Crypto
import Drive
import MetadataStore
import ReadPath
import Synchronization

/// Does a draft's steps, one at a time, and says what came of each. Keeps what helps the next step and may be lost.
struct StepCarrier {
    let owner: WriteBack
    let draft: Draft
    /// What the drive has by now.
    private(set) var file: DriveFile?
    var links: [Int: UploadLink] = [:]
    /// The session was opened a moment ago: it has no parts yet.
    var isFresh = false
    private var proofsRefused = 0

    init(owner: WriteBack, draft: Draft) {
        self.owner = owner
        self.draft = draft
        file = draft.state.withLock { $0.knownFile }
    }

    var drive: any WritableDrive { owner.drive }
    var source: SpoolSource { SpoolSource(file: draft.file) }

    /// The upload that the links belong to is over.
    mutating func forget() {
        links = [:]
        isFresh = false
    }

    mutating func perform(_ step: DraftStep) async throws(Trouble) -> [DraftEvent] {
        switch step {
        case .assemble(let ranges): try await assemble(ranges)
        case .hash: try await hash()
        case .create(let form): try await create(form)
        case .find: try await find()
        case .send(let session): try await send(session)
        case .complete(let session): try await complete(session)
        case .confirm(let object): try await confirm(object)
        case .place(let object, let from, let to): try await place(object, from: from, to: to)
        case .remove(let old): try await removeReplaced(old)
        case .discard(let object): try await remove(object, .delete)
        case .rest, .end: []
        }
    }

    /// Brings what only the base has into the spool.
    private func assemble(_ ranges: [ByteRange]) async throws(Trouble) -> [DraftEvent] {
        guard let content = draft.record.content, let base = content.base else { return [] }
        let piece = PieceBuffer(count: 1 << 20)
        for range in ranges {
            var offset = range.lower
            while offset < range.upper {
                if draft.record.content?.revision != content.revision { return [] }
                let part = piece.first(Int(min(Int64(piece.count), range.upper - offset)))
                do throws(WriteError) {
                    let deadline = owner.time.now() + .seconds(60)
                    try await owner.readBase(base, of: draft, at: offset, into: part, until: deadline)
                } catch {
                    throw Trouble(error)
                }
                let (at, draft, count) = (offset, draft, part.count)
                let isFilled: Bool
                do throws(SpoolError) {
                    isFilled = try await owner.disk.run { () throws(SpoolError) in
                        try draft.fill(UnsafeRawBufferPointer(piece.first(count)), at: at)
                    }
                } catch {
                    throw Trouble(.passing, "\(error)")
                }
                guard isFilled else { return [] }
                offset += Int64(part.count)
            }
        }
        return draft.record.content?.revision == content.revision ? [.assembled] : []
    }

    /// Goes on from what was hashed while the file was written.
    private func hash() async throws(Trouble) -> [DraftEvent] {
        let (running, size, revision) = draft.state.withLock { state in
            (state.running, state.machine.record.content?.size ?? 0, state.machine.record.content?.revision ?? 0)
        }
        let file = draft.file
        do throws(SpoolError) {
            let result = try await owner.disk.run { [draft] () throws(SpoolError) -> ContentHash? in
                var hash = running ?? RunningHash()
                let piece = PieceBuffer(count: 1 << 20)
                while hash.count < size {
                    if draft.record.content?.revision != revision { return nil }
                    let part = piece.first(Int(min(Int64(piece.count), size - hash.count)))
                    try file.read(at: hash.count, into: part)
                    hash.take(UnsafeRawBufferPointer(part), at: hash.count)
                }
                return hash.result()
            }
            return result.map { [.hashed($0, revision: revision)] } ?? []
        } catch {
            throw Trouble(.passing, "\(error)")
        }
    }

    private mutating func create(_ form: UploadForm) async throws(Trouble) -> [DraftEvent] {
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
        do throws(DriveError) {
            switch try await drive.createFile(creation, .background) {
            case .made(let object, _): return [.made(object)]
            case .upload(let session, _, let links):
                self.links = Dictionary(links.map { ($0.part, $0) }) { first, _ in first }
                isFresh = true
                return [.opened(session, partSize: upload.partSize)]
            case .taken(let object): return try await taken(object, upload)
            }
        } catch {
            switch error {
            case .change(.uncertain), .cancelled: throw Trouble(error)
            case .change(.preHashMatched): return [.preHashMatched]
            case .change(.invalidProof):
                proofsRefused += 1
                return [proofsRefused > 1 ? .hashRefused : .nothingFound]
            case .nameTaken: return [.nothingFound, .taken(nil)]
            case .notFound, .inRecycleBin:
                certainlyNotMade()
                throw Trouble(.final, "its folder is gone from the drive")
            default:
                certainlyNotMade()
                throw Trouble(error)
            }
        }
    }

    /// A copy may come under another name; where the answer is lost the bytes are sent instead.
    private mutating func copy(_ object: ObjectID, _ upload: UploadRecord) async throws(Trouble) -> [DraftEvent] {
        do throws(DriveError) {
            let change = try await drive.copy(object, to: upload.place.folder, .background)
            try await settle(change.task)
            return [.made(change.object)]
        } catch {
            switch error {
            case .change(.uncertain), .notFound, .inRecycleBin, .rejected, .nameTaken: return [.nothingFound, .hashRefused]
            default:
                certainlyNotMade()
                throw Trouble(error)
            }
        }
    }

    private func certainlyNotMade() { draft.state.withLock { $0.machine.handle(.nothingFound) } }

    /// The name is taken: by what an unanswered call of ours made, by what is to be replaced anyway, or by somebody
    /// else's file, which then goes to the recycle bin (semantics 5).
    private func taken(_ object: ObjectID, _ upload: UploadRecord) async throws(DriveError) -> [DraftEvent] {
        if owner.isOurs(object) { return [.taken(nil)] }
        let other: DriveFile
        do throws(DriveError) {
            other = try await drive.file(object, .background)
        } catch {
            switch error {
            case .notFound, .inRecycleBin: return [.nothingFound]
            default: throw error
            }
        }
        if other.kind == .folder { return [.taken(nil)] }
        if !other.isAvailable { return [.taken(nil)] }
        if let hash = upload.hash, other.size == upload.size, other.contentHash == hash { return [.made(object)] }
        owner.log.warning(
            "“\(upload.place.name)” was made elsewhere too: that version (\(other.size) bytes) goes to the recycle bin")
        return [.taken(ReplacedObject(object: object, folder: upload.place.folder.file, isForeign: true))]
    }

    /// Looks through the folder for what an unanswered create call may have made of content that the drive knew.
    private func find() async throws(Trouble) -> [DraftEvent] {
        let record = draft.record
        guard let upload = record.upload, let hash = upload.hash, upload.isTwin || record.isRemoved else {
            return [.nothingFound]
        }
        let known = Set(record.replaced.map(\.object) + record.litter + [record.object?.id].compactMap { $0 })
        var marker: String?
        repeat {
            do throws(DriveError) {
                let page = try await drive.list(upload.place.folder, marker: marker, .background)
                let ours = page.files.first { file in
                    file.name == upload.place.name && file.size == upload.size && file.contentHash == hash
                        && !known.contains(file.id) && !owner.isOurs(file.id)
                }
                if let ours { return [.made(ours.id)] }
                marker = page.next
            } catch {
                switch error {
                case .notFound, .inRecycleBin: return [.nothingFound]
                default: throw Trouble(error)
                }
            }
        } while marker != nil
        return [.nothingFound]
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

    private mutating func complete(_ session: UploadSession) async throws(Trouble) -> [DraftEvent] {
        do throws(DriveError) {
            let done = try await drive.completeUpload(session, .background)
            file = done
            return [.whole(session.object, size: done.size, hash: done.contentHash)]
        } catch {
            switch error {
            case .change(.uploadGone): return try await confirm(session.object)
            case .change(.contentMismatch): return [.whole(session.object, size: -1, hash: nil)]
            default: throw Trouble(error)
            }
        }
    }

    mutating func confirm(_ object: ObjectID) async throws(Trouble) -> [DraftEvent] {
        do throws(DriveError) {
            let found = try await drive.file(object, .background)
            guard found.isAvailable, !found.isTrashed else { return [found.isTrashed ? .sessionGone : .unfinished] }
            file = found
            let whole = DraftEvent.whole(object, size: found.size, hash: found.contentHash)
            guard draft.record.upload?.copied != nil else { return [whole] }
            let folder = ObjectID(drive: object.drive, file: found.parent)
            return [whole, .placed(DrivePlace(folder: folder, name: found.name))]
        } catch {
            switch error {
            case .notFound, .inRecycleBin: return [.sessionGone]
            default: throw Trouble(error)
            }
        }
    }
}

// The tree.
extension StepCarrier {
    /// Two calls where folder and name change; after a lost answer the drive tells where the object is.
    private mutating func place(
        _ object: ObjectID, from: DrivePlace, to: DrivePlace
    ) async throws(Trouble) -> [DraftEvent] {
        do throws(DriveError) {
            if from.folder != to.folder {
                let change = try await drive.move(object, to: to.folder.file, .ignore, .foreground)
                try await settle(change.task)
                noteFile { $0.parent = to.folder.file }
                return [.placed(DrivePlace(folder: to.folder, name: from.name))]
            }
            file = try await drive.rename(object, to: to.name, .ignore, .foreground)
            return [.placed(to)]
        } catch {
            switch error {
            case .change(.uncertain): return try await whereIs(object)
            case .notFound, .inRecycleBin: return [.lost]
            default: throw Trouble(error)
            }
        }
    }

    private mutating func whereIs(_ object: ObjectID) async throws(Trouble) -> [DraftEvent] {
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

    /// What is gone already is gone: repeating it after a lost answer does no harm.
    private func removeReplaced(_ old: ReplacedObject) async throws(Trouble) -> [DraftEvent] {
        let copies = owner.unmadeCopies(of: old.object)
        guard copies.isEmpty else {
            for copy in copies { owner.wake(copy, atOnce: true) }
            throw Trouble(.passing, "a copy of what it replaces is to be made first")
        }
        return try await remove(old.object, old.isForeign ? .trash : owner.settings.removal)
    }

    private func remove(_ object: ObjectID, _ way: Removal) async throws(Trouble) -> [DraftEvent] {
        do throws(DriveError) {
            let change = try await drive.remove(object, way, .background)
            try await settle(change.task)
        } catch {
            throw Trouble(error)
        }
        return [.gone(object)]
    }

    /// Waits for what the drive does in the background: 0.5 s, doubling to 5 s. A task that is forgotten is over.
    private func settle(_ task: DriveTaskID?) async throws(DriveError) {
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
