import AlipanEmulator
import Basics
import Drive
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import DriveHTTP

/// The client over TLS, as it meets the real drive; and servers that are not who they should be.
@Suite struct TLSTests {
    /// A drive whose certificate is for `names` or has expired, called by `host`, by a client that trusts its authority
    /// or another one.
    private func encrypted(
        for names: String = "IP:127.0.0.1,DNS:localhost", isExpired: Bool = false, isTrusted: Bool = true,
        host: String = "127.0.0.1", _ body: (Rig) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/tls-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let result: Result<Void, any Error>
        do {
            let authority = try await TestAuthority(in: folder)
            let stranger = try await TestAuthority(in: folder, named: "stranger")
            let certificate = try await authority.certificate(for: names, isExpired: isExpired)
            let files = CertificateFiles(chain: certificate.chain, key: certificate.key)
            let roots = TrustedRoots.file(isTrusted ? authority.root : stranger.root)
            result = .success(
                try await Rig.run({ $0.certificate = files }, trusting: roots, host: host, body))
        } catch {
            result = .failure(error)
        }
        try FileManager.default.removeItem(atPath: folder)
        try result.get()
    }

    /// Reads the whole object in ranges of at most `step` bytes.
    private func read(_ id: ObjectID, size: Int, step: Int, _ drive: HTTPDrive) async throws -> [UInt8] {
        let link = try #require(try await drive.downloadLinks(for: id, .foreground).whole)
        #expect(link.url.hasPrefix("https://"))
        let bucket = Bucket()
        for start in stride(from: 0, to: size, by: step) {
            let range = ByteRange(Int64(start), Int64(min(size, start + step)))
            try await drive.download(link, range: range, ofSize: Int64(size), .foreground, into: bucket)
        }
        return bucket.bytes
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func logsInListsAndReads(host: String) async throws {
        try await encrypted(host: host) { rig async throws in
            let bytes = pattern(700_001)
            // One from memory, one from a file.
            try rig.emulator.put("/a", .synthetic(size: Int64(bytes.count), modulus: 251))
            let sent = try await rig.upload("b", bytes)
            let page = try await rig.drive.list(rig.root, marker: nil, .foreground)
            #expect(page.files.map(\.name) == ["a", "b"])
            for file in page.files {
                #expect(try await read(file.id, size: bytes.count, step: 262_144, rig.drive) == bytes)
            }
            #expect(sent.contentHash == sha1(bytes))
        }
    }

    @Test func uploadsInParts() async throws {
        try await encrypted { rig async throws in
            let bytes = pattern(1_000_000)
            let file = try await rig.upload("a", bytes)
            #expect(file.contentHash == sha1(bytes) && file.size == Int64(bytes.count))
            #expect(rig.emulator.counters["part"].requests == 10)
            #expect(rig.emulator.tree().first { $0.path == "/a" }?.sha1 == sha1(bytes).hex.uppercased())
        }
    }

    /// A handshake costs more than most requests.
    @Test func connectionsAreUsedAgain() async throws {
        try await encrypted { rig async throws in
            let id = rig.object(try rig.emulator.put("/a", .synthetic(size: 300_000, modulus: 251)))
            for _ in 0..<10 { _ = try await rig.drive.space(.foreground) }
            #expect(rig.emulator.counters.connections == 1)
            _ = try await read(id, size: 300_000, step: 30_000, rig.drive)
            #expect(rig.emulator.counters["link"].requests == 10)
            // One to the links; a second one where an answer had not quite ended when the next was asked for.
            #expect((2...3).contains(rig.emulator.counters.connections))
        }
    }

    /// The error of a first call, which is refused without another try and without a word to the server.
    private func refusal(_ rig: Rig) async -> DriveError? {
        let error = await failure { try await rig.drive.space(.foreground) }
        #expect(rig.emulator.counters.connections == 1)
        #expect(rig.emulator.counters.endpoints.values.allSatisfy { $0.requests == 0 })
        #expect(rig.drive.health().lastFaults.last?.what.contains("the certificate is not trusted") == true)
        return error
    }

    @Test func anAuthorityThatIsNotTrusted() async throws {
        try await encrypted(isTrusted: false) { rig async throws in
            #expect(
                await refusal(rig)
                    == .untrusted(
                        "renewing the login at 127.0.0.1: it is signed by nobody who is trusted here, or out of date"))
        }
    }

    @Test func aCertificateThatHasExpired() async throws {
        try await encrypted(isExpired: true) { rig async throws in
            #expect(
                await refusal(rig)
                    == .untrusted(
                        "renewing the login at 127.0.0.1: it is signed by nobody who is trusted here, or out of date"))
        }
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func aCertificateForAnotherName(host: String) async throws {
        try await encrypted(for: "DNS:example.org,IP:127.0.0.2", host: host) { rig async throws in
            #expect(await refusal(rig) == .untrusted("renewing the login at \(host): it is for another name"))
        }
    }

    /// The links point to 127.0.0.1, for which this certificate is not.
    @Test func linksToAServerThatIsNotTrusted() async throws {
        try await encrypted(for: "DNS:localhost", host: "localhost") { rig async throws in
            let id = rig.object(try rig.emulator.put("/a", .text("a")))
            let expected = DriveError.untrusted("127.0.0.1: it is for another name")
            #expect(await failure { try await read(id, size: 1, step: 1, rig.drive) } == expected)
            #expect(await failure { try await rig.upload("b", pattern(10)) } == expected)
            #expect(rig.emulator.counters["link"].requests == 0 && rig.emulator.counters["part"].requests == 0)
        }
    }

    @Test func whatDoesNotSpeakTLSIsNotReached() async throws {
        try await Rig.run(host: "127.0.0.1") { rig async throws in
            var configuration = rig.drive.configuration
            configuration.apiURL = configuration.apiURL.replacingOccurrences(of: "http:", with: "https:")
            let drive = try HTTPDrive(configuration, time: SystemTime(), random: { 0 }, logger: rig.drive.logger)
            #expect(
                await failure { try await drive.space(.foreground) }
                    == .unreachable("renewing the login: TLS failed (WRONG_VERSION_NUMBER)"))
            await drive.shutdown()
        }
    }
}

/// Keeps what it is given.
private final class Bucket: DownloadSink {
    private let content = Mutex<[UInt8]>([])

    var bytes: [UInt8] { content.withLock { $0 } }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        content.withLock { $0.append(contentsOf: bytes) }
        return true
    }
}
