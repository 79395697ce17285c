import Basics

/// A file to be made (contract 7.1).
public struct FileCreation: Sendable {
    /// How the drive is told what the content will be.
    public enum Content: Sendable {
        /// Only its length: parts are uploaded.
        case plain
        /// With the SHA-1 of the first 1024 bytes: the drive says whether it may know the whole.
        case preHash(ContentHash)
        /// With the SHA-1 of the whole and a proof read from `source` for the token that the request carries
        /// (contract 7.4): the drive takes it at once if it knows it, and checks the parts against it otherwise.
        case hashed(ContentHash, any UploadSource)
    }

    public var parent: ObjectID
    public var name: FileName
    public var size: Int64
    public var content: Content
    /// How many part addresses to bring at once; at least 1.
    public var partCount: Int
    public var onTaken: OnTaken
    /// Can be given at this moment only, and may never be given back (contract 4).
    public var modifiedAt: UnixTime?

    public init(
        parent: ObjectID, name: FileName, size: Int64, content: Content, partCount: Int, onTaken: OnTaken,
        modifiedAt: UnixTime? = nil
    ) {
        self.parent = parent
        self.name = name
        self.size = size
        self.content = content
        self.partCount = partCount
        self.onTaken = onTaken
        self.modifiedAt = modifiedAt
    }
}

/// What a create call brought.
public enum Creation: Hashable, Sendable {
    /// A folder was made, or the drive knew the content: the object is there, under this name. Where it was a file,
    /// size and hash are still to be confirmed.
    case made(ObjectID, name: FileName)
    /// Parts are to be uploaded. The object has this name once the upload is complete.
    case upload(UploadSession, name: FileName, links: [UploadLink])
    /// The name is taken by this object, and nothing was made.
    case taken(ObjectID)
}

/// An upload under way; outlives this process (contract 7.6).
public struct UploadSession: Hashable, Codable, Sendable {
    public let object: ObjectID
    public let uploadID: String

    public init(object: ObjectID, uploadID: String) {
        self.object = object
        self.uploadID = uploadID
    }
}

/// A signed address to send one part to. Whoever holds it can write there, so it describes itself without it.
public struct UploadLink: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// From 1.
    public let part: Int
    public let url: String
    /// On the local monotonic clock; renewed ahead of it.
    public let expires: Moment

    public init(part: Int, url: String, expires: Moment) {
        self.part = part
        self.url = url
        self.expires = expires
    }

    public var description: String { "UploadLink(part \(part), secret)" }
    public var debugDescription: String { description }
}

public struct UploadedPart: Hashable, Sendable {
    public var number: Int
    public var size: Int64

    public init(number: Int, size: Int64) {
        self.number = number
        self.size = size
    }
}

/// Bytes to be uploaded, readable at any offset and as often as needed. They must not change meanwhile: whoever changes
/// them cancels the upload.
public protocol UploadSource: Sendable {
    /// Fills `buffer` whole from `offset`. May block for the disk; never called on an event loop.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(UploadSourceError)
}

/// The local bytes cannot be read; one line for people.
public struct UploadSourceError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}

/// How a changing call failed where reading calls cannot (contract 7).
public enum ChangeFailure: Hashable, Sendable {
    /// It was sent and got no usable answer: it may have taken effect or not. Look, then decide.
    case uncertain(String)
    /// The drive may know content that begins like this: ask again with the whole hash (contract 7.4).
    case preHashMatched
    /// The proof did not fit the token or the size.
    case invalidProof(Refusal)
    /// The uploaded bytes are not those of the declared hash; the session is spent.
    case contentMismatch(Refusal)
    /// The upload session is unknown: expired, or completed already.
    case uploadGone(Refusal)
    /// Why a part was not stored.
    case part(PartFailure)
    /// The local bytes of an upload cannot be read.
    case source(UploadSourceError)
}

/// How sending a part failed (contract 7.5).
public enum PartFailure: Hashable, Sendable {
    /// The address is too old: a new one, the same part.
    case expired
    /// The drive wants another part next; its number where it says so.
    case notSequential(expected: Int?)
    /// The session is gone: a new create.
    case sessionGone
    /// Refused by policy or signature; the code of the XML body.
    case denied(String)
    /// 429, 5xx.
    case throttled(status: Int)
    /// The connection ended or stalled; nothing of the part is stored, or all of it.
    case cut(String)
    /// The address points to a host that is not the drive's (`--link-hosts`).
    case foreignHost(String)
}
