import Basics
import Drive
import VFS
import WritePath

/// What of an object is readable as an extended attribute (semantics 2). Read-only.
private enum ObjectAttribute: String, CaseIterable {
    case fileID = "user.aliyun.file_id"
    case driveID = "user.aliyun.drive_id"
    /// The drive's own name, where the one shown had to differ.
    case name = "user.aliyun.name"
    case sha1 = "user.aliyun.sha1"
    case state = "user.aliyun.state"

    func value(of entry: ListedEntry, _ stage: DraftStatus.Stage?) -> [UInt8]? {
        let isLocal = entry.file.id.file.rawValue.hasPrefix("local:")
        return switch self {
        case .fileID: isLocal ? nil : Array(entry.file.id.file.rawValue.utf8)
        case .driveID: Array(entry.file.id.drive.rawValue.utf8)
        case .name: entry.file.name.bytes
        // Of what the drive has; what is written here is not hashed for this.
        case .sha1: stage == nil ? entry.file.contentHash.map { Array($0.hex.utf8) } : nil
        case .state: entry.isFolder ? nil : Array((stage?.rawValue ?? "clean").utf8)
        }
    }
}

extension RemoteFS {
    /// On the root only and in no list, so that nothing copies it along: the report behind `aliyunfs status`.
    static let statusAttribute: FileName = "user.aliyun.status"
    private static let ours = Array("user.aliyun.".utf8)
    private static let users = Array("user.".utf8)

    public func extendedAttribute(_ name: FileName, of inode: InodeNumber) async throws(FSError) -> [UInt8] {
        if let value = overlay[inode]?.extended[name] { return value }
        if inode == .root {
            guard name == Self.statusAttribute else { throw .noSuchAttribute }
            return statusDocument()
        }
        // The kernel asks for `security.capability` before each write.
        guard name.bytes.starts(with: Self.ours),
            let attribute = ObjectAttribute.allCases.first(where: { FileName($0.rawValue) == name }),
            let value = attribute.value(of: try inodes.node(inode).entry, stage(of: inode))
        else { throw .noSuchAttribute }
        return value
    }

    public func extendedAttributeNames(of inode: InodeNumber) async throws(FSError) -> [FileName] {
        let own = (overlay[inode]?.extended.keys.map { $0 } ?? []).sorted()
        if inode == .root { return own }
        let entry = try inodes.node(inode).entry
        let stage = stage(of: inode)
        return ObjectAttribute.allCases.filter { $0.value(of: entry, stage) != nil }.map { FileName($0.rawValue) } + own
    }

    public func setExtendedAttribute(
        _ name: FileName, of inode: InodeNumber, to value: [UInt8], _ mode: AttributeSetMode
    ) async throws(FSError) {
        try mayChange(name, of: inode)
        let isThere = overlay[inode]?.extended[name] != nil
        if mode == .create, isThere { throw .alreadyExists }
        if mode == .replace, !isThere { throw .noSuchAttribute }
        overlay.change(inode) { row in
            row.extended[name] = value
            row.changed = time.wallTime()
        }
        try await keep([inode])
    }

    public func removeExtendedAttribute(_ name: FileName, of inode: InodeNumber) async throws(FSError) {
        try mayChange(name, of: inode)
        guard overlay[inode]?.extended[name] != nil else { throw .noSuchAttribute }
        overlay.change(inode) { row in
            row.extended[name] = nil
            row.changed = time.wallTime()
        }
        try await keep([inode])
    }

    private func mayChange(_ name: FileName, of inode: InodeNumber) throws(FSError) {
        if configuration.isReadOnly { throw .readOnly }
        // Tools copy along what they read: these are the drive's, not theirs.
        if name.bytes.starts(with: Self.ours) { throw .notSupported }
        guard name.bytes.starts(with: Self.users) else { throw .notSupported }
        if configuration.hasNoOverlay { throw .permissionDenied }
        if inode != .root { _ = try inodes.node(inode) }
    }

    private func stage(of inode: InodeNumber) -> DraftStatus.Stage? {
        writing.draft(of: inode.rawValue).map { $0.status.stage }
    }
}
