import Basics
import Drive

// The requests that are answered from the tree.
extension FakeDrive {
    public func account(_ urgency: Urgency) async throws(DriveError) -> AccountInfo {
        _ = try await begin(.account, nil, urgency)
        return state.withLock { [id] in
            $0.settings.account
                ?? AccountInfo(userID: "user-1", name: "Somebody", defaultDrive: id, resourceDrive: id)
        }
    }

    public func space(_ urgency: Urgency) async throws(DriveError) -> SpaceInfo {
        _ = try await begin(.space, nil, urgency)
        return state.withLock { state in
            guard let quota = state.settings.quota else { return state.settings.space }
            return SpaceInfo(used: state.usedBytes, total: quota)
        }
    }

    public func list(
        _ folder: ObjectID, marker: String?, _ urgency: Urgency
    ) async throws(DriveError) -> ListPage {
        _ = try await begin(.list, folder, urgency) { $0.marker = marker }
        guard try find(folder).file.kind == .folder else { throw .wrongKind(Self.refusal(400, "NotAFolder")) }
        let place: Place
        if let marker {
            guard let parsed = Place(marker) else { throw .staleMarker(Self.refusal(400, "InvalidParameter.marker")) }
            place = parsed
        } else {
            place = Place(page: 0, after: nil)
        }
        return state.withLock { state in
            let children = state.children(of: folder.file).filter { !$0.isPlaceholder }.map(\.file)
                .filter { state.settings.listsTrashed || !$0.isTrashed }
                .map { (key: Place.Key($0), file: $0) }
                .filter { child in place.after.map { $0 < child.key } ?? true }
                .sorted { $0.key < $1.key }
            let lengths = state.settings.pageLengths
            let length = lengths[place.page % lengths.count]
            let page = children.prefix(length)
            let after = page.last?.key ?? place.after
            let next = page.count < children.count ? Place(page: place.page + 1, after: after).marker : nil
            return ListPage(files: page.map(\.file), next: next)
        }
    }

    public func file(_ id: ObjectID, _ urgency: Urgency) async throws(DriveError) -> DriveFile {
        _ = try await begin(.file, id, urgency)
        return try find(id).file
    }

    public func file(
        atPath path: String, in drive: DriveID, _ urgency: Urgency
    ) async throws(DriveError) -> DriveFile {
        _ = try await begin(.fileAtPath, nil, urgency)
        var node = try find(ObjectID(drive: drive, file: .root))
        for part in path.utf8.split(separator: UInt8(ascii: "/")) {
            let name = FileName(bytes: part)
            let parent = node.file.id.file
            let child = state.withLock { state in
                state.nodes.values.filter { child in
                    child.file.parent == parent && child.file.name == name && !child.file.isTrashed
                        && child.file.id.file != .root && !child.isPlaceholder
                }.max { ($0.file.updatedAt ?? .epoch) < ($1.file.updatedAt ?? .epoch) }
            }
            guard let child else { throw .notFound(Self.refusal(404, "NotFound.File")) }
            node = child
        }
        return node.file
    }

    public func files(_ ids: [ObjectID], _ urgency: Urgency) async throws(DriveError) -> [ObjectID: DriveFile] {
        _ = try await begin(.files, nil, urgency)
        guard ids.count <= 100 else { throw .rejected(Self.refusal(400, "InvalidParameter")) }
        return state.withLock { state in
            var found: [ObjectID: DriveFile] = [:]
            for id in ids {
                found[id] = state.nodes[id.file]?.file
                if state.isTrashed(id.file) { found[id]?.isTrashed = true }
            }
            return found
        }
    }

    public func downloadLinks(for id: ObjectID, _ urgency: Urgency) async throws(DriveError) -> DownloadLinks {
        _ = try await begin(.downloadLinks, id, urgency)
        let node = try find(id)
        guard node.file.kind == .file else { throw .wrongKind(Self.refusal(400, "InvalidResource.FileTypeFolder")) }
        guard node.file.size > 0, !node.isPlaceholder else { throw .rejected(Self.refusal(400, "InvalidParameter")) }
        let now = time.now()
        return state.withLock { state in
            var links = DownloadLinks(whole: nil)
            let expires = now + state.settings.linkLife
            if node.content != nil { links.whole = state.link(id, nil, expires) }
            for stream in node.streams.keys { links.streams[stream] = state.link(id, stream, expires) }
            return links
        }
    }

    public func health() -> DriveHealth {
        state.withLock { state in
            DriveHealth(
                login: state.settings.login, budgets: [], streamsOpen: state.open,
                streamsAllowed: state.settings.streams, lastFaults: [])
        }
    }

    /// The node, or the refusal that the drive would give.
    func find(_ id: ObjectID) throws(DriveError) -> Node {
        try state.withLock { state throws(DriveError) in try state.find(id) }
    }

    static func refusal(_ status: Int, _ code: String) -> Refusal {
        Refusal(status: status, code: code, message: "said by the fake")
    }
}

extension FakeDrive.State {
    fileprivate mutating func link(_ object: ObjectID, _ stream: String?, _ expires: Moment) -> DownloadLink {
        nextID += 1
        let url = "fake://\(object.file.rawValue)/\(stream ?? "")#\(nextID)"
        links[url] = FakeDrive.Link(object: object, stream: stream, expires: expires)
        return DownloadLink(url: url, expires: expires)
    }
}

/// Where a listing goes on: after a name (and id), not after a number, so that entries added or removed meanwhile
/// neither shift nor repeat the others.
private struct Place {
    struct Key: Comparable {
        var name: FileName
        var id: String

        init(_ file: DriveFile) {
            name = file.name
            id = file.id.file.rawValue
        }

        init(name: FileName, id: String) {
            self.name = name
            self.id = id
        }

        static func < (a: Key, b: Key) -> Bool { a.name == b.name ? a.id < b.id : a.name < b.name }
    }

    var page: Int
    var after: Key?

    var marker: String {
        guard let after else { return "\(page)" }
        let name = after.name.bytes.map { String($0) }.joined(separator: ".")
        return "\(page)/\(name)/\(after.id)"
    }

    init(page: Int, after: Key?) {
        self.page = page
        self.after = after
    }

    init?(_ marker: String) {
        let parts = marker.split(separator: "/", omittingEmptySubsequences: false)
        guard let page = parts.first.flatMap({ Int($0) }), parts.count == 1 || parts.count == 3 else { return nil }
        self.page = page
        guard parts.count == 3 else { return }
        let bytes = parts[1].split(separator: ".").compactMap { UInt8($0) }
        after = Key(name: FileName(bytes: bytes), id: String(parts[2]))
    }
}
