struct PartFields: Decodable {
    var partNumber: Int?
}

struct CreateFields: Decodable {
    var driveId: String?
    var parentFileId: String?
    var name: String?
    var type: String?
    var checkNameMode: String?
    var partInfoList: [PartFields]?
    var size: Int64?
    var preHash: String?
    var contentHash: String?
    var contentHashName: String?
    var proofCode: String?
    var proofVersion: String?
    var localCreatedAt: String?
    var localModifiedAt: String?
}

extension State {
    mutating func create(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(CreateFields.self)
        let drive = try self.drive(asked.driveId, call)
        let parent = try folder(asked.parentFileId, in: drive)
        var name = try checkedName(asked.name)
        let type = try required(asked.type, "type")
        let mode = try nameMode(try required(asked.checkNameMode, "check_name_mode"))
        guard type == "file" || type == "folder" else { throw .invalid("Type", "should be file or folder") }
        let parts = try partNumbers(asked.partInfoList)
        try checkSize(asked.size)
        for (field, time) in [("LocalCreatedAt", asked.localCreatedAt), ("LocalModifiedAt", asked.localModifiedAt)] {
            if let time, Timestamp.parse(time) == nil { throw .invalid(field, "should be an ISO 8601 time") }
        }
        if let taken = taken(name, in: parent.id) {
            switch mode {
            case .ignore: break
            case .autoRename: name = freeName(like: name, in: parent.id, call)
            case .refuse: return try alreadyThere(taken, drive: drive)
            }
        }
        let item = Item(
            id: newID(), parent: parent.id, name: name, kind: type == "folder" ? .folder : .file, created: call.now,
            updated: call.now, touched: call.now)
        if type == "folder" {
            tree.insert(item)
            appeared(item.id, now: call.now)
            return created(item, drive: drive, [("upload_id", ""), ("rapid_upload", false)])
        }
        try checkQuota(adding: asked.size ?? 0)
        return try createFile(item, asked, drive: drive, parts: parts, call)
    }

    private mutating func createFile(
        _ blank: Item, _ asked: CreateFields, drive: String, parts: [Int], _ call: Call
    ) throws(APIError) -> JSON {
        var item = blank
        item.more.localCreated = asked.localCreatedAt
        item.more.localModified = asked.localModifiedAt
        if let content = try rapidContent(asked, call) {
            item.setContent(content)
            tree.insert(item)
            appeared(item.id, now: call.now)
            var uploadID = ""
            if switches.uploadIdAfterRapid {
                uploadID = random.token().uppercased()
                uploads.rapid[uploadID] = item.id
            }
            return created(item, drive: drive, [("upload_id", .string(uploadID)), ("rapid_upload", true)])
        }
        item.status = .uploading
        let session = UploadBook.Session(
            id: random.token().uppercased(), drive: drive, file: item.id, declaredSize: asked.size,
            declaredHash: asked.contentHash.flatMap { ContentHash($0) }, begun: call.now,
            data: try newUploadFile(call))
        tree.insert(item)
        uploads.begin(session)
        return created(
            item, drive: drive,
            [
                ("upload_id", .string(session.id)), ("rapid_upload", false),
                ("part_info_list", .array(parts.map { partJSON(session.id, $0, call) })),
            ])
    }

    private mutating func newUploadFile(_ call: Call) throws(APIError) -> UploadFile {
        do {
            return try UploadFile(path: call.setup.files.uploadPath(random.token()))
        } catch {
            throw APIError(500, "InternalError", "no room for uploads")
        }
    }

    private func created(_ item: Item, drive: String, _ more: [(String, JSON)]) -> JSON {
        var out: JSON = [
            "drive_id": .string(drive), "domain_id": "bj29", "file_id": .string(item.id.text),
            "parent_file_id": .string(idText(item.parent)), "type": .string(item.isFolder ? "folder" : "file"),
            "file_name": .string(item.name.text), "encrypt_mode": "none", "exist": false,
            "status": .string(item.status == .available ? "available" : "uploading"), "revision_id": nil,
        ]
        for (key, value) in more { out.append(key, value) }
        return out
    }

    /// The answer to `refuse` when the name is taken (contract 7.3).
    private func alreadyThere(_ item: Item, drive: String) throws(APIError) -> JSON {
        switch switches.refuseTaken {
        case .badRequest: throw Self.alreadyExists(400)
        case .conflict: throw Self.alreadyExists(409)
        case .exist:
            return [
                "drive_id": .string(drive), "file_id": .string(item.id.text),
                "parent_file_id": .string(idText(item.parent)), "file_name": .string(item.name.text),
                "type": .string(item.isFolder ? "folder" : "file"), "status": "available", "exist": true,
                "rapid_upload": false, "upload_id": nil, "part_info_list": nil,
            ]
        }
    }

    static func alreadyExists(_ status: Int) -> APIError {
        APIError(status, "AlreadyExist.File", "The resource file has already exists.")
    }

    private func checkSize(_ size: Int64?) throws(APIError) {
        guard let size else { return }
        if size < 0 { throw .invalid("Size", "should not be negative") }
        if size > switches.maxFileBytes { throw .payloadTooLarge }
    }

    func checkQuota(adding bytes: Int64) throws(APIError) {
        if bytes > 0, usedBytes > switches.totalBytes - bytes {
            throw APIError(switches.quotaStatus, "QuotaExhausted.Drive", "The drive's capacity would be exceeded.")
        }
    }

    private func partNumbers(_ list: [PartFields]?) throws(APIError) -> [Int] {
        guard let list, !list.isEmpty else { return [1] }
        let numbers = list.map { $0.partNumber ?? 0 }
        guard numbers.count <= switches.maxParts, numbers == Array(1...numbers.count) else {
            throw .invalid("PartInfoList", "part numbers should run from 1 to at most \(switches.maxParts)")
        }
        return numbers
    }
}
