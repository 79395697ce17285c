struct DownloadFields: Decodable {
    var driveId: String?
    var fileId: String?
    var expireSec: Int?
}

extension State {
    mutating func downloadURL(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(DownloadFields.self)
        let drive = try self.drive(asked.driveId, call)
        let item = try item(asked.fileId, in: drive)
        guard !item.isFolder else { throw .notAFile }
        if item.more.punishFlag == 103 {
            throw APIError(403, "ForbiddenNoPermission.File", "not allowed to download")
        }
        // Values above the cap are clamped without a word (contract 6.1).
        let life = min(max(1, asked.expireSec ?? 900), switches.linkLifeMaxS)
        var out = Shaper(absent: switches.absent, fraction: switches.timeFraction)
        out.set("file_id", .string(item.id.text))
        out.set("method", "GET")
        if item.isLivePhoto {
            var links: [JSON.Field] = []
            var expires = call.now
            for stream in item.more.streams {
                let link = downloadLink(item.id, stream: stream.fileExtension, lifeSeconds: life, call)
                links.append(JSON.Field(stream.fileExtension, .string(link.url)))
                expires = link.expires
            }
            switch switches.livpUrl {
            case .missing: break
            case .null: out.set("url", .null)
            case .empty: out.set("url", "")
            }
            out.time("expiration", expires)
            out.set("size", .int(item.more.shownSize ?? item.size))
            out.set(switches.livpLinksKey.rawValue, .object(links))
            return out.json
        }
        let link = downloadLink(item.id, stream: nil, lifeSeconds: life, call)
        out.set("url", .string(link.url))
        out.time("expiration", link.expires)
        out.set("size", .int(item.size))
        out.maybe("content_hash", item.hash.map { .string($0.text) })
        out.maybe("content_hash_name", item.hash == nil ? nil : "sha1")
        out.maybe("description", nil)
        return out.json
    }

    func downloadLink(_ id: ItemID, stream: String?, lifeSeconds: Int, _ call: Call) -> SignedLink {
        LinkSigner.sign(
            method: "GET", base: call.setup.linkURL, path: LinkPath.object(id, stream: stream).text,
            parameters: switches.linkNeedsReferer ? [("x-oss-additional-headers", "referer")] : [],
            style: switches.linkStyle, issued: call.now, lifeSeconds: lifeSeconds, key: signing)
    }
}

/// What a path on the link host names.
enum LinkPath {
    case object(ItemID, stream: String?)
    case part(upload: String, number: Int)

    var text: String {
        switch self {
        case .object(let id, nil): "/object/\(id.text)"
        case .object(let id, let stream?): "/object/\(id.text)/\(stream)"
        case .part(let upload, let number): "/upload/\(upload)/\(number)"
        }
    }

    init?(_ path: String) {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count >= 2 else { return nil }
        switch (parts[0], parts.count) {
        case ("object", 2), ("object", 3):
            guard let id = ItemID(parts[1]) else { return nil }
            self = .object(id, stream: parts.count == 3 ? parts[2] : nil)
        case ("upload", 3):
            guard let number = Int(parts[2]) else { return nil }
            self = .part(upload: parts[1], number: number)
        default: return nil
        }
    }
}
