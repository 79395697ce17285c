import Basics
import Drive

/// Names a row of the journal and its file in the spool. Never used twice while anything of it is left.
public struct DraftID: Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
    public static func < (a: DraftID, b: DraftID) -> Bool { a.rawValue < b.rawValue }
}

extension FileID {
    /// Stands for a file that the drive has never seen; never sent.
    public static func local(_ draft: DraftID) -> FileID { FileID("local:\(draft.rawValue)") }
}

/// Where an object is wanted on the drive: folder and the drive's own name.
public struct DrivePlace: Hashable, Codable, Sendable {
    public var folder: ObjectID
    public var name: FileName

    public init(folder: ObjectID, name: FileName) {
        self.folder = folder
        self.name = name
    }
}

/// One change that is acknowledged here and not finished on the drive: a row of the journal (docs/journal.md).
///
/// Three things can be unfinished, together or alone: bytes that the drive does not have (`content`), an upload under
/// way (`upload`), objects that are to go once the new one is in place (`replaced`, `litter`).
public struct DraftRecord: Hashable, Sendable {
    public let id: DraftID
    public let inode: UInt64
    /// Where it is wanted now; changed by renames.
    public var place: DrivePlace
    /// `nil` when there are no bytes of ours: a rename, or a removal that waits for the last close.
    public var content: DraftContent?
    public var upload: UploadRecord?
    /// What is this file on the drive at the moment, if anything is.
    public var object: PlacedObject?
    /// To be removed once `object` is in place, or at once when `isRemoved`.
    public var replaced: [ReplacedObject]
    /// Unfinished or unwanted objects of our own that nobody ever saw; deleted without the recycle bin.
    public var litter: [ObjectID]
    /// Removed here: nothing is uploaded any more, everything of it goes after the last close.
    public var isRemoved: Bool
    /// Why it cannot go on by itself, in words for people; cleared by a retry.
    public var failure: String?

    public init(
        id: DraftID, inode: UInt64, place: DrivePlace, content: DraftContent? = nil, upload: UploadRecord? = nil,
        object: PlacedObject? = nil, replaced: [ReplacedObject] = [], litter: [ObjectID] = [], isRemoved: Bool = false,
        failure: String? = nil
    ) {
        self.id = id
        self.inode = inode
        self.place = place
        self.content = content
        self.upload = upload
        self.object = object
        self.replaced = replaced
        self.litter = litter
        self.isRemoved = isRemoved
        self.failure = failure
    }
}

extension DraftRecord {
    /// The objects of the drive that have a part in the change: the file stands on them, has become them, or is to
    /// remove them.
    public var objects: [ObjectID] {
        [object?.id, content?.base?.object, upload?.session?.object, upload?.result].compactMap { $0 } + litter
            + replaced.map(\.object)
    }

    /// Whether `object` is one of `objects`.
    public func names(_ object: ObjectID) -> Bool { objects.contains(object) }
}

/// An object and where it lies on the drive.
public struct PlacedObject: Hashable, Codable, Sendable {
    public var id: ObjectID
    public var place: DrivePlace

    public init(id: ObjectID, place: DrivePlace) {
        self.id = id
        self.place = place
    }
}

/// Bytes in the spool.
public struct DraftContent: Hashable, Codable, Sendable {
    public enum State: String, Hashable, Codable, Sendable {
        /// May change at any time; size, time and ranges below are those of the last seal, the spool knows better.
        case open
        /// Closed or synced: what the row says is what is in the spool.
        case sealed
    }

    public var state: State
    /// Counts changes since the draft began; an upload is of one revision.
    public var revision: UInt64
    public var size: Int64
    public var modified: UnixTime
    /// Fills what the spool does not have, below `baseEnd`.
    public var base: BaseContent?
    public var baseEnd: Int64
    /// What the spool has, sorted and apart; meaningless without a base, as the spool then has everything.
    public var present: [ByteRange]

    public init(
        state: State, revision: UInt64, size: Int64, modified: UnixTime, base: BaseContent? = nil, baseEnd: Int64 = 0,
        present: [ByteRange] = []
    ) {
        self.state = state
        self.revision = revision
        self.size = size
        self.modified = modified
        self.base = base
        self.baseEnd = baseEnd
        self.present = present
    }
}

/// The stored object that a draft began from.
public struct BaseContent: Hashable, Codable, Sendable {
    public var object: ObjectID
    public var size: Int64
    public var hash: ContentHash?

    public init(object: ObjectID, size: Int64, hash: ContentHash?) {
        self.object = object
        self.size = size
        self.hash = hash
    }
}

/// An object that must go, and how.
public struct ReplacedObject: Hashable, Codable, Sendable {
    public var object: ObjectID
    /// The folder whose listing shows it.
    public var folder: FileID
    /// Somebody else made it: it goes to the recycle bin whatever the setting says.
    public var isForeign: Bool

    public init(object: ObjectID, folder: FileID, isForeign: Bool = false) {
        self.object = object
        self.folder = folder
        self.isForeign = isForeign
    }
}

/// How far the upload of one revision has come.
public struct UploadRecord: Hashable, Codable, Sendable {
    /// Stored by name. Each is written before the call that it announces.
    public enum Phase: String, Hashable, Codable, Sendable, CaseIterable {
        /// A create call may have been made.
        case creating
        /// The session is open; parts are sent in order.
        case sending
        /// All parts are there; a complete call may have been made.
        case completing
        /// The object is whole and compared with ours; it is being given its place.
        case placing
    }

    public var phase: Phase
    /// Of the content it sends.
    public var revision: UInt64
    public var size: Int64
    public var hash: ContentHash?
    /// Where the object is created; renames while it is sent do not change it.
    public var place: DrivePlace
    /// Something of ours has the name already, so that a twin is made for the moment.
    public var isTwin: Bool
    public var session: UploadSession?
    public var partSize: Int64
    /// What the drive says of the finished object, from `placing` on.
    public var result: ObjectID?
    /// The object that the drive is asked to copy instead of getting bytes.
    public var copied: ObjectID?

    public init(
        phase: Phase, revision: UInt64, size: Int64, hash: ContentHash?, place: DrivePlace, isTwin: Bool,
        session: UploadSession? = nil, partSize: Int64 = 0, result: ObjectID? = nil, copied: ObjectID? = nil
    ) {
        self.phase = phase
        self.revision = revision
        self.size = size
        self.hash = hash
        self.place = place
        self.isTwin = isTwin
        self.session = session
        self.partSize = partSize
        self.result = result
        self.copied = copied
    }
}
