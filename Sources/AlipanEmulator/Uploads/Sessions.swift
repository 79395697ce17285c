struct UploadFields: Decodable {
    var driveId: String?
    var fileId: String?
    var uploadId: String?
    var partInfoList: [PartFields]?
    var partNumberMarker: String?
}

extension State {
    func partJSON(_ upload: String, _ number: Int, _ call: Call) -> JSON {
        let link = LinkSigner.sign(
            method: "PUT", base: call.setup.linkURL, path: LinkPath.part(upload: upload, number: number).text,
            parameters: [("partNumber", String(number)), ("uploadId", upload)], style: switches.linkStyle,
            issued: call.now, lifeSeconds: switches.uploadUrlLifeS, key: signing)
        return [
            "part_number": .number(number), "upload_url": .string(link.url), "internal_upload_url": nil,
            "content_type": "", "etag": nil,
        ]
    }

    private func session(_ asked: UploadFields, _ call: Call) throws(APIError) -> UploadBook.Session {
        let drive = try self.drive(asked.driveId, call)
        let file = try required(asked.fileId, "file_id")
        let upload = try required(asked.uploadId, "upload_id")
        guard let session = uploads.find(upload, now: call.now), session.drive == drive, session.file.text == file
        else {
            throw APIError(switches.lostUploadStatus, "NotFound.UploadId", "The resource upload_id cannot be found.")
        }
        return session
    }

    func uploadURLs(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(UploadFields.self)
        let session = try session(asked, call)
        let numbers = (asked.partInfoList ?? []).map { $0.partNumber ?? 0 }
        guard !numbers.isEmpty, numbers.allSatisfy({ (1...switches.maxParts).contains($0) }) else {
            throw .invalid("PartInfoList", "part numbers should be between 1 and \(switches.maxParts)")
        }
        return [
            "drive_id": .string(session.drive), "file_id": .string(session.file.text),
            "upload_id": .string(session.id), "created_at": .string(Timestamp.text(session.begun)),
            "part_info_list": .array(numbers.map { partJSON(session.id, $0, call) }),
        ]
    }

    func uploadedParts(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(UploadFields.self)
        let session = try session(asked, call)
        var after = 0
        if let marker = asked.partNumberMarker, !marker.isEmpty {
            guard let number = Int(marker) else { throw .invalid("PartNumberMarker", "should be a number") }
            after = number
        }
        let rest = session.parts.filter { $0.number > after }
        let shown = rest.prefix(switches.uploadedPartsPage)
        let parts: [JSON] = shown.map {
            ["part_number": .number($0.number), "part_size": .int($0.size), "etag": .string($0.etag)]
        }
        return [
            "drive_id": .string(session.drive), "file_id": .string(session.file.text),
            "upload_id": .string(session.id), "parallelUpload": false, "uploaded_parts": .array(parts),
            "next_part_number_marker": .string(rest.count > shown.count ? String(shown.last?.number ?? 0) : ""),
        ]
    }

    mutating func complete(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(UploadFields.self)
        if let id = asked.uploadId, let file = uploads.rapid.removeValue(forKey: id), let item = tree[file] {
            return completed(item, call)
        }
        let session = try session(asked, call)
        guard tree[session.file] != nil else { throw .noFile }
        try checkParts(session)
        try checkQuota(adding: session.storedSize)
        let content = try finish(session, call)
        uploads.end(session.id)
        learn(content)
        tree.update(session.file) { item in
            item.status = .available
            item.setContent(content)
            item.updated = call.now
            item.touched = call.now
        }
        appeared(session.file, now: call.now)
        guard let item = tree[session.file] else { throw .noFile }
        return completed(item, call)
    }

    private func checkParts(_ session: UploadBook.Session) throws(APIError) {
        let stored = session.storedSize
        if stored > switches.maxFileBytes { throw .payloadTooLarge }
        if session.parts.dropLast().contains(where: { $0.size < switches.minPartBytes }) {
            throw APIError(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size.")
        }
        if let declared = session.declaredSize, declared != stored, switches.completeWrongSize == .refuse {
            throw .invalid("Size", "\(declared) bytes were declared and \(stored) were uploaded")
        }
    }

    /// Moves the bytes to their place. A hash that is not the declared one ends the upload (contract 7.4).
    private mutating func finish(_ session: UploadBook.Session, _ call: Call) throws(APIError) -> Content {
        do {
            let (size, hash) = try session.data.finish()
            if let declared = session.declaredHash, declared != hash {
                session.data.discard()
                uploads.end(session.id)
                tree.remove(session.file)
                throw APIError(400, "InvalidParameter.ContentHash", "The content hash is not the declared one.")
            }
            return try call.setup.files.adopt(session.data.path, hash: hash, size: size)
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(500, "InternalError", "the upload cannot be stored")
        }
    }

    /// The file object, with `file_name` in place of `name`.
    private mutating func completed(_ item: Item, _ call: Call) -> JSON {
        .object(
            json(item, at: .get, call).fields.map { $0.key == "name" ? JSON.Field("file_name", $0.value) : $0 })
    }
}
