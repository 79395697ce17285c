import Basics
import Drive
import MetadataStore

/// Decides how one change gets from here to the drive: events in, steps out. A value without input or output; its
/// `record` is what the journal holds, and a machine made from that row goes on after a crash (docs/journal.md).
///
/// Whoever drives it writes `record` to the journal whenever it changed, before doing the next step. Only this file
/// (what is next) and `DraftMachine+Events.swift` (what happened) change anything in it.
struct DraftMachine: Sendable {
    var record: DraftRecord
    let policy: UploadPolicy

    // What a crash may forget.

    /// The create call was made, or may have been, and its outcome is not known.
    var createIsOut: Bool
    var completeIsOut: Bool
    /// A rename or move was made, or may have been, so that the object may lie elsewhere than the row says.
    var placeIsOut: Bool
    var allSent = false
    var knownHash: (revision: UInt64, hash: ContentHash)?
    /// The drive may know the content, so the whole is hashed however large it is.
    var wantsHash = false
    /// Proof or hash were refused: parts only.
    var isPlain = false
    /// The drive does not copy the base.
    var mayNotCopy = false
    var mismatches = 0
    /// Uploads in a row that the drive did not let come to their end.
    var refusals = 0

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
    mutating func abandon(_ upload: UploadRecord, _ made: ObjectID? = nil) {
        let objects = [made, upload.session?.object, upload.result].compactMap { $0 }
        for object in objects where !record.litter.contains(object) { record.litter.append(object) }
        record.upload = nil
        allSent = false
    }
}
