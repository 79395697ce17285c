import AlipanEmulator
import Basics
import Crypto
import Drive
import Foundation
import Logging

@testable import DriveHTTP

/// The client, logged in to an emulator of its own that limits nothing.
struct Rig {
    let emulator: Emulator
    let drive: HTTPDrive

    var root: ObjectID { object("root") }

    /// - Parameter host: by what name the client calls the API.
    static func run(
        _ set: (inout AlipanEmulator.Configuration) -> Void = { _ in }, trusting roots: TrustedRoots = .system,
        host: String = "127.0.0.1", _ body: (Rig) async throws -> Void
    ) async throws {
        var configuration = AlipanEmulator.Configuration(seed: 7)
        configuration.switches.rateLimits = .none
        configuration.switches.asyncMs = 0
        set(&configuration)
        let emulator = try await Emulator.start(configuration: configuration)
        let folder = FileManager.default.temporaryDirectory.path + "/contract-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let apiURL = emulator.addresses.apiUrl.replacingOccurrences(of: "127.0.0.1", with: host)
        let rig = Rig(emulator: emulator, drive: try drive(of: emulator, at: apiURL, roots, folder))
        let result: Result<Void, any Error>
        do {
            _ = try await HTTPDrive.importRefreshToken(
                emulator.addresses.refreshToken, to: folder + "/token", time: SystemTime())
            result = .success(try await body(rig))
        } catch {
            result = .failure(error)
        }
        await rig.drive.shutdown()
        try await emulator.stop()
        try FileManager.default.removeItem(atPath: folder)
        try result.get()
    }

    private static func drive(
        of emulator: Emulator, at apiURL: String, _ roots: TrustedRoots, _ folder: String
    ) throws -> HTTPDrive {
        let addresses = emulator.addresses
        var configuration = DriveHTTPConfiguration(
            apiURL: apiURL,
            renewal: .ownApp(clientID: addresses.clientId, clientSecret: addresses.clientSecret),
            tokenPath: folder + "/token", limitsDirectory: folder)
        configuration.trustedRoots = roots
        configuration.rates = .init(list: 1_000, link: 1_000, other: 1_000)
        let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        return try HTTPDrive(configuration, time: SystemTime(), random: { 0.5 }, logger: quiet)
    }

    func object(_ id: String) -> ObjectID {
        ObjectID(drive: DriveID(emulator.addresses.defaultDriveId), file: FileID(id))
    }

    func fault(_ on: String, nth: Int = 1, times: Int? = nil, _ set: (inout FaultAction) -> Void) throws {
        var action = FaultAction()
        set(&action)
        try emulator.addFaults([FaultRule(on: [on], nth: nth, times: times, act: action)])
    }

    /// Paths of all that is neither trashed nor still coming.
    var paths: [String] { emulator.tree().filter { !$0.trashed && !$0.uploading }.map(\.path) }

    func file(
        _ name: FileName, _ bytes: [UInt8], _ content: FileCreation.Content? = nil, parts: Int = 1,
        _ onTaken: OnTaken = .refuse
    ) -> FileCreation {
        FileCreation(
            parent: root, name: name, size: Int64(bytes.count), content: content ?? .plain, partCount: parts,
            onTaken: onTaken)
    }

    func hashed(_ name: FileName, _ bytes: [UInt8]) -> FileCreation {
        file(name, bytes, .hashed(sha1(bytes), Bytes(bytes)))
    }

    /// Begins an upload, whose first parts have addresses.
    func begin(_ file: FileCreation) async throws -> (session: UploadSession, links: [UploadLink]) {
        guard case .upload(let session, _, let links) = try await drive.createFile(file, .foreground) else {
            throw Unexpected(what: "no upload")
        }
        return (session, links)
    }

    func send(_ link: UploadLink, _ bytes: some Collection<UInt8>) async throws(DriveError) {
        let bytes = Array(bytes)
        try await drive.sendPart(link, ByteRange(0, Int64(bytes.count)), of: Bytes(bytes)) { _ in }
    }

    /// From create to complete, in parts of 100 KiB.
    func upload(_ name: FileName, _ bytes: [UInt8], _ onTaken: OnTaken = .refuse) async throws -> DriveFile {
        let part = 100 << 10
        let (session, links) = try await begin(
            file(name, bytes, parts: max(1, (bytes.count + part - 1) / part), onTaken))
        let source = Bytes(bytes)
        for (index, link) in links.enumerated() {
            let range = ByteRange(Int64(index * part), Int64(min(bytes.count, (index + 1) * part)))
            try await drive.sendPart(link, range, of: source) { _ in }
        }
        return try await drive.completeUpload(session, .foreground)
    }
}

struct Unexpected: Error { var what: String }

/// Bytes in memory to be uploaded.
struct Bytes: UploadSource {
    private let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(UploadSourceError) {
        guard Int(offset) + buffer.count <= bytes.count else { throw UploadSourceError("behind the end") }
        buffer.copyBytes(from: bytes[Int(offset)..<Int(offset) + buffer.count])
    }
}

func sha1(_ bytes: some Collection<UInt8>) -> ContentHash {
    ContentHash(bytes: Array(Insecure.SHA1.hash(data: Array(bytes))))!
}

/// Byte i is i mod 251, and `salt` more.
func pattern(_ count: Int, salt: Int = 0) -> [UInt8] { (0..<count).map { UInt8(($0 + salt) % 251) } }

/// The drive's error that `body` throws.
func failure(_ body: () async throws -> some Any) async -> DriveError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? DriveError
    }
}

extension DriveError {
    /// What kind of end it is, as far as a caller acts on it.
    var kind: String {
        switch self {
        case .change(.part(let failure)): String(String(describing: failure).prefix { $0 != "(" })
        case .change(let failure): String(String(describing: failure).prefix { $0 != "(" })
        default: String(String(describing: self).prefix { $0 != "(" })
        }
    }
}
