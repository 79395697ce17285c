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
    var file: DriveFile?
    var links: [Int: UploadLink] = [:]
    /// The session was opened a moment ago: it has no parts yet.
    var isFresh = false
    var proofsRefused = 0

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
        case .assemble: try await assemble()
        case .hash: try await hash()
        case .create(let form): try await create(form)
        case .find: try await find()
        case .send(let session): try await send(session)
        case .complete(let session): try await complete(session)
        case .confirm(let object): try await confirm(object)
        case .place(let object, let from, let to): try await place(object, from: from, to: to)
        case .locate(let object): try await whereIs(object)
        case .remove(let old): try await remove(old)
        case .discard(let object): try await remove(object, .delete).events
        case .rest, .end: []
        }
    }

    /// Goes on from what was hashed while the file was written.
    private func hash() async throws(Trouble) -> [DraftEvent] {
        guard !draft.record.isRemoved else { return [] }
        let (running, size, revision) = draft.state.withLock { state in
            (state.running, state.machine.record.content?.size ?? 0, state.machine.record.content?.revision ?? 0)
        }
        let file = draft.file
        do throws(SpoolError) {
            let result = try await owner.disk.run { [draft] () throws(SpoolError) -> ContentHash? in
                var hash = running ?? RunningHash()
                let piece = PieceBuffer(count: 1 << 20)
                while hash.count < size {
                    if !draft.wants(revision) { return nil }
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

    private mutating func complete(_ session: UploadSession) async throws(Trouble) -> [DraftEvent] {
        do throws(DriveError) {
            let done = try await drive.completeUpload(session, .background)
            file = done
            return [.whole(session.object, size: done.size, hash: done.contentHash)] + misnamed(done)
        } catch {
            switch error {
            case .change(.uploadGone): return try await confirm(session.object, isSpent: true)
            case .change(.contentMismatch): return [.whole(session.object, size: -1, hash: nil)]
            case .notFound, .inRecycleBin: return [.sessionGone]
            case .rejected:
                // A part that counts as sent may not have arrived.
                let words = Trouble(error).words
                owner.log.warning("the upload of “\(draft.record.place.name)” cannot be completed: \(words)")
                return [.refused(words)]
            default: throw Trouble(error)
            }
        }
    }

    /// The drive gave it another name than it was asked for.
    private func misnamed(_ found: DriveFile) -> [DraftEvent] {
        guard var place = draft.record.upload?.place, place.name != found.name else { return [] }
        place.name = found.name
        return [.placed(place)]
    }

    /// - Parameter isSpent: the session is gone, so that what is not whole never will be.
    mutating func confirm(_ object: ObjectID, isSpent: Bool = false) async throws(Trouble) -> [DraftEvent] {
        do throws(DriveError) {
            let found = try await drive.file(object, .background)
            if found.isTrashed { return [.sessionGone] }
            if !found.isAvailable { return [isSpent ? .sessionSpent : .unfinished] }
            file = found
            return [.whole(object, size: found.size, hash: found.contentHash)] + misnamed(found)
        } catch {
            switch error {
            case .notFound, .inRecycleBin: return [.sessionGone]
            default: throw Trouble(error)
            }
        }
    }
}
