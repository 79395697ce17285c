import Basics

public enum ObjectKind: Hashable, Sendable {
    case file, folder
}

/// One stream of a live photo, by the extension the drive names it with (`jpeg`, `heic`, `mov`).
public struct StreamInfo: Hashable, Sendable {
    public let name: String
    /// Exact length in bytes of what its link delivers.
    public let size: Int64

    public init(name: String, size: Int64) {
        self.name = name
        self.size = size
    }
}

/// An object of the drive as a listing or a `get` shows it: one revision, a plain value (contract 4).
public struct DriveFile: Hashable, Sendable {
    public var id: ObjectID
    public var parent: FileID
    public var name: FileName
    public var kind: ObjectKind
    /// In bytes; 0 for folders. Of a live photo with streams it is not the length of anything readable.
    public var size: Int64
    /// `nil` for folders, live photos, and where the drive names another algorithm.
    public var contentHash: ContentHash?
    public var createdAt: UnixTime?
    public var updatedAt: UnixTime?
    public var localModifiedAt: UnixTime?
    /// The parts of a live photo, sorted by name; empty for everything else and where the drive left them out.
    public var streams: [StreamInfo]
    /// 0 is fine; 2 and 103 mean that the bytes are withheld or replaced.
    public var punishFlag: Int
    /// In the recycle bin.
    public var isTrashed: Bool
    /// False for the placeholder of an unfinished upload.
    public var isAvailable: Bool

    public init(
        id: ObjectID, parent: FileID, name: FileName, kind: ObjectKind, size: Int64,
        contentHash: ContentHash? = nil, createdAt: UnixTime? = nil, updatedAt: UnixTime? = nil,
        localModifiedAt: UnixTime? = nil, streams: [StreamInfo] = [], punishFlag: Int = 0,
        isTrashed: Bool = false, isAvailable: Bool = true
    ) {
        self.id = id
        self.parent = parent
        self.name = name
        self.kind = kind
        self.size = size
        self.contentHash = contentHash
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.localModifiedAt = localModifiedAt
        self.streams = streams
        self.punishFlag = punishFlag
        self.isTrashed = isTrashed
        self.isAvailable = isAvailable
    }
}

/// One page of a listing. Only `next` tells whether there is more: a page may be short or even empty (contract 5.1).
public struct ListPage: Hashable, Sendable {
    public var files: [DriveFile]
    /// The marker of the next page; `nil` at the end.
    public var next: String?

    public init(files: [DriveFile], next: String?) {
        self.files = files
        self.next = next
    }
}

/// The user behind the token and the drives that were granted (contract 3).
public struct AccountInfo: Hashable, Sendable {
    public var userID: String
    public var name: String
    public var defaultDrive: DriveID
    public var resourceDrive: DriveID?
    public var backupDrive: DriveID?

    public init(
        userID: String, name: String, defaultDrive: DriveID, resourceDrive: DriveID? = nil,
        backupDrive: DriveID? = nil
    ) {
        self.userID = userID
        self.name = name
        self.defaultDrive = defaultDrive
        self.resourceDrive = resourceDrive
        self.backupDrive = backupDrive
    }
}

/// Space of the whole account, in bytes; used may exceed total.
public struct SpaceInfo: Hashable, Sendable {
    public var used: Int64
    public var total: Int64

    public init(used: Int64, total: Int64) {
        self.used = used
        self.total = total
    }
}
