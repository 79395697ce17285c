import Basics
import Drive

extension HTTPDrive {
    /// Contract 7.1.
    private static let mostParts = 10_000
    /// An upload address whose end cannot be read lives an hour, or somewhat less (contract 7.5).
    private static let assumedLife: Duration = .seconds(3_000)
    private static let emptyHash = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
    /// All parts go over the connections of one thread, so that each finds the one of the part before.
    private static let lane = 1

    /// Contract 7.1, 7.4 and 7.6.
    public func createFile(_ file: FileCreation, _ urgency: Urgency) async throws(DriveError) -> Creation {
        try check(file.parent)
        try check(file.name)
        guard file.size >= 0, (1...Self.mostParts).contains(file.partCount) else {
            throw .rejected(Refusal(status: 0, code: "", message: "1 to \(Self.mostParts) parts"))
        }
        let wire = try await caller.value(try creation(of: file), as: WireCreation.self, urgency)
        let id = try made(wire, in: file.parent.drive)
        if wire.exists { return .taken(id) }
        let name = wire.name.map { FileName($0) } ?? file.name
        let session = wire.uploadID.map { UploadSession(object: id, uploadID: $0) }
        if wire.isRapid {
            if let session { await close(session, urgency) }
            return .made(id, name: name)
        }
        guard let session else { throw .change(.uncertain("create: neither content nor an upload")) }
        return .upload(session, name: name, links: links(wire.parts))
    }

    /// Contract 7.5.
    public func uploadLinks(
        _ session: UploadSession, parts: ClosedRange<Int>, _ urgency: Urgency
    ) async throws(DriveError) -> [UploadLink] {
        try check(session.object)
        guard parts.lowerBound >= 1, parts.upperBound <= Self.mostParts else {
            throw .rejected(Refusal(status: 0, code: "", message: "parts are numbered from 1 to \(Self.mostParts)"))
        }
        var body = session.request
        body.part_info_list = parts.map { WireRequest.Part(part_number: $0) }
        let call = try APICall(Self.openFile + "getUploadUrl", .other, body)
        let wire = try await caller.value(call, as: WireUploadLinks.self, urgency)
        let byNumber = Dictionary(links(wire.parts).map { ($0.part, $0) }, uniquingKeysWith: { $1 })
        var ordered: [UploadLink] = []
        for part in parts {
            guard let link = byNumber[part] else { throw .malformedAnswer("getUploadUrl: nothing for part \(part)") }
            ordered.append(link)
        }
        return ordered
    }

    /// Contract 7.5.
    public func uploadedParts(
        _ session: UploadSession, _ urgency: Urgency
    ) async throws(DriveError) -> [UploadedPart] {
        try check(session.object)
        var parts: [Int: UploadedPart] = [:]
        var body = session.request
        repeat {
            let call = try APICall(Self.openFile + "listUploadedParts", .other, body)
            let page = try await caller.value(call, as: WireUploadedParts.self, urgency)
            let known = parts.count
            for part in page.parts { parts[part.number] = part }
            guard page.next == nil || parts.count > known else {
                throw .malformedAnswer("listUploadedParts: a page without new parts says that there are more")
            }
            body.part_number_marker = page.next
        } while body.part_number_marker != nil
        return parts.values.sorted { $0.number < $1.number }
    }

    /// Contract 7.5.
    public func sendPart(
        _ link: UploadLink, _ range: ByteRange, of source: any UploadSource,
        onProgress: @escaping @Sendable (Int) -> Void
    ) async throws(DriveError) {
        if let objection = hosts.objection(to: link.url) { throw .change(.part(.foreignHost(objection))) }
        let reader = PartReader(range, of: source, bandwidth: bandwidthUp, time: time, onProgress: onProgress)
        do throws(DriveError) {
            try await put(link.url, reader)
        } catch {
            // Addresses grow old in the ordinary course of things.
            if error != .cancelled && error != .change(.part(.expired)) { note("part \(link.part)", error.words) }
            throw error
        }
    }

    /// Contract 7.5.
    public func completeUpload(
        _ session: UploadSession, _ urgency: Urgency
    ) async throws(DriveError) -> DriveFile {
        try check(session.object)
        let call = try changing("complete", session.request)
        return try await caller.value(call, as: WireCompletion.self, urgency).file.file(in: session.object.drive)
    }

    private func creation(of file: FileCreation) throws(DriveError) -> APICall {
        let time = file.modifiedAt.flatMap { WireTime.text($0) }
        var body = WireRequest.NewFile(
            drive_id: file.parent.drive.rawValue, parent_file_id: file.parent.file.rawValue, name: file.name.text,
            check_name_mode: file.onTaken.word, size: file.size,
            part_info_list: (1...file.partCount).map { WireRequest.Part(part_number: $0) }, local_created_at: time,
            local_modified_at: time)
        var call: APICall
        switch file.content {
        // Whatever else is said of nothing, its hash is known and proved by nothing (contract 7.6).
        case _ where file.size == 0:
            body.part_info_list = [WireRequest.Part(part_number: 1)]
            body.declare(Self.emptyHash, proof: "")
            call = try changing("create", body)
        case .plain: call = try changing("create", body)
        case .preHash(let hash):
            body.pre_hash = hash.hex
            call = try changing("create", body)
        case .hashed(let hash, let source):
            call = APICall(Self.openFile + "create", .other, Self.proving(body, hash.hex, source))
            call.effect = .changes
        }
        call.context.claimsName = true
        return call
    }

    private static func proving(
        _ body: WireRequest.NewFile, _ hash: String, _ source: any UploadSource
    ) -> APICall.Body {
        .forToken { token throws(DriveError) in
            var body = body
            body.declare(hash, proof: try await ProofCode.make(token: token, size: body.size, source: source))
            return try APICall.json(body)
        }
    }

    /// Some clients complete after a rapid upload and some do not: the content is in place either way (contract 7.4).
    private func close(_ session: UploadSession, _ urgency: Urgency) async {
        do {
            _ = try await completeUpload(session, urgency)
        } catch {
            note("complete after a rapid upload", error.words)
        }
    }

    private func links(_ parts: [WirePart]) -> [UploadLink] {
        let (now, serverNow) = (time.now(), clock.now())
        return parts.map { part in
            let url =
                configuration.usesInternalUploadHost
                ? UploadHost.internalURL(part.url, stated: part.internalURL) : part.url
            let life = LinkExpiry.life(of: url, stated: nil, serverNow: serverNow, assumed: Self.assumedLife)
            return UploadLink(part: part.number, url: url, expires: now + life)
        }
    }

    private func put(_ url: String, _ reader: PartReader) async throws(DriveError) {
        // No bearer and no Content-Type: either breaks the signature.
        var call = HTTPCall(
            method: .put, url: url, headers: [(name: "User-Agent", value: configuration.userAgent)],
            lane: Self.lane)
        call.source = reader
        let answer: HTTPAnswer
        do {
            answer = try await transport.exchange(call, limit: LinkRefusal.longestBody, onSent: {})
        } catch {
            if error == .cancelled { throw .cancelled }
            if let failure = reader.failure { throw .change(.source(failure)) }
            switch error {
            case .cancelled: throw .cancelled
            case .unreachable(let words): throw .unreachable(words)
            case .untrusted(let words): throw .untrusted(words)
            case .lost(let words): throw .change(.part(.cut(words)))
            case .tooLong: throw .change(.part(.cut("the answer is too long")))
            case .badAddress: throw .change(.part(.foreignHost("not an address")))
            }
        }
        if case .failed(let failure) = PartAnswer(status: answer.status, body: answer.body) {
            throw .change(.part(failure))
        }
    }
}

extension UploadSession {
    fileprivate var request: WireRequest.Upload {
        WireRequest.Upload(drive_id: object.drive.rawValue, file_id: object.file.rawValue, upload_id: uploadID)
    }
}

extension WireRequest.NewFile {
    fileprivate mutating func declare(_ hash: String, proof: String) {
        content_hash = hash
        content_hash_name = "sha1"
        proof_code = proof
        proof_version = ProofCode.version
    }
}
