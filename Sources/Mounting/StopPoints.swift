import Basics
import Drive
import Glibc
import MetadataStore
import Synchronization

/// Kills the process, as a crash would, at one of the points where it may be lost what was done: before and after each
/// call that changes the drive and each write of the journal. For crash tests; `STOP_ALIYUNFS_AT=n` in the environment.
public final class StopPoints: Sendable {
    public static let variable = "STOP_ALIYUNFS_AT"

    private let limit: Int
    private let count = Mutex(0)

    /// - Parameter limit: the number of the point that is not passed, from 1; 0 only counts.
    public init(at limit: Int) { self.limit = limit }

    public var passed: Int { count.withLock { $0 } }

    func pass() {
        let isHere = count.withLock { count in
            count += 1
            return count == limit
        }
        if isHere { kill(getpid(), SIGKILL) }
    }

    func around<T, E: Error>(_ body: () async throws(E) -> T) async throws(E) -> T {
        pass()
        let result: Result<T, E>
        do throws(E) { result = .success(try await body()) } catch { result = .failure(error) }
        pass()
        return try result.get()
    }
}

/// The drive with a point before and after each call that changes it.
struct StoppingDrive: WritableDrive {
    let drive: any WritableDrive
    let points: StopPoints

    func createFolder(
        named name: FileName, in parent: ObjectID, _ urgency: Urgency
    ) async throws(DriveError) -> Creation {
        try await points.around { () async throws(DriveError) in
            try await drive.createFolder(named: name, in: parent, urgency)
        }
    }

    func createFile(_ file: FileCreation, _ urgency: Urgency) async throws(DriveError) -> Creation {
        try await points.around { () async throws(DriveError) in try await drive.createFile(file, urgency) }
    }

    func sendPart(
        _ link: UploadLink, _ range: ByteRange, of source: any UploadSource,
        onProgress: @escaping @Sendable (Int) -> Void
    ) async throws(DriveError) {
        try await points.around { () async throws(DriveError) in
            try await drive.sendPart(link, range, of: source, onProgress: onProgress)
        }
    }

    func completeUpload(_ session: UploadSession, _ urgency: Urgency) async throws(DriveError) -> DriveFile {
        try await points.around { () async throws(DriveError) in try await drive.completeUpload(session, urgency) }
    }

    func rename(
        _ id: ObjectID, to name: FileName, _ onTaken: OnTaken, _ urgency: Urgency
    ) async throws(DriveError) -> DriveFile {
        try await points.around { () async throws(DriveError) in
            try await drive.rename(id, to: name, onTaken, urgency)
        }
    }

    func move(
        _ id: ObjectID, to parent: FileID, _ onTaken: OnTaken, _ urgency: Urgency
    ) async throws(DriveError) -> TreeChange {
        try await points.around { () async throws(DriveError) in
            try await drive.move(id, to: parent, onTaken, urgency)
        }
    }

    func copy(_ id: ObjectID, to parent: ObjectID, _ urgency: Urgency) async throws(DriveError) -> TreeChange {
        try await points.around { () async throws(DriveError) in try await drive.copy(id, to: parent, urgency) }
    }

    func remove(_ id: ObjectID, _ way: Removal, _ urgency: Urgency) async throws(DriveError) -> TreeChange {
        try await points.around { () async throws(DriveError) in try await drive.remove(id, way, urgency) }
    }
}

// What changes nothing.
extension StoppingDrive {
    func uploadLinks(
        _ session: UploadSession, parts: ClosedRange<Int>, _ urgency: Urgency
    ) async throws(DriveError) -> [UploadLink] {
        try await drive.uploadLinks(session, parts: parts, urgency)
    }

    func uploadedParts(_ session: UploadSession, _ urgency: Urgency) async throws(DriveError) -> [UploadedPart] {
        try await drive.uploadedParts(session, urgency)
    }

    func state(of task: DriveTaskID, _ urgency: Urgency) async throws(DriveError) -> DriveTaskState {
        try await drive.state(of: task, urgency)
    }

    func account(_ urgency: Urgency) async throws(DriveError) -> AccountInfo { try await drive.account(urgency) }
    func space(_ urgency: Urgency) async throws(DriveError) -> SpaceInfo { try await drive.space(urgency) }

    func list(_ folder: ObjectID, marker: String?, _ urgency: Urgency) async throws(DriveError) -> ListPage {
        try await drive.list(folder, marker: marker, urgency)
    }

    func file(_ id: ObjectID, _ urgency: Urgency) async throws(DriveError) -> DriveFile {
        try await drive.file(id, urgency)
    }

    func file(atPath path: String, in id: DriveID, _ urgency: Urgency) async throws(DriveError) -> DriveFile {
        try await drive.file(atPath: path, in: id, urgency)
    }

    func files(_ ids: [ObjectID], _ urgency: Urgency) async throws(DriveError) -> [ObjectID: DriveFile] {
        try await drive.files(ids, urgency)
    }

    func downloadLinks(for id: ObjectID, _ urgency: Urgency) async throws(DriveError) -> DownloadLinks {
        try await drive.downloadLinks(for: id, urgency)
    }

    func download(
        _ link: DownloadLink, range: ByteRange, ofSize size: Int64, _ urgency: Urgency, into sink: any DownloadSink
    ) async throws(DriveError) {
        try await drive.download(link, range: range, ofSize: size, urgency, into: sink)
    }

    func health() -> DriveHealth { drive.health() }
}

/// The database with a point before and after each write of the journal.
struct StoppingStore: MetadataStore, JournalStore {
    let store: any MetadataStore & JournalStore
    let points: StopPoints

    func commit(_ change: JournalChange, durable: Bool) async throws(StoreError) {
        try await points.around { () async throws(StoreError) in try await store.commit(change, durable: durable) }
    }

    var generation: UInt64 { store.generation }
    func drafts() async throws(StoreError) -> [DraftRecord] { try await store.drafts() }
    func localAttributes() async throws(StoreError) -> [UInt64: LocalAttributes] { try await store.localAttributes() }
    func inodeNumbers(for keys: [NodeKey]) async throws(StoreError) -> [UInt64] {
        try await store.inodeNumbers(for: keys)
    }
    func listing(of folder: ObjectID) async throws(StoreError) -> StoredListing? { try await store.listing(of: folder) }
    func save(_ listing: StoredListing?, of folder: ObjectID) async throws(StoreError) {
        try await store.save(listing, of: folder)
    }
    func place(of object: ObjectID) async throws(StoreError) -> DrivePlace? { try await store.place(of: object) }
    func fact(_ fact: StoredFact) async throws(StoreError) -> [UInt8]? { try await store.fact(fact) }
    func setFact(_ fact: StoredFact, to value: [UInt8]) async throws(StoreError) {
        try await store.setFact(fact, to: value)
    }
}
