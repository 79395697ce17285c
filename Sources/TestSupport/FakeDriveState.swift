import Basics
import Drive

// What the calls of the fake share: who is where, who is gone, which name is taken, how much is used.
extension FakeDrive.State {
    /// The node, or the refusal that the drive would give: what lies in a removed folder is removed with it.
    func find(_ id: ObjectID) throws(DriveError) -> FakeDrive.Node {
        guard id.drive == drive else { throw .accessDenied(FakeDrive.refusal(403, "UserNotAllowedAccessDrive")) }
        guard let node = nodes[id.file] else { throw .notFound(FakeDrive.refusal(404, "NotFound.FileId")) }
        guard !isTrashed(id.file) else {
            throw .inRecycleBin(FakeDrive.refusal(403, "ForbiddenFileInTheRecycleBin"))
        }
        return node
    }

    /// Where something is to be put.
    func folder(_ id: ObjectID) throws(DriveError) -> FakeDrive.Node {
        let node: FakeDrive.Node
        do throws(DriveError) {
            node = try find(id)
        } catch .notFound {
            throw .notFound(FakeDrive.refusal(404, "NotFound.ParentFileId"))
        }
        guard node.file.kind == .folder else { throw .wrongKind(FakeDrive.refusal(400, "InvalidParameter")) }
        return node
    }

    /// An object that can be renamed, moved and copied: not the root, and no placeholder.
    func changeable(_ id: ObjectID) throws(DriveError) -> FakeDrive.Node {
        let node = try find(id)
        guard id.file != .root, !node.isPlaceholder else {
            throw .rejected(FakeDrive.refusal(400, "InvalidParameter.FileId"))
        }
        return node
    }

    func children(of folder: FileID) -> [FakeDrive.Node] {
        nodes.values.filter { $0.file.parent == folder && $0.file.id.file != .root }
    }

    /// Whether `file` or a folder above it is in the recycle bin.
    func isTrashed(_ file: FileID) -> Bool {
        var next: FileID? = file
        while let id = next, let node = nodes[id] {
            if node.file.isTrashed { return true }
            next = id == .root ? nil : node.file.parent
        }
        return false
    }

    /// Whether `file` is `folder` or lies in it, at any depth.
    func isInside(_ file: FileID, _ folder: FileID) -> Bool {
        var next: FileID? = file
        while let id = next, let node = nodes[id] {
            if id == folder { return true }
            next = id == .root ? nil : node.file.parent
        }
        return false
    }

    /// Whose name this is in `folder`: of several the one updated last. Files and folders share the names.
    func holder(of name: FileName, in folder: FileID, besides excluded: FileID? = nil) -> FakeDrive.Node? {
        children(of: folder)
            .filter { $0.file.name == name && !$0.file.isTrashed && $0.file.id.file != excluded }
            .filter { settings.placeholdersTakeNames || !$0.isPlaceholder }
            .max { a, b in
                let (x, y) = (a.file.updatedAt ?? .epoch, b.file.updatedAt ?? .epoch)
                return x == y ? a.file.id.file.rawValue < b.file.id.file.rawValue : x < y
            }
    }

    /// The rules for names that a client has to know before it asks (contract 7.2).
    func check(_ name: FileName) throws(DriveError) {
        let bad = name.bytes.isEmpty || name.bytes.count > 1024 || !name.isValidUTF8
            || name.bytes.contains(0) || name.bytes.contains(UInt8(ascii: "/")) || name == "." || name == ".."
        if bad { throw .rejected(FakeDrive.refusal(400, "InvalidParameter.Name")) }
    }

    mutating func newFileID() -> FileID {
        while true {
            nextID += 1
            // The shape seen in the field: 40 lower-case hex digits.
            let digits = String(nextID, radix: 16)
            let id = FileID(String(repeating: "0", count: 40 - digits.count) + digits)
            if usedIDs.insert(id).inserted { return id }
        }
    }

    /// What is in the recycle bin counts, unfinished uploads do not.
    var usedBytes: Int64 {
        nodes.values.reduce(0) { $0 + ($1.isPlaceholder ? 0 : $1.file.size) }
    }

    func checkQuota(adding bytes: Int64) throws(DriveError) {
        guard let quota = settings.quota, bytes > 0, usedBytes > quota - bytes else { return }
        throw .quotaExhausted(FakeDrive.refusal(403, "QuotaExhausted.Drive"))
    }

    mutating func learn(_ content: FakeContent) {
        if knownContents[content.size]?.contains(content) != true {
            knownContents[content.size, default: []].append(content)
        }
    }

    mutating func touch(_ file: FileID, _ now: UnixTime) { nodes[file]?.file.updatedAt = now }

    /// A child of `folder` came, went or changed its name.
    mutating func childChanged(in folder: FileID, _ now: UnixTime) {
        if settings.childrenTouchFolders { touch(folder, now) }
    }

    /// For good, with all that is in it, and the uploads into it.
    mutating func delete(_ file: FileID) {
        var doomed = [file]
        while let next = doomed.popLast() {
            doomed += children(of: next).map(\.file.id.file)
            nodes[next] = nil
            uploads = uploads.filter { $0.value.object.file != next }
        }
    }
}
