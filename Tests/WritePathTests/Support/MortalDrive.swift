import Basics
import Drive
import TestSupport

/// A drive whose every call is two points of death: before it acts, and after it has acted and before its answer.
final class MortalDrive: WritableDrive {
    private let drive: FakeDrive
    private let kill: KillSwitch

    init(_ drive: FakeDrive, _ kill: KillSwitch) {
        self.drive = drive
        self.kill = kill
    }

    private func call<T: Sendable>(
        _ words: String, makes: (T) -> ObjectID? = { _ in nil }, _ body: () async throws(DriveError) -> T
    ) async throws(DriveError) -> T {
        guard await kill.point("before \(words)") else { throw .cancelled }
        let result: Result<T, DriveError>
        do throws(DriveError) {
            let value = try await body()
            makes(value).map(kill.made)
            result = .success(value)
        } catch {
            result = .failure(error)
        }
        guard await kill.point("after \(words)") else { throw .cancelled }
        return try result.get()
    }

    func account(_ urgency: Urgency) async throws(DriveError) -> AccountInfo { try await drive.account(urgency) }
    func space(_ urgency: Urgency) async throws(DriveError) -> SpaceInfo { try await drive.space(urgency) }
    func health() -> DriveHealth { drive.health() }
    func list(_ folder: ObjectID, marker: String?, _ urgency: Urgency) async throws(DriveError) -> ListPage {
        try await call("list") { () async throws(DriveError) in
            try await drive.list(folder, marker: marker, urgency)
        }
    }
    func file(_ id: ObjectID, _ urgency: Urgency) async throws(DriveError) -> DriveFile {
        try await call("file") { () async throws(DriveError) in try await drive.file(id, urgency) }
    }
    func file(atPath path: String, in id: DriveID, _ urgency: Urgency) async throws(DriveError) -> DriveFile {
        try await drive.file(atPath: path, in: id, urgency)
    }
    func files(_ ids: [ObjectID], _ urgency: Urgency) async throws(DriveError) -> [ObjectID: DriveFile] {
        try await drive.files(ids, urgency)
    }
    func downloadLinks(for id: ObjectID, _ urgency: Urgency) async throws(DriveError) -> DownloadLinks {
        try await call("downloadLinks") { () async throws(DriveError) in
            try await drive.downloadLinks(for: id, urgency)
        }
    }
    func download(
        _ link: DownloadLink, range: ByteRange, ofSize size: Int64, _ urgency: Urgency, into sink: any DownloadSink
    ) async throws(DriveError) {
        try await drive.download(link, range: range, ofSize: size, urgency, into: sink)
    }

    func createFolder(
        named name: FileName, in parent: ObjectID, _ urgency: Urgency
    ) async throws(DriveError) -> Creation {
        try await drive.createFolder(named: name, in: parent, urgency)
    }
    func createFile(_ file: FileCreation, _ urgency: Urgency) async throws(DriveError) -> Creation {
        try await call("createFile", makes: \.made) { () async throws(DriveError) in
            try await drive.createFile(file, urgency)
        }
    }
    func uploadLinks(
        _ session: UploadSession, parts: ClosedRange<Int>, _ urgency: Urgency
    ) async throws(DriveError) -> [UploadLink] {
        try await call("uploadLinks") { () async throws(DriveError) in
            try await drive.uploadLinks(session, parts: parts, urgency)
        }
    }
    func uploadedParts(_ session: UploadSession, _ urgency: Urgency) async throws(DriveError) -> [UploadedPart] {
        try await call("uploadedParts") { () async throws(DriveError) in
            try await drive.uploadedParts(session, urgency)
        }
    }
    func sendPart(
        _ link: UploadLink, _ range: ByteRange, of source: any UploadSource,
        onProgress: @escaping @Sendable (Int) -> Void
    ) async throws(DriveError) {
        try await call("sendPart \(link.part)") { () async throws(DriveError) in
            try await drive.sendPart(link, range, of: source, onProgress: onProgress)
        }
    }
    func completeUpload(_ session: UploadSession, _ urgency: Urgency) async throws(DriveError) -> DriveFile {
        try await call("completeUpload") { () async throws(DriveError) in
            try await drive.completeUpload(session, urgency)
        }
    }
    func rename(
        _ id: ObjectID, to name: FileName, _ onTaken: OnTaken, _ urgency: Urgency
    ) async throws(DriveError) -> DriveFile {
        try await call("rename") { () async throws(DriveError) in
            try await drive.rename(id, to: name, onTaken, urgency)
        }
    }
    func move(
        _ id: ObjectID, to parent: FileID, _ onTaken: OnTaken, _ urgency: Urgency
    ) async throws(DriveError) -> TreeChange {
        try await call("move") { () async throws(DriveError) in
            try await drive.move(id, to: parent, onTaken, urgency)
        }
    }
    func copy(_ id: ObjectID, to parent: ObjectID, _ urgency: Urgency) async throws(DriveError) -> TreeChange {
        try await call("copy", makes: { $0.object }) { () async throws(DriveError) in
            try await drive.copy(id, to: parent, urgency)
        }
    }
    func remove(_ id: ObjectID, _ way: Removal, _ urgency: Urgency) async throws(DriveError) -> TreeChange {
        try await call("remove") { () async throws(DriveError) in try await drive.remove(id, way, urgency) }
    }
    func state(of task: DriveTaskID, _ urgency: Urgency) async throws(DriveError) -> DriveTaskState {
        try await drive.state(of: task, urgency)
    }
}

extension Creation {
    fileprivate var made: ObjectID? {
        switch self {
        case .made(let object, _): object
        case .upload(let session, _, _): session.object
        case .taken: nil
        }
    }
}
