import Basics
import Drive

/// Where immutable bytes can be had: one file of the drive, or one stream of a live photo.
///
/// New content is always a new id (contract 12.1), so a source means the same bytes for ever.
public struct ContentSource: Hashable, Sendable {
    public var object: ObjectID
    /// The part of a live photo (`jpeg`, `heic`, `mov`); `nil` for a file's own bytes.
    public var stream: String?
    /// In bytes, exact.
    public var size: Int64
    /// The SHA-1 that the drive states, where it does.
    public var contentHash: ContentHash?

    public init(object: ObjectID, stream: String? = nil, size: Int64, contentHash: ContentHash? = nil) {
        precondition(size >= 0, "a size is not negative")
        self.object = object
        self.stream = stream
        self.size = size
        self.contentHash = contentHash
    }

    public var key: ContentKey {
        if let contentHash { return .hash(contentHash, size: size) }
        return .part(object, stream: stream, size: size)
    }
}

/// What bytes are kept under: the content where its hash is known, so that a moved, renamed or duplicate file finds
/// them again, else the object they came from.
public enum ContentKey: Hashable, Sendable {
    case hash(ContentHash, size: Int64)
    case part(ObjectID, stream: String?, size: Int64)
}
