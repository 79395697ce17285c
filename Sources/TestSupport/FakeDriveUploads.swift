import Basics
import Crypto
import Drive

// Uploads: what a file is declared to be, its parts, and its end (contract 7).
extension FakeDrive {
    struct Upload: Sendable {
        var object: ObjectID
        var size: Int64
        var declared: ContentHash?
        /// Part 1 first, without gaps.
        var parts: [[UInt8]] = []
    }

    struct PartLink: Sendable {
        var session: UploadSession
        var part: Int
        var expires: Moment
    }

    public func createFile(_ file: FileCreation, _ urgency: Urgency) async throws(DriveError) -> Creation {
        let response = try await begin(.createFile, file.parent, urgency) {
            $0.name = file.name
            $0.declaration = file.content.declaration
        }
        let known = try content(declaredBy: file)
        let (now, wall) = (time.now(), time.wallTime())
        let creation = try state.withLock { state throws(DriveError) -> Creation in
            try state.create(file, known: known, now, wall)
        }
        try await end(response)
        return creation
    }

    public func uploadLinks(
        _ session: UploadSession, parts: ClosedRange<Int>, _ urgency: Urgency
    ) async throws(DriveError) -> [UploadLink] {
        let response = try await begin(.uploadLinks, session.object, urgency)
        let now = time.now()
        let links = try state.withLock { state throws(DriveError) -> [UploadLink] in
            _ = try state.upload(session)
            return try state.links(session, parts, now)
        }
        try await end(response)
        return links
    }

    public func uploadedParts(
        _ session: UploadSession, _ urgency: Urgency
    ) async throws(DriveError) -> [UploadedPart] {
        let response = try await begin(.uploadedParts, session.object, urgency)
        let upload = try state.withLock { state throws(DriveError) in try state.upload(session) }
        try await end(response)
        return upload.parts.enumerated().map { UploadedPart(number: $0.offset + 1, size: Int64($0.element.count)) }
    }

    /// `onProgress` is told how many bytes more were sent, piece by piece.
    public func sendPart(
        _ link: UploadLink, _ range: ByteRange, of source: any UploadSource,
        onProgress: @escaping @Sendable (Int) -> Void
    ) async throws(DriveError) {
        guard let known = state.withLock({ $0.uploadLinks[link.url] }) else {
            throw .change(.part(.denied("SignatureDoesNotMatch")))
        }
        let response = try await begin(.sendPart, known.session.object, .background) {
            $0.range = range
            $0.part = known.part
        }
        // The drive looks at the address first; what is sent after a refusal goes nowhere.
        if known.expires <= time.now() { throw .change(.part(.expired)) }
        let isStored = try state.withLock { state throws(DriveError) in try state.isStored(known) }
        if isStored, let error = response.error { throw error }
        if !isStored {
            let bytes = try await body(range, of: source, response, onProgress)
            try state.withLock { state throws(DriveError) in
                if try !state.isStored(known) { state.uploads[known.session.uploadID]?.parts.append(bytes) }
            }
        }
        try await end(response)
    }

    public func completeUpload(_ session: UploadSession, _ urgency: Urgency) async throws(DriveError) -> DriveFile {
        let response = try await begin(.completeUpload, session.object, urgency)
        let now = time.wallTime()
        // A mismatch spends the session, so the state changes also where the call fails.
        let outcome = try state.withLock { state throws(DriveError) in try state.complete(session, now) }
        try await end(response)
        return try outcome.get()
    }

    /// The session is unknown from now on, as after ten days, and its placeholder is gone.
    public func dropUpload(_ session: UploadSession) { state.withLock { $0.delete(session.object.file) } }

    /// Every address of a part that was given so far is too old from now on.
    public func expireUploadLinks() {
        state.withLock { state in
            for url in state.uploadLinks.keys { state.uploadLinks[url]?.expires = Moment(sinceBoot: .zero) }
        }
    }

    /// Content that the drive knows and `file` declares with its whole hash, once its proof has been seen to be right.
    private func content(declaredBy file: FileCreation) throws(DriveError) -> FakeContent? {
        guard case .hashed(let hash, let source) = file.content else { return nil }
        // The proof is read whether the drive knows the content or not.
        let proven = ByteRange(0, min(8, file.size))
        _ = try Self.bytes(proven, of: source)
        let candidates = state.withLock { $0.knownContents[file.size] ?? [] }
        guard let known = candidates.first(where: { $0.sha1 == hash }) else { return nil }
        guard try Self.sha1(of: source, size: file.size) == hash else {
            throw .change(.invalidProof(Self.refusal(400, "InvalidRapidProof")))
        }
        return known
    }

    private func body(
        _ range: ByteRange, of source: any UploadSource, _ response: FakeResponse,
        _ onProgress: @Sendable (Int) -> Void
    ) async throws(DriveError) -> [UInt8] {
        let pieceSize = state.withLock { Int64($0.settings.pieceSize) }
        let stops = response.error != nil || response.bodyGate != nil
        let stop = stops ? min(range.lower + response.bytesFirst, range.upper) : range.upper
        var bytes: [UInt8] = []
        for end in [stop, range.upper] {
            while range.lower + Int64(bytes.count) < end {
                let offset = range.lower + Int64(bytes.count)
                if Task.isCancelled { throw .cancelled }
                let piece = try Self.bytes(ByteRange(offset, min(offset + pieceSize, end)), of: source)
                bytes += piece
                onProgress(piece.count)
                await Task.yield()
            }
            guard stops, end == stop else { continue }
            if let gate = response.bodyGate {
                do { try await gate.pass() } catch { throw .cancelled }
            }
            if let error = response.error { throw error }
        }
        return bytes
    }

    private static func bytes(_ range: ByteRange, of source: any UploadSource) throws(DriveError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(range.count))
        do throws(UploadSourceError) {
            let result = bytes.withUnsafeMutableBytes { buffer -> Result<Void, UploadSourceError> in
                do throws(UploadSourceError) {
                    return .success(try source.read(at: range.lower, into: buffer))
                } catch {
                    return .failure(error)
                }
            }
            try result.get()
        } catch {
            throw .change(.source(error))
        }
        return bytes
    }

    private static func sha1(of source: any UploadSource, size: Int64) throws(DriveError) -> ContentHash? {
        var hash = Insecure.SHA1()
        var offset: Int64 = 0
        while offset < size {
            let next = min(offset + 1 << 20, size)
            hash.update(data: try bytes(ByteRange(offset, next), of: source))
            offset = next
        }
        return ContentHash(bytes: Array(hash.finalize()))
    }
}

extension FileCreation.Content {
    fileprivate var declaration: FakeDeclaration {
        switch self {
        case .plain: .plain
        case .preHash: .preHash
        case .hashed: .hashed
        }
    }
}
