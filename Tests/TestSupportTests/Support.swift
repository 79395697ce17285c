import Basics
import Drive
import Synchronization
import TestSupport

/// Bytes to upload, in memory. Can be told that reading fails.
struct MemorySource: UploadSource {
    var content: FakeContent
    var failure: UploadSourceError?

    init(_ content: FakeContent, failure: UploadSourceError? = nil) {
        self.content = content
        self.failure = failure
    }

    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(UploadSourceError) {
        if let failure { throw failure }
        guard offset + Int64(buffer.count) <= content.size else { throw UploadSourceError("too short") }
        content.copy(from: offset, into: buffer)
    }
}

extension FakeContent {
    /// What goes before the whole hash (contract 7.1).
    var preHash: ContentHash { FakeContent.bytes(bytes(in: ByteRange(0, min(1024, size)))).sha1 }
}

/// A fake drive whose smallest part is ten bytes.
struct Fixture {
    let time = ManualTime()
    let drive: FakeDrive
    let root: ObjectID
    let small = FakeContent.bytes(Array(0..<30))

    init() {
        drive = FakeDrive(time: time)
        root = drive.object(.root)
        drive.set { $0.smallestPart = 10 }
    }

    func create(
        _ name: FileName, _ size: Int64, _ content: FileCreation.Content = .plain, parts: Int = 1,
        _ onTaken: OnTaken = .refuse, in parent: ObjectID? = nil, modifiedAt: UnixTime? = nil
    ) async throws(DriveError) -> Creation {
        let creation = FileCreation(
            parent: parent ?? root, name: name, size: size, content: content, partCount: parts, onTaken: onTaken,
            modifiedAt: modifiedAt)
        return try await drive.createFile(creation, .foreground)
    }

    /// Opens an upload that the drive cannot answer otherwise.
    func begin(
        _ name: FileName, _ size: Int64, _ content: FileCreation.Content = .plain, parts: Int = 1
    ) async throws -> (UploadSession, [UploadLink]) {
        guard case .upload(let session, _, let links) = try await create(name, size, content, parts: parts) else {
            throw DriveError.malformedAnswer("no upload")
        }
        return (session, links)
    }

    func send(_ link: UploadLink, _ lower: Int64, _ upper: Int64, of content: FakeContent) async throws(DriveError) {
        try await drive.sendPart(link, ByteRange(lower, upper), of: MemorySource(content)) { _ in }
    }

    /// A whole upload.
    @discardableResult
    func upload(_ name: FileName, _ content: FakeContent) async throws -> DriveFile {
        let (session, links) = try await begin(name, content.size)
        try await send(links[0], 0, content.size, of: content)
        return try await drive.completeUpload(session, .foreground)
    }
}

/// How a call failed; `nil` when it did not.
func failure(_ body: () async throws -> some Any) async -> DriveError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? DriveError
    }
}

extension DriveError {
    /// Without the drive's words, so that tests can compare.
    var gist: String {
        switch self {
        case .notFound(let refusal), .inRecycleBin(let refusal), .nameTaken(let refusal), .wrongKind(let refusal),
            .quotaExhausted(let refusal), .tooLarge(let refusal), .rejected(let refusal), .accessDenied(let refusal):
            "\(refusal.status) \(refusal.code)"
        case .change(.invalidProof), .change(.contentMismatch), .change(.uploadGone), .change(.uncertain):
            String(describing: self).prefix { $0 != "(" } + "." + kind
        default: String(describing: self)
        }
    }

    private var kind: String {
        switch self {
        case .change(.invalidProof): "invalidProof"
        case .change(.contentMismatch): "contentMismatch"
        case .change(.uploadGone): "uploadGone"
        case .change(.uncertain): "uncertain"
        default: ""
        }
    }
}

/// A sum that a callback on any thread adds to.
final class Tally: Sendable {
    private let value = Mutex(0)
    var total: Int { value.withLock { $0 } }
    func add(_ count: Int) { value.withLock { $0 += count } }
}
