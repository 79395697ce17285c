import Basics
import Drive
import MetadataStore

/// What is to be done next for a draft. Whoever does it tells the machine how it went (`DraftEvent`).
enum DraftStep: Hashable, Sendable {
    /// Nothing until something happens from outside.
    case rest
    /// Brings into the spool what only the base has.
    case assemble
    case hash
    /// Makes the create call of `record.upload`.
    case create(UploadForm)
    /// Looks for what an unanswered create call may have made.
    case find
    /// Sends the parts that the drive does not have yet.
    case send(UploadSession)
    case complete(UploadSession)
    /// Asks the drive what it has under this id.
    case confirm(ObjectID)
    case place(ObjectID, from: DrivePlace, to: DrivePlace)
    /// Asks the drive where this object lies.
    case locate(ObjectID)
    case remove(ReplacedObject)
    /// Deletes an object of ours that nobody ever saw.
    case discard(ObjectID)
    /// The drive has everything: the row can go.
    case end
}

/// How the drive is told of the content (contract 7.4).
enum UploadForm: Hashable, Sendable {
    /// With the hash of the whole: one call, and the drive checks what it gets against it.
    case hashed
    /// With the hash of the first bytes: spares reading a large file twice where the drive does not know it.
    case preHash
    case plain
    /// The drive copies an object of its own.
    case copy(ObjectID)
}

/// What happened to a draft.
enum DraftEvent: Hashable, Sendable {
    // Here.
    /// Bytes of ours, where there were none.
    case began(DraftContent)
    case changed
    /// What the spool lacks comes from this; there was none before.
    case based(BaseContent)
    case sealed(size: Int64, modified: UnixTime, baseEnd: Int64, present: [ByteRange])
    /// Its time was set; not a change of the bytes.
    case touched(UnixTime)
    case moved(DrivePlace)
    case replaces([ReplacedObject])
    case removed
    case retry
    case failed(String)

    // At the drive.
    case assembled
    case hashed(ContentHash, revision: UInt64)
    case preHashMatched
    /// The proof or the declared hash was not accepted: without it the next time.
    case hashRefused
    case copyRefused
    case opened(UploadSession, partSize: Int64)
    case made(ObjectID)
    /// What an unanswered call made, known by name and content.
    case found(ObjectID)
    /// The name is taken, and what has it stays or goes on its own (`nil`), or is to go when ours is in place.
    case taken(ReplacedObject?)
    case nothingFound
    case sent
    /// What the drive has is whole, with this size and hash.
    case whole(ObjectID, size: Int64, hash: ContentHash?)
    /// The drive still waits for the end of the upload.
    case unfinished
    case sessionGone
    /// The session does not go on, and what it made so far is litter.
    case sessionSpent
    /// The drive does not end the upload: once more from the start, as it may lack what it said it had. Twice in a row
    /// it is its last word.
    case refused(String)
    case placed(DrivePlace)
    /// The object is gone from the drive, by somebody else's hand.
    case lost
    case gone(ObjectID)
}

/// What a user chose about uploads.
public struct UploadPolicy: Hashable, Sendable {
    /// Whether the drive may take content that it knows already (`--rapid-upload`).
    public var isRapid: Bool
    /// Files up to this many bytes are hashed before they are announced; larger ones only if their hash is known or the
    /// drive may know them.
    public var hashedFirstMax: Int64
    /// Bytes of one part, unless the file needs larger ones to stay within 10,000 (contract 7.5).
    public var partSize: Int64

    public init(isRapid: Bool = true, hashedFirstMax: Int64 = 32 << 20, partSize: Int64 = 16 << 20) {
        self.isRapid = isRapid
        self.hashedFirstMax = hashedFirstMax
        self.partSize = partSize
    }

    /// Of all parts but the last (contract 7.5).
    private static let smallestPart: Int64 = 102_400

    /// As many bytes as each part but the last has.
    func partSize(for size: Int64) -> Int64 {
        let mebibyte: Int64 = 1 << 20
        let needed = (size + 9_999) / 10_000
        let wanted = max(partSize, Self.smallestPart)
        return needed <= wanted ? wanted : (needed + mebibyte - 1) / mebibyte * mebibyte
    }
}
