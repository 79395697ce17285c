import Drive

/// What an inode number stands for: an object of the drive, or one way of looking at a live photo.
public struct NodeKey: Hashable, Sendable {
    public enum View: Hashable, Sendable {
        /// The object itself.
        case object
        /// One stream of a live photo, by the drive's name for it (`jpeg`, `heic`, `mov`).
        case stream(String)
        /// A live photo as a ZIP laid out from its streams.
        case archive
    }

    public let object: ObjectID
    public let view: View

    public init(_ object: ObjectID, view: View = .object) {
        self.object = object
        self.view = view
    }
}
