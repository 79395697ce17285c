import Basics
import Drive

// What a test builds, and what it does behind the client's back.
extension FakeDrive {
    /// How a file's `contentHash` relates to its bytes.
    public enum HashStyle: Hashable, Sendable {
        /// The SHA-1 of the bytes.
        case right
        /// The drive does not know one.
        case absent
        case stated(ContentHash)
    }

    @discardableResult
    public func addFolder(_ name: FileName, in parent: FileID = .root, id: FileID? = nil) -> FileID {
        insert(id, in: parent) { file in
            Node(file: file(name, .folder, 0))
        }
    }

    /// Several files of one name in one folder are allowed, as on the drive.
    @discardableResult
    public func addFile(
        _ name: FileName, in parent: FileID = .root, id: FileID? = nil, _ content: FakeContent,
        hash: HashStyle = .right, change: (inout DriveFile) -> Void = { _ in }
    ) -> FileID {
        insert(id, in: parent) { file in
            var node = Node(file: file(name, .file, content.size), content: content)
            switch hash {
            case .right: node.file.contentHash = content.sha1
            case .absent: node.file.contentHash = nil
            case .stated(let hash): node.file.contentHash = hash
            }
            change(&node.file)
            return node
        }
    }

    /// A live photo: its listed size is not the size of anything readable, and it has no hash.
    @discardableResult
    public func addLivePhoto(
        _ name: FileName, in parent: FileID = .root, id: FileID? = nil, streams: [String: FakeContent],
        listedSize: Int64? = nil, change: (inout DriveFile) -> Void = { _ in }
    ) -> FileID {
        insert(id, in: parent) { file in
            let total = streams.values.reduce(0) { $0 + $1.size }
            var node = Node(file: file(name, .file, listedSize ?? total + 1), content: nil, streams: streams)
            node.file.streams = streams.map { StreamInfo(name: $0.key, size: $0.value.size) }
                .sorted { $0.name < $1.name }
            change(&node.file)
            return node
        }
    }

    /// Changes anything that the drive says about an object.
    public func update(_ file: FileID, _ change: (inout DriveFile) -> Void) {
        state.withLock { state in
            guard var node = state.nodes[file] else { preconditionFailure("the fake has no object \(file.rawValue)") }
            change(&node.file)
            state.nodes[file] = node
        }
    }

    public func rename(_ file: FileID, to name: FileName) {
        let now = time.wallTime()
        update(file) {
            $0.name = name
            $0.updatedAt = now
        }
    }

    public func move(_ file: FileID, to parent: FileID) { update(file) { $0.parent = parent } }
    public func trash(_ file: FileID) { update(file) { $0.isTrashed = true } }

    /// Gone for good, with all that is in it.
    public func remove(_ file: FileID) {
        state.withLock { $0.delete(file) }
    }

    /// What the drive says about an object now, without counting as a call.
    public func current(_ file: FileID) -> DriveFile? { state.withLock { $0.nodes[file]?.file } }

    private typealias MakeFile = (FileName, ObjectKind, Int64) -> DriveFile

    private func insert(_ wanted: FileID?, in parent: FileID, _ make: (MakeFile) -> Node) -> FileID {
        let now = time.wallTime()
        let id = wanted ?? state.withLock { $0.newFileID() }
        let node = make { name, kind, size in
            DriveFile(
                id: object(id), parent: parent, name: name, kind: kind, size: size, createdAt: now, updatedAt: now)
        }
        state.withLock { state in
            precondition(wanted == nil || state.usedIDs.insert(id).inserted, "an id is used once")
            precondition(state.nodes[parent]?.file.kind == .folder, "the parent is a folder of the fake")
            state.nodes[id] = node
            if let content = node.content { state.learn(content) }
        }
        return id
    }
}
