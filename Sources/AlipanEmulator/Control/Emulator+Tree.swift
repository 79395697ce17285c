import FoundationEssentials

/// Bytes for a file, as a test writes them.
public struct FileSpec: Codable, Sendable {
    public var text: String?
    public var base64: String?
    /// Made-up content of this size, byte i being i mod `modulus` (251) or, with `seed`, pseudo-random.
    public var size: Int64?
    public var modulus: Int?
    public var seed: UInt64?
    /// Whether made-up content gets a SHA-1; by default up to 1 GiB.
    public var hashed: Bool?

    public init() {}

    public static func text(_ text: String) -> FileSpec {
        var spec = FileSpec()
        spec.text = text
        return spec
    }

    public static func bytes(_ bytes: [UInt8]) -> FileSpec {
        var spec = FileSpec()
        spec.base64 = Base64.encode(bytes)
        return spec
    }

    public static func synthetic(size: Int64, modulus: Int = 251) -> FileSpec {
        var spec = FileSpec()
        (spec.size, spec.modulus) = (size, modulus)
        return spec
    }

    func content() throws(ControlError) -> Content {
        if let text { return Content(bytes: Array(text.utf8)) }
        if let base64 {
            guard let bytes = Base64.decode(base64) else { throw ControlError("base64 cannot be read") }
            return Content(bytes: bytes)
        }
        guard let size else { return .empty }
        let modulus = self.modulus ?? 251
        guard size >= 0, (1...256).contains(modulus) else { throw ControlError("size or modulus is out of range") }
        let source: Synthetic = seed.map { .mixed(seed: $0) } ?? .modulo(modulus)
        do {
            return try Content(synthetic: source, size: size, hashed: hashed ?? (size <= 1 << 30))
        } catch {
            throw ControlError("content cannot be made")
        }
    }
}

/// One entry as a test sees it.
public struct Entry: Codable, Sendable, Equatable {
    public var path: String
    public var fileId: String
    public var isFolder: Bool
    public var size: Int64
    public var sha1: String?
    public var localModifiedAt: String?
    public var starred: Bool
    public var trashed: Bool
    public var uploading: Bool
}

/// Direct hands on the tree. Paths begin at the root of a drive, which is the default one unless named.
extension Emulator {
    /// Puts a file; what has the name already is replaced by a new item, unless duplicates are wanted.
    @discardableResult
    public func put(
        _ path: String, _ spec: FileSpec, localModifiedAt: String? = nil, duplicate: Bool = false, drive: String? = nil
    ) throws(ControlError) -> String {
        let content = try spec.content()
        return try edit { state, now throws(ControlError) in
            let (folder, name) = try self.place(path, drive, &state, now: now)
            if !duplicate { for old in state.tree.named(name, in: folder) { state.tree.remove(old) } }
            let id = state.insertFile(name, into: folder, content: content, localModified: localModifiedAt, now: now)
            return id.text
        }
    }

    @discardableResult
    public func mkdir(_ path: String, duplicate: Bool = false, drive: String? = nil) throws(ControlError) -> String {
        try edit { state, now throws(ControlError) in
            if duplicate {
                let (folder, name) = try self.place(path, drive, &state, now: now)
                return state.insertFolder(name, into: folder, now: now).text
            }
            let parts = path.split(separator: "/").map(String.init)
            return try state.makeFolders(parts, drive: drive ?? self.world.configuration.defaultDrive, now: now).text
        }
    }

    @discardableResult
    public func putLivePhoto(
        _ path: String, parts: [(fileExtension: String, spec: FileSpec)], drive: String? = nil
    ) throws(ControlError) -> String {
        var streams: [Item.Stream] = []
        for part in parts { streams.append(.init(fileExtension: part.fileExtension, content: try part.spec.content())) }
        return try edit { state, now throws(ControlError) in
            let (folder, name) = try self.place(path, drive, &state, now: now)
            return state.insertLivePhoto(name, into: folder, streams: streams, now: now).text
        }
    }

    /// `count` empty files `prefix000000…` in a folder.
    public func putMany(_ path: String, count: Int, prefix: String = "file-", drive: String? = nil) throws(ControlError)
    {
        try edit { state, now throws(ControlError) in
            let parts = path.split(separator: "/").map(String.init)
            let folder = try state.makeFolders(parts, drive: drive ?? self.world.configuration.defaultDrive, now: now)
            let width = String(max(1, count - 1)).utf8.count
            let items = (0..<count).map { index in
                var number = String(index)
                number = String(repeating: "0", count: width - number.utf8.count) + number
                var item = Item(
                    id: state.newID(), parent: folder, name: Name(prefix + number), kind: .file, created: now,
                    updated: now, touched: now)
                item.hash = .empty
                return item
            }
            state.tree.insert(items, under: folder)
        }
    }

    /// Renames or moves, as somebody on another device would.
    public func move(_ path: String, to newPath: String, drive: String? = nil) throws(ControlError) {
        try edit { state, now throws(ControlError) in
            let item = try self.find(path, drive, state)
            let (folder, name) = try self.place(newPath, drive, &state, now: now)
            state.rename(item, to: name, in: folder, now: now)
        }
    }

    public func trash(_ path: String, drive: String? = nil) throws(ControlError) {
        try edit { state, now throws(ControlError) in
            state.throwAway(try self.find(path, drive, state).id, now: now)
        }
    }

    public func delete(_ path: String, drive: String? = nil) throws(ControlError) {
        try edit { state, _ throws(ControlError) in state.tree.remove(try self.find(path, drive, state).id) }
    }

    /// Sets what only the service's own people can set.
    public func mark(
        _ path: String, punishFlag: Int? = nil, shownSize: Int64? = nil, drive: String? = nil
    ) throws(ControlError) {
        try edit { state, now throws(ControlError) in
            let item = try self.find(path, drive, state)
            state.tree.update(item.id) {
                if let punishFlag { $0.more.punishFlag = punishFlag }
                if let shownSize { $0.more.shownSize = shownSize }
                $0.touched = now
            }
        }
    }

    /// Everything of a drive, trash and unfinished uploads included, sorted by path.
    public func tree(drive: String? = nil) -> [Entry] {
        let wanted = drive ?? world.configuration.defaultDrive
        return world.with { state, _ in
            state.tree.items.values.compactMap { item in
                guard !state.tree.isRoot(item.id), state.tree.drive(of: item.id) == wanted else { return nil }
                let path = "/" + state.tree.ancestry(of: item.id).reversed().map(\.name.text).joined(separator: "/")
                return Entry(
                    path: path, fileId: item.id.text, isFolder: item.isFolder, size: item.size,
                    sha1: item.hash?.text, localModifiedAt: item.more.localModified, starred: item.starred,
                    trashed: state.tree.isInTrash(item.id), uploading: item.status == .uploading)
            }
        }.sorted { Name($0.path) < Name($1.path) }
    }

    /// The bytes of a file as they are stored.
    public func bytes(_ path: String, drive: String? = nil) throws -> [UInt8] {
        let content = try world.with { state, _ in try self.find(path, drive, state).content }
        guard let content else { return [] }
        return try content.read(at: 0, count: Int(content.size))
    }

    private func edit<Result: Sendable>(
        _ body: (inout State, Milliseconds) throws(ControlError) -> Result
    ) throws(ControlError) -> Result {
        do {
            return try world.with { state, now in try body(&state, now) }
        } catch let error as ControlError {
            throw error
        } catch {
            throw ControlError(String(describing: error))
        }
    }

    private func find(_ path: String, _ drive: String?, _ state: borrowing State) throws(ControlError) -> Item {
        guard let id = state.tree.find(path, drive: drive ?? world.configuration.defaultDrive),
            let item = state.tree[id], !state.tree.isRoot(id)
        else { throw ControlError("nothing is at \(path)") }
        return item
    }

    private func place(
        _ path: String, _ drive: String?, _ state: inout State, now: Milliseconds
    ) throws(ControlError) -> (ItemID, Name) {
        var parts = path.split(separator: "/").map(String.init)
        guard let last = parts.popLast() else { throw ControlError("the path has no name") }
        let folder = try state.makeFolders(parts, drive: drive ?? world.configuration.defaultDrive, now: now)
        return (folder, Name(last))
    }
}
