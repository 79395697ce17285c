import Basics
import Drive
import MetadataStore

// What happened.
extension DraftMachine {
    mutating func handle(_ event: DraftEvent) {
        switch event {
        case .began(let content): if record.content == nil { record.content = content }
        case .based(let base): record.content?.base = base
        case .changed:
            if record.content?.state == .sealed { record.content?.revision += 1 }
            record.content?.state = .open
            record.failure = nil
            isPlain = false
            mayNotCopy = false
        case .touched(let modified): record.content?.modified = modified
        case .sealed(let size, let modified, let baseEnd, let present):
            record.content?.state = .sealed
            record.content?.size = size
            record.content?.modified = modified
            record.content?.baseEnd = baseEnd
            record.content?.present = present
        case .moved(let place):
            record.place = place
            record.failure = nil
        case .replaces(let objects): for object in objects { add(object) }
        case .removed:
            record.isRemoved = true
            record.failure = nil
            if let object = record.object {
                add(ReplacedObject(object: object.id, folder: object.place.folder.file))
                record.object = nil
            }
        case .retry: record.failure = nil
        case .failed(let words): record.failure = words
        case .assembled, .hashed, .preHashMatched, .hashRefused, .copyRefused: prepared(event)
        case .opened, .made, .found, .taken, .nothingFound, .sent, .whole, .unfinished, .sessionGone, .sessionSpent,
            .refused:
            uploaded(event)
        case .placed(let place):
            record.object?.place = place
            placeIsOut = false
        case .lost:
            // What should have made room for it stays; bytes of ours are sent once more.
            if let copied = record.upload?.copied, record.content?.base?.object == record.object?.id {
                record.content?.base?.object = copied
            }
            record.object = nil
            record.upload = nil
            if record.content == nil { record.replaced = [] }
        case .gone(let object):
            record.replaced.removeAll { $0.object == object }
            record.litter.removeAll { $0 == object }
        }
    }

    /// Another file takes this one's name: everything of this one is given up but what others can still see on the
    /// drive. That is for the other to remove when it is in place.
    mutating func yield() -> Yielded {
        let (object, failure) = (record.object, record.failure)
        handle(.removed)
        defer { record.replaced = [] }
        return Yielded(replaced: record.replaced, object: object, failure: failure)
    }

    /// The other one does not take the name after all.
    mutating func takeBack(_ yielded: Yielded) {
        record.isRemoved = false
        record.failure = yielded.failure
        if let own = yielded.object, record.object == nil { record.object = own }
        for old in yielded.replaced where old.object != record.object?.id { add(old) }
    }

    /// Objects that were to make room for this one stay after all.
    mutating func spare(_ objects: [ReplacedObject]) {
        record.replaced.removeAll { old in objects.contains { $0.object == old.object } }
    }

    /// What `yield` gave away.
    struct Yielded: Sendable {
        var replaced: [ReplacedObject]
        var object: PlacedObject?
        var failure: String?
    }

    /// The unsent bytes are given up: the file is what the drive has. False when there are none, when the drive has no
    /// version of it, or while it is not known what an unanswered call has made.
    mutating func revert() -> Bool {
        guard record.content != nil, !record.isRemoved, let object = record.object else { return false }
        if let upload = record.upload {
            switch upload.phase {
            case .creating:
                if createIsOut { return false }
                record.upload = nil
            case .sending, .completing: abandon(upload)
            case .placing: return false
            }
        }
        record.content = nil
        record.failure = nil
        if object.place != record.place {
            record.upload = UploadRecord(
                phase: .placing, revision: 0, size: 0, hash: nil, place: object.place, isTwin: true, result: object.id)
        }
        return true
    }

    private mutating func prepared(_ event: DraftEvent) {
        switch event {
        case .assembled:
            if let size = record.content?.size { record.content?.present = [ByteRange(0, size)] }
        case .hashed(let hash, let revision): knownHash = (revision, hash)
        case .preHashMatched:
            wantsHash = true
            record.upload = nil
        case .hashRefused:
            isPlain = true
            record.upload = nil
        case .copyRefused:
            mayNotCopy = true
            record.upload = nil
        default: preconditionFailure("not an event of the preparation")
        }
    }

    private mutating func uploaded(_ event: DraftEvent) {
        switch event {
        case .opened(let session, let partSize):
            record.upload?.phase = .sending
            record.upload?.session = session
            record.upload?.partSize = partSize
            allSent = false
        case .made(let object): made(object)
        case .found(let object):
            guard record.isRemoved, let upload = record.upload else { return made(object) }
            // Found by its looks, not by an answer: not deleted for good.
            add(ReplacedObject(object: object, folder: upload.place.folder.file, isForeign: true))
            record.upload = nil
        case .taken(let other):
            // Renamed meanwhile: it is none of its business any more.
            if let other, record.upload?.place == record.place { add(other) }
            record.upload?.isTwin = true
            createIsOut = false
        case .nothingFound: createIsOut = false
        case .sent: allSent = true
        case .whole(let object, let size, let hash): whole(object, size: size, hash: hash)
        case .unfinished:
            record.upload?.phase = .sending
            allSent = false
        case .sessionGone:
            record.upload = nil
            allSent = false
        case .sessionSpent: if let upload = record.upload { abandon(upload) }
        case .refused(let words):
            if let upload = record.upload { abandon(upload) }
            refusals += 1
            if refusals > 1, !record.isRemoved {
                record.failure = words
                refusals = 0
            }
        default: preconditionFailure("not an event of an upload")
        }
    }

    private mutating func made(_ object: ObjectID) {
        record.upload?.phase = .completing
        record.upload?.result = object
    }

    /// The drive's object is whole: ours if size and hash say so. A hash that the drive does not state is taken for
    /// right, as it checked the parts against the one that was declared.
    private mutating func whole(_ object: ObjectID, size: Int64, hash: ContentHash?) {
        guard let upload = record.upload else { return }
        if record.isRemoved {
            abandon(upload, object)
            return
        }
        guard size == upload.size, hash == nil || hash == upload.hash else {
            abandon(upload, object)
            // What was hashed while it was written is not believed a second time.
            knownHash = nil
            mismatches += 1
            if mismatches > 1 { record.failure = "the drive keeps storing other bytes than were sent" }
            return
        }
        record.upload?.phase = .placing
        record.upload?.result = object
        if let old = record.object, old.id != object {
            add(ReplacedObject(object: old.id, folder: old.place.folder.file))
        }
        record.object = PlacedObject(id: object, place: upload.place)
        placeIsOut = false
        refusals = 0
        // Of a copy the original may go from now on.
        if let copied = upload.copied, record.content?.base?.object == copied { record.content?.base?.object = object }
    }

    private mutating func add(_ object: ReplacedObject) {
        if !record.replaced.contains(where: { $0.object == object.object }) { record.replaced.append(object) }
    }
}
