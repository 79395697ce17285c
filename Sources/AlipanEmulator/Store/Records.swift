/// What the store writes: one JSON object a line, each of them the whole truth about one thing.
struct StoreRecord: Codable {
    var item: ItemRecord?
    var gone: String?
    var token: TokenBook.Token?
    var upload: UploadRecord?
    var uploadGone: String?
}

struct ContentRecord: Codable {
    var size: Int64
    var hash: String?
    var path: String?
    var base64: String?
    var modulus: Int?
    var seed: UInt64?

    init(_ content: Content) {
        size = content.size
        hash = content.hash?.text
        switch content.source {
        case .file(let file): path = file
        case .inline(let bytes): base64 = Base64.encode(bytes)
        case .synthetic(.modulo(let value)): modulus = value
        case .synthetic(.mixed(let value)): seed = value
        }
    }

    /// Nil if the record names no source.
    var content: Content? {
        let source: Content.Source
        if let path {
            source = .file(path: path)
        } else if let base64, let bytes = Base64.decode(base64), bytes.count == size {
            source = .inline(bytes)
        } else if let modulus, (1...256).contains(modulus) {
            source = .synthetic(.modulo(modulus))
        } else if let seed {
            source = .synthetic(.mixed(seed: seed))
        } else {
            return nil
        }
        return Content(size: size, hash: hash.flatMap { ContentHash($0) }, source: source)
    }
}

struct ItemRecord: Codable {
    struct Stream: Codable {
        var ending: String
        var content: ContentRecord
    }

    var id: String
    var parent: String
    var name: String
    var folder: Bool
    var uploading: Bool?
    var starred: Bool?
    var size: Int64
    var hash: String?
    var created: Milliseconds
    var updated: Milliseconds
    var touched: Milliseconds
    var trashedAt: Milliseconds?
    var localCreated: String?
    var localModified: String?
    var content: ContentRecord?
    var streams: [Stream]?
    var punishFlag: Int?
    var shownSize: Int64?

    init(_ item: Item) {
        id = item.id.text
        parent = item.parent.text
        name = item.name.text
        folder = item.isFolder
        uploading = item.status == .uploading ? true : nil
        starred = item.starred ? true : nil
        size = item.size
        hash = item.hash?.text
        (created, updated, touched, trashedAt) = (item.created, item.updated, item.touched, item.trashedAt)
        let more = item.more
        (localCreated, localModified) = (more.localCreated, more.localModified)
        content = more.content.map { ContentRecord($0) }
        streams =
            more.streams.isEmpty
            ? nil : more.streams.map { Stream(ending: $0.fileExtension, content: ContentRecord($0.content)) }
        (punishFlag, shownSize) = (more.punishFlag, more.shownSize)
    }

    /// Nil if an id in it is no id.
    var item: Item? {
        guard let id = ItemID(id), let parent = ItemID(parent) else { return nil }
        var item = Item(
            id: id, parent: parent, name: Name(name), kind: folder ? .folder : .file, created: created,
            updated: updated, touched: touched)
        item.status = uploading == true ? .uploading : .available
        item.starred = starred ?? false
        item.size = size
        item.hash = hash.flatMap { ContentHash($0) }
        item.trashedAt = trashedAt
        var more = Item.ExtraFields()
        (more.localCreated, more.localModified) = (localCreated, localModified)
        more.content = content?.content
        more.streams = (streams ?? []).compactMap { stream in
            stream.content.content.map { Item.Stream(fileExtension: stream.ending, content: $0) }
        }
        (more.punishFlag, more.shownSize) = (punishFlag, shownSize)
        item.more = more
        return item
    }
}

struct UploadRecord: Codable {
    var id: String
    var drive: String
    var file: String
    var declaredSize: Int64?
    var declaredHash: String?
    var begun: Milliseconds
    var parts: [UploadBook.Part]
    var path: String

    init(_ session: UploadBook.Session) {
        (id, drive, file) = (session.id, session.drive, session.file.text)
        (declaredSize, declaredHash) = (session.declaredSize, session.declaredHash?.text)
        (begun, parts, path) = (session.begun, session.parts, session.data.path)
    }

    /// Nil if what was received is not there any more.
    func session() -> UploadBook.Session? {
        guard let file = ItemID(file) else { return nil }
        do {
            return UploadBook.Session(
                id: id, drive: drive, file: file, declaredSize: declaredSize,
                declaredHash: declaredHash.flatMap { ContentHash($0) }, begun: begun, parts: parts,
                data: try UploadFile(path: path, stored: parts.reduce(0) { $0 + $1.size }))
        } catch {
            return nil
        }
    }
}
