import Basics
import Drive
import VFS

/// What of an object is readable as an extended attribute (semantics 2). Read-only.
private enum ObjectAttribute: String, CaseIterable {
    case fileID = "user.aliyun.file_id"
    case driveID = "user.aliyun.drive_id"
    /// The drive's own name, where the one shown had to differ.
    case name = "user.aliyun.name"
    case sha1 = "user.aliyun.sha1"
    case state = "user.aliyun.state"

    func value(of entry: ListedEntry) -> [UInt8]? {
        switch self {
        case .fileID: Array(entry.file.id.file.rawValue.utf8)
        case .driveID: Array(entry.file.id.drive.rawValue.utf8)
        case .name: entry.file.name.bytes
        case .sha1: entry.file.contentHash.map { Array($0.hex.utf8) }
        case .state: entry.isFolder ? nil : Array("clean".utf8)
        }
    }
}

extension RemoteFS {
    /// On the root only and in no list, so that nothing copies it along: the report behind `aliyunfs status`.
    static let statusAttribute: FileName = "user.aliyun.status"

    public func extendedAttribute(_ name: FileName, of inode: InodeNumber) async throws(FSError) -> [UInt8] {
        if inode == .root {
            guard name == Self.statusAttribute else { throw .noSuchAttribute }
            return statusDocument()
        }
        guard let attribute = ObjectAttribute.allCases.first(where: { FileName($0.rawValue) == name }),
            let value = attribute.value(of: try inodes.node(inode).entry)
        else { throw .noSuchAttribute }
        return value
    }

    public func extendedAttributeNames(of inode: InodeNumber) async throws(FSError) -> [FileName] {
        if inode == .root { return [] }
        let entry = try inodes.node(inode).entry
        return ObjectAttribute.allCases.filter { $0.value(of: entry) != nil }.map { FileName($0.rawValue) }
    }
}
