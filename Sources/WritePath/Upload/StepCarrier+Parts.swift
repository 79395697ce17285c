import Basics
import Drive
import MetadataStore
import Synchronization

// Parts, strictly in order (contract 7.5).
extension StepCarrier {
    /// Links are renewed this long before they end.
    private static let margin = Duration.seconds(60)
    /// Addresses asked for at once.
    private static let window = 100
    private static let triesMax = 4

    /// Sends what the drive does not have yet. Cancelled when the bytes change or nobody wants them any more.
    mutating func send(_ session: UploadSession) async throws(Trouble) -> [DraftEvent] {
        guard let upload = draft.record.upload else { return [] }
        var next = isFresh ? 1 : try await firstMissing(session, upload)
        isFresh = false
        guard next > 0 else { return [.sessionGone] }
        let count = max(1, Int((upload.size + upload.partSize - 1) / upload.partSize))
        var failures = 0
        while next <= count {
            if !draft.wants(upload.revision) { return [] }
            do throws(DriveError) {
                let link = try await link(session, next, count)
                try await send(link, next, upload)
                next += 1
                failures = 0
            } catch {
                failures += 1
                switch error {
                case .change(.part(.expired)) where failures < Self.triesMax: links = [:]
                case .change(.part(.notSequential(let expected))) where failures < Self.triesMax:
                    if let expected { next = expected } else { next = try await firstMissing(session, upload) }
                    guard next > 0 else { return [.sessionGone] }
                case .change(.part(.sessionGone)), .change(.uploadGone):
                    return try await confirm(session.object, isSpent: true)
                case .change(.part(.cut)) where failures < Self.triesMax: continue
                case .notFound, .inRecycleBin: return [.sessionGone]
                default: throw Trouble(error)
                }
            }
        }
        return [.sent]
    }

    /// The number after the last part that the drive has; 0 when what it has is not of this upload.
    private func firstMissing(_ session: UploadSession, _ upload: UploadRecord) async throws(Trouble) -> Int {
        do throws(DriveError) {
            let parts = try await drive.uploadedParts(session, .background)
            var next = 1
            for part in parts.sorted(by: { $0.number < $1.number }) where part.number == next {
                let offset = Int64(next - 1) * upload.partSize
                guard part.size == min(upload.partSize, upload.size - offset) else { return 0 }
                next += 1
            }
            return next
        } catch {
            switch error {
            case .change(.uploadGone), .notFound, .inRecycleBin: return 0
            default: throw Trouble(error)
            }
        }
    }

    private mutating func link(
        _ session: UploadSession, _ number: Int, _ count: Int
    ) async throws(DriveError) -> UploadLink {
        if let link = links[number], link.expires - owner.time.now() > Self.margin { return link }
        let fresh = try await drive.uploadLinks(
            session, parts: number...min(count, number + Self.window - 1), .background)
        links = Dictionary(fresh.map { ($0.part, $0) }) { first, _ in first }
        guard let link = links[number] else { throw .malformedAnswer("getUploadUrl: no address for part \(number)") }
        return link
    }

    private func send(_ link: UploadLink, _ number: Int, _ upload: UploadRecord) async throws(DriveError) {
        let offset = Int64(number - 1) * upload.partSize
        let range = ByteRange(offset, min(upload.size, offset + upload.partSize))
        let (drive, source, draft) = (drive, source, draft)
        draft.file.retain()
        defer { draft.file.release() }
        draft.state.withLock { $0.sent = offset }
        // In a task of its own, so that a change of the bytes or a removal can end it.
        let sending = Task { () async -> DriveError? in
            do throws(DriveError) {
                try await drive.sendPart(link, range, of: source) { count in
                    draft.state.withLock { $0.sent += Int64(count) }
                }
                return nil
            } catch {
                return error
            }
        }
        let isWanted = draft.state.withLock { state in
            guard state.wants(upload.revision) else { return false }
            state.sending = Task {
                await withTaskCancellationHandler { _ = await sending.value } onCancel: { sending.cancel() }
            }
            return true
        }
        if !isWanted { sending.cancel() }
        let error = await withTaskCancellationHandler { await sending.value } onCancel: { sending.cancel() }
        draft.state.withLock { $0.sending = nil }
        if let error { throw error }
    }
}

extension Trouble {
    init(_ error: WriteError) {
        switch error {
        case .base(.stale(let words)):
            self.init(.final, "the stored version that it is based on is gone from the drive: \(words)")
        case .base(let error): self.init(.passing, "the stored bytes cannot be read: \(error)")
        case .spool(let error): self.init(.passing, "\(error)")
        case .journal(let error): self.init(.passing, "\(error)")
        case .noRoom(let words): self.init(.passing, words)
        case .drive(let error): self.init(error)
        case .refused(let words): self.init(.final, words)
        case .cancelled: self.init(.passing, "interrupted", .cancelled)
        case .timedOut, .removed: self.init(.passing, "it took too long")
        }
    }
}
