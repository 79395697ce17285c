import Basics
import Drive

// The rules for uploads, one step of state each.
extension FakeDrive.State {
    /// Contract 7.1, in the order in which the service looks: the name, the space, the content.
    mutating func create(
        _ file: FileCreation, known: FakeContent?, _ now: Moment, _ wall: UnixTime
    ) throws(DriveError) -> Creation {
        _ = try folder(file.parent)
        try check(file.name)
        guard file.size >= 0 else { throw .rejected(FakeDrive.refusal(400, "InvalidParameter.Size")) }
        guard file.size <= settings.largestFile else { throw .tooLarge(FakeDrive.refusal(413, "")) }
        if file.onTaken == .refuse, let holder = holder(of: file.name, in: file.parent.file) {
            return .taken(holder.file.id)
        }
        try checkQuota(adding: file.size)
        if case .preHash(let hash) = file.content, knowsContent(beginning: hash, ofSize: file.size) {
            throw .change(.preHashMatched)
        }
        guard (1...Self.mostParts).contains(file.partCount) else { throw Self.badParts }
        let id = insertPlaceholder(of: file, wall)
        if let known {
            fillPlaceholder(id.file, with: known, wall)
            return .made(id, name: file.name)
        }
        nextID += 1
        let session = UploadSession(object: id, uploadID: "UPLOAD-\(nextID)")
        var upload = FakeDrive.Upload(object: id, size: file.size)
        if case .hashed(let hash, _) = file.content { upload.declared = hash }
        uploads[session.uploadID] = upload
        return .upload(session, name: file.name, links: try links(session, 1...file.partCount, now))
    }

    func upload(_ session: UploadSession) throws(DriveError) -> FakeDrive.Upload {
        guard let upload = uploads[session.uploadID], upload.object == session.object else {
            throw .change(.uploadGone(FakeDrive.refusal(400, "NotFound.UploadId")))
        }
        return upload
    }

    mutating func links(
        _ session: UploadSession, _ parts: ClosedRange<Int>, _ now: Moment
    ) throws(DriveError) -> [UploadLink] {
        guard parts.lowerBound >= 1, parts.upperBound <= Self.mostParts else { throw Self.badParts }
        let expires = now + settings.uploadLinkLife
        return parts.map { part in
            nextID += 1
            let url = "fake://\(session.uploadID)/\(part)#\(nextID)"
            uploadLinks[url] = FakeDrive.PartLink(session: session, part: part, expires: expires)
            return UploadLink(part: part, url: url, expires: expires)
        }
    }

    /// Whether the drive has this part already; throws unless it is this part's turn.
    func isStored(_ link: FakeDrive.PartLink) throws(DriveError) -> Bool {
        guard let upload = uploads[link.session.uploadID] else { throw .change(.part(.sessionGone)) }
        if link.part <= upload.parts.count { return true }
        let next = upload.parts.count + 1
        guard link.part == next else { throw .change(.part(.notSequential(expected: next))) }
        return false
    }

    /// What the call ends with; throws where it changes nothing.
    mutating func complete(
        _ session: UploadSession, _ now: UnixTime
    ) throws(DriveError) -> Result<DriveFile, DriveError> {
        let upload = try upload(session)
        _ = try find(upload.object)
        guard upload.parts.dropLast().allSatisfy({ $0.count >= settings.smallestPart }) else {
            throw .rejected(FakeDrive.refusal(400, "EntityTooSmall"))
        }
        let content = FakeContent.bytes(Array(upload.parts.joined()))
        guard content.size == upload.size || settings.completesAnySize else {
            throw .rejected(FakeDrive.refusal(400, "InvalidParameter.Size"))
        }
        guard content.size <= settings.largestFile else { throw .tooLarge(FakeDrive.refusal(413, "")) }
        try checkQuota(adding: content.size)
        if let declared = upload.declared, declared != content.sha1 {
            delete(upload.object.file)
            return .failure(.change(.contentMismatch(FakeDrive.refusal(400, "InvalidParameter.ContentHash"))))
        }
        uploads[session.uploadID] = nil
        fillPlaceholder(upload.object.file, with: content, now)
        return .success(try find(upload.object).file)
    }

    private static var mostParts: Int { 10_000 }
    private static var badParts: DriveError { .rejected(FakeDrive.refusal(400, "InvalidParameter.PartInfoList")) }

    private func knowsContent(beginning hash: ContentHash, ofSize size: Int64) -> Bool {
        knownContents[size, default: []].contains { known in
            FakeContent.bytes(known.bytes(in: ByteRange(0, min(1024, size)))).sha1 == hash
        }
    }

    private mutating func insertPlaceholder(of file: FileCreation, _ now: UnixTime) -> ObjectID {
        let id = ObjectID(drive: drive, file: newFileID())
        let placeholder = DriveFile(
            id: id, parent: file.parent.file, name: file.name, kind: .file, size: file.size, createdAt: now,
            updatedAt: now, localModifiedAt: settings.keepsModifiedAt ? file.modifiedAt : nil, isAvailable: false)
        nodes[id.file] = FakeDrive.Node(file: placeholder, isPlaceholder: true)
        return id
    }

    private mutating func fillPlaceholder(_ file: FileID, with content: FakeContent, _ now: UnixTime) {
        guard var node = nodes[file] else { preconditionFailure("an upload has its placeholder") }
        node.content = content
        node.isPlaceholder = false
        node.file.isAvailable = true
        node.file.size = content.size
        node.file.contentHash = content.sha1
        node.file.updatedAt = now
        nodes[file] = node
        learn(content)
        childChanged(in: node.file.parent, now)
    }
}
