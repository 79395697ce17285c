import Basics
import Drive
import MetadataStore

/// Decides how one change gets from here to the drive: events in, steps out. A value without input or output; its
/// `record` is what the journal holds, and a machine made from that row goes on after a crash (docs/journal.md).
///
/// Whoever drives it writes `record` to the journal whenever it changed, before doing the next step.
struct DraftMachine: Sendable {
    private(set) var record: DraftRecord
    let policy: UploadPolicy

    // What a crash may forget.

    /// The create call was made, or may have been, and its outcome is not known.
    private var createIsOut: Bool
    private var completeIsOut: Bool
    /// A rename or move was made, or may have been, so that the object may lie elsewhere than the row says.
    private var placeIsOut: Bool
    private var allSent = false
    private var knownHash: (revision: UInt64, hash: ContentHash)?
    /// The drive may know the content, so the whole is hashed however large it is.
    private var wantsHash = false
    /// Proof or hash were refused: parts only.
    private var isPlain = false
    /// The drive does not copy the base.
    private var mayNotCopy = false
    private var mismatches = 0
    /// Uploads in a row that the drive did not let come to their end.
    private var refusals = 0

    /// - Parameter isRecovered: the record comes from an earlier run, so calls that it announces may have been made.
    init(_ record: DraftRecord, _ policy: UploadPolicy, isRecovered: Bool = false) {
        self.record = record
        self.policy = policy
        createIsOut = isRecovered
        completeIsOut = isRecovered
        placeIsOut = isRecovered
    }

    /// The hash of the present content, where it is known.
    var hash: ContentHash? { knownHash.flatMap { $0.revision == record.content?.revision ? $0.hash : nil } }

    /// Where a creation went that may have been made and whose outcome is not known.
    var unanswered: DrivePlace? {
        guard createIsOut, record.failure == nil, let upload = record.upload, upload.phase == .creating else {
            return nil
        }
        return upload.place
    }

    /// The next step; moves `record` on where a call is about to be made.
    ///
    /// - Parameters:
    ///   - isOpen: somebody has the file open; what was removed stays until nobody has.
    ///   - mayBegin: whether an upload of sealed content may begin now.
    mutating func next(isOpen: Bool, mayBegin: Bool) -> DraftStep {
        if record.failure != nil { return .rest }
        // Others may make the same again: what an unanswered call made is told from that only now.
        if record.isRemoved, isOpen { return unanswered == nil ? .rest : .find }
        if record.isRemoved { return nextOfRemoval() }
        while true {
            if let upload = record.upload {
                if let step = next(upload) { return step }
            } else {
                return nextWithoutUpload(mayBegin: mayBegin)
            }
        }
    }

    /// The step of an upload under way; `nil` when it was given up and what comes next is to be looked at anew.
    private mutating func next(_ upload: UploadRecord) -> DraftStep? {
        let isOutdated = record.content.map { $0.revision != upload.revision } ?? false
        switch upload.phase {
        case .creating:
            if !createIsOut {
                if isOutdated || upload.place != record.place {
                    record.upload = nil
                    return nil
                }
                createIsOut = true
                return .create(form(of: upload))
            }
            return .find
        case .sending:
            guard !isOutdated, let session = upload.session else {
                abandon(upload)
                return nil
            }
            if !allSent { return .send(session) }
            if upload.hash == nil {
                guard let hash else { return .hash }
                record.upload?.hash = hash
            }
            record.upload?.phase = .completing
            completeIsOut = false
            return nil
        case .completing:
            if let made = upload.result { return .confirm(made) }
            guard let session = upload.session else {
                record.upload = nil
                return nil
            }
            if completeIsOut { return .confirm(session.object) }
            completeIsOut = true
            return .complete(session)
        case .placing: return nextOfPlacing(upload, isOutdated: isOutdated)
        }
    }

    private mutating func nextOfPlacing(_ upload: UploadRecord, isOutdated: Bool) -> DraftStep? {
        if let object = record.object {
            if object.place != record.place {
                placeIsOut = true
                return .place(object.id, from: object.place, to: record.place)
            }
            if placeIsOut { return .locate(object.id) }
        }
        if let old = record.replaced.first { return .remove(old) }
        if let litter = record.litter.first { return .discard(litter) }
        if !isOutdated { return .end }
        record.upload = nil
        return nil
    }

    private mutating func nextWithoutUpload(mayBegin: Bool) -> DraftStep {
        guard let content = record.content else {
            // A row with nothing left to do; a crash came between its last step and its end.
            if let old = record.replaced.first { return .remove(old) }
            return record.litter.first.map { .discard($0) } ?? .end
        }
        guard content.state == .sealed, mayBegin else { return .rest }
        if let litter = record.litter.first { return .discard(litter) }
        if let base = content.whole, base.object != record.object?.id, !mayNotCopy {
            return beginCopy(of: base, content)
        }
        if !content.missing.isEmpty { return .assemble }
        let hashesFirst = content.size <= policy.hashedFirstMax || wantsHash || !policy.isRapid || isPlain
        if hash == nil, hashesFirst { return .hash }
        if let object = record.object, let base = content.base, base.object == object.id, base.size == content.size,
            let hash, base.hash == hash
        {
            // Written, and yet the same bytes.
            record.upload = UploadRecord(
                phase: .placing, revision: content.revision, size: content.size, hash: hash, place: object.place,
                isTwin: false, result: object.id)
            return nextOfPlacing(record.upload!, isOutdated: false) ?? .rest
        }
        let isTwin = record.object?.place == record.place || !record.replaced.isEmpty
        let upload = UploadRecord(
            phase: .creating, revision: content.revision, size: content.size, hash: hash, place: record.place,
            isTwin: isTwin, partSize: policy.partSize(for: content.size))
        record.upload = upload
        createIsOut = true
        allSent = false
        return .create(form(of: upload))
    }

    /// The content is that of another stored object, all of it.
    private mutating func beginCopy(of base: BaseContent, _ content: DraftContent) -> DraftStep {
        record.upload = UploadRecord(
            phase: .creating, revision: content.revision, size: content.size, hash: base.hash, place: record.place,
            isTwin: true, copied: base.object)
        createIsOut = true
        return .create(.copy(base.object))
    }

    private mutating func nextOfRemoval() -> DraftStep {
        if let upload = record.upload {
            switch upload.phase {
            case .creating:
                if createIsOut { return .find }
                record.upload = nil
            // Whether it was completed or not: the id names the session's placeholder or the object.
            case .sending, .completing: abandon(upload)
            case .placing: record.upload = nil
            }
        }
        if let old = record.replaced.first { return .remove(old) }
        return record.litter.first.map { .discard($0) } ?? .end
    }

    private func form(of upload: UploadRecord) -> UploadForm {
        if let copied = upload.copied { return .copy(copied) }
        if isPlain || !policy.isRapid { return .plain }
        return upload.hash == nil ? .preHash : .hashed
    }

    /// The session's bytes are no longer wanted.
    private mutating func abandon(_ upload: UploadRecord, _ made: ObjectID? = nil) {
        let objects = [made, upload.session?.object, upload.result].compactMap { $0 }
        for object in objects where !record.litter.contains(object) { record.litter.append(object) }
        record.upload = nil
        allSent = false
    }
}

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
