import Drive

/// `{items, next_marker}` (contract 5.1), and the bare array some clients saw from batch/get (contract 5.3).
struct WirePage: Decodable {
    var items: [WireFile] = []
    /// Why entries were left out, one text each.
    var dropped: [String] = []
    var next: String?

    init(from decoder: any Decoder) throws {
        let entries: [Lossy<WireFile>]
        if let object = try? decoder.container(keyedBy: WireKey.self) {
            next = object.word("next_marker")
            // A null list is an empty one; no list at all is not an answer to this question.
            guard object.contains("items") else { throw WireFault(what: "no items") }
            let isNull = try object.decodeNil(forKey: "items")
            entries = isNull ? [] : try object.decode([Lossy<WireFile>].self, forKey: "items")
        } else {
            entries = try decoder.singleValueContainer().decode([Lossy<WireFile>].self)
        }
        for entry in entries {
            switch entry.result {
            case .success(let file): items.append(file)
            case .failure(let fault as WireFault): dropped.append(fault.what)
            case .failure: dropped.append("not a file object")
            }
        }
    }
}

/// getDriveInfo (contract 3); the older spelling of the name included.
struct WireAccount: Decodable {
    var userID: String?
    var name: String?
    var defaultDrive: String?
    var resourceDrive: String?
    var backupDrive: String?

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: WireKey.self)
        userID = object.word("user_id", "id")
        name = object.word("name", "nick_name", "user_name")
        defaultDrive = object.word("default_drive_id")
        resourceDrive = object.word("resource_drive_id")
        backupDrive = object.word("backup_drive_id")
    }
}

/// getSpaceInfo (contract 3).
struct WireSpace: Decodable {
    var used: Int64
    var total: Int64

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: WireKey.self)
        guard let space = object.object("personal_space_info"), let total = space.integer("total_size") else {
            throw WireFault(what: "no personal_space_info")
        }
        self.total = max(0, total)
        used = max(0, space.integer("used_size") ?? 0)
    }
}

/// getDownloadUrl (contract 6.1).
struct WireLinks: Decodable {
    var whole: String?
    var streams: [String: String] = [:]
    var expiration: WireTime?

    private static let mostStreams = 16

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: WireKey.self)
        whole = object.word("url")
        expiration = object.time("expiration")
        // An object in most answers; one client saw text, which would have to name its parts to be of use.
        guard let parts = object.object("streamsUrl") ?? object.object("streams_url"),
            parts.allKeys.count <= Self.mostStreams
        else { return }
        for key in parts.allKeys {
            if let url = parts.word(key) { streams[key.stringValue] = url }
        }
    }
}
