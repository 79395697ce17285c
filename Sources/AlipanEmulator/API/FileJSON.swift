/// Where a file object appears; the service does not fill in the same fields everywhere.
enum Place { case list, get }

extension State {
    /// The file object of contract 4.
    mutating func json(_ item: Item, at place: Place, _ call: Call, fields: String? = nil) -> JSON {
        var out = Shaper(absent: switches.absent, fraction: switches.timeFraction)
        let more = item.more
        let live = item.isLivePhoto
        out.set("drive_id", .text(tree.drive(of: item.id)))
        out.set("domain_id", "bj29")
        out.set("file_id", .string(idText(item.id)))
        out.set("parent_file_id", .string(tree.isRoot(item.id) ? "" : idText(item.parent)))
        out.set("name", .string(item.name.text))
        out.set("type", .string(item.isFolder ? "folder" : "file"))
        out.maybe("size", item.isFolder ? nil : .int(more.shownSize ?? item.size))
        out.maybe("content_hash", item.isFolder || live ? nil : item.hash.map { .string($0.text) })
        out.maybe("content_hash_name", item.isFolder || live || item.hash == nil ? nil : "sha1")
        let ending = item.name.fileExtension
        out.maybe("file_extension", item.isFolder || ending.isEmpty ? nil : .string(ending))
        out.maybe("mime_type", item.isFolder ? nil : "application/octet-stream")
        out.maybe("category", item.isFolder ? nil : .string(Self.category(of: ending)))
        out.time("created_at", item.created)
        out.time("updated_at", item.updated)
        let local = shows(place)
        out.maybe("local_created_at", local ? more.localCreated.map(JSON.string) : nil)
        out.maybe("local_modified_at", local ? more.localModified.map(JSON.string) : nil)
        out.set("hidden", false)
        out.set("starred", .bool(item.starred))
        out.set("status", item.status == .uploading ? "uploading" : "available")
        out.maybe("trashed", item.trashedAt == nil ? nil : true)
        if let trashed = item.trashedAt { out.time("trashed_at", trashed) } else { out.maybe("trashed_at", nil) }
        out.maybe("punish_flag", more.punishFlag.map { .number($0) } ?? (item.isFolder ? nil : 0))
        out.maybe("url", smallURL(of: item, call))
        out.maybe("thumbnail", nil)
        out.maybe("streams_info", live ? streamsInfo(more.streams) : nil)
        out.maybe("revision_id", nil)
        out.set("encrypt_mode", "none")
        addPaths(of: item, asked: fields, to: &out)
        return out.json
    }

    private func shows(_ place: Place) -> Bool {
        switch switches.showLocalTimes {
        case .none: false
        case .list: place == .list
        case .get: place == .get
        case .both: true
        }
    }

    private func streamsInfo(_ streams: [Item.Stream]) -> JSON {
        .object(
            streams.map { stream in
                JSON.Field(
                    stream.fileExtension,
                    [
                        "size": .int(stream.content.size), "content_hash": .text(stream.content.hash?.text),
                        "content_hash_name": "sha1",
                    ])
            })
    }

    /// A direct link, for files under 5 MB, where the switch says so.
    private mutating func smallURL(of item: Item, _ call: Call) -> JSON? {
        guard switches.listingUrls, !item.isFolder, !item.isLivePhoto, item.size < 5 << 20 else { return nil }
        return .string(downloadLink(item.id, stream: nil, lifeSeconds: switches.linkLifeMaxS, call).url)
    }

    private func addPaths(of item: Item, asked: String?, to out: inout Shaper) {
        let names = Set((asked ?? "").split(separator: ",").map { $0.trimmingPrefix(" ") })
        guard names.contains("*") || names.contains("id_path") || names.contains("name_path") else { return }
        let path = tree.ancestry(of: item.id).reversed()
        if names.contains("*") || names.contains("id_path") {
            out.set("id_path", .string("root/" + path.map(\.id.text).joined(separator: "/")))
        }
        if names.contains("*") || names.contains("name_path") {
            out.set("name_path", .string("/" + path.map(\.name.text).joined(separator: "/")))
        }
    }

    static func category(of ending: String) -> String {
        switch ending {
        case "mp4", "mov", "mkv", "avi", "webm", "ts": "video"
        case "mp3", "flac", "wav", "aac", "ogg", "m4a": "audio"
        case "jpg", "jpeg", "png", "gif", "heic", "webp", "livp", "bmp": "image"
        case "txt", "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "md": "doc"
        case "zip", "rar", "7z", "gz", "tar", "xz": "zip"
        case "apk", "exe", "ipa", "dmg": "app"
        default: "others"
        }
    }
}

/// Builds an answer in which absent values are null, missing, or by turns one and the other.
struct Shaper {
    private var fields: [JSON.Field] = []
    private let absent: Switches.Absent
    private let fraction: Bool

    init(absent: Switches.Absent, fraction: Bool) {
        self.absent = absent
        self.fraction = fraction
        fields.reserveCapacity(32)
    }

    var json: JSON { .object(fields) }

    mutating func set(_ key: String, _ value: JSON) { fields.append(JSON.Field(key, value)) }

    mutating func maybe(_ key: String, _ value: JSON?) {
        if let value { return set(key, value) }
        switch absent {
        case .null: set(key, .null)
        case .missing: break
        case .mixed: if fields.count.isMultiple(of: 2) { set(key, .null) }
        }
    }

    mutating func time(_ key: String, _ time: Milliseconds) {
        set(key, .string(Timestamp.text(time, fraction: fraction)))
    }
}

extension State {
    /// Adds what no client knows and shuffles what all of them do, as the switches say.
    mutating func dress(_ json: JSON) -> JSON {
        guard switches.extraKeys || switches.shuffleKeys, case .object(var fields) = json else { return json }
        if switches.extraKeys {
            fields.append(JSON.Field("x_unknown", ["since": 1, "notes": ["ignore", nil]]))
        }
        if switches.shuffleKeys {
            fields.shuffle(using: &random)
            fields = fields.map { field in
                guard field.key == "items", case .array(let items) = field.value else { return field }
                return JSON.Field("items", .array(items.map { item in .object(item.fields.shuffled(using: &random)) }))
            }
        }
        return .object(fields)
    }
}
