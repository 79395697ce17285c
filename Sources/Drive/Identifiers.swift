/// One drive of the account (default, resource or backup); an opaque string, never parsed.
public struct DriveID: Hashable, Codable, Sendable {
    public let rawValue: String
    public init(_ rawValue: String) { self.rawValue = rawValue }
}

/// The drive's identity of a file or folder; opaque. It survives renames and moves, and its bytes never change:
/// new content is always a new id (contract 12.1).
public struct FileID: Hashable, Codable, Sendable {
    public let rawValue: String
    public init(_ rawValue: String) { self.rawValue = rawValue }
    /// The top folder of every drive.
    public static let root = FileID("root")
}

/// A file or folder, told apart from all others of the account.
public struct ObjectID: Hashable, Codable, Sendable {
    public let drive: DriveID
    public let file: FileID

    public init(drive: DriveID, file: FileID) {
        self.drive = drive
        self.file = file
    }
}
