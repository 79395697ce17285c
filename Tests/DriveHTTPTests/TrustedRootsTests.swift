import Drive
import Foundation
import NIOSSL
import TestSupport
import Testing

@testable import DriveHTTP

@Suite struct TrustedRootsTests {
    private let scratch = Scratch()

    private func flaw(_ roots: TrustedRoots, files: [String] = [], folder: String = "") -> TrustedRoots.Flaw? {
        do throws(TrustedRoots.Flaw) {
            _ = try roots.load(systemFiles: files, systemFolder: folder)
            return nil
        } catch {
            return error
        }
    }

    private func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: scratch.path + "/" + name))
        return scratch.path + "/" + name
    }

    @Test func aFileOfRootsTakesThePlaceOfTheSystems() async throws {
        let one = try await TestAuthority(in: scratch.path, named: "one")
        let other = try await TestAuthority(in: scratch.path, named: "two")
        let both = try String(contentsOfFile: one.root, encoding: .utf8)
            + "a comment\n" + String(contentsOfFile: other.root, encoding: .utf8)
        let file = try write(both, to: "both")
        guard case .certificates(let certificates) = try TrustedRoots.file(file).load() else {
            Issue.record("not read")
            return
        }
        #expect(certificates.count == 2)
    }

    @Test func filesThatHoldNone() throws {
        let mend = "name a PEM file with the certificates to trust, or unset it to trust the system's"
        let missing = scratch.path + "/missing"
        #expect(
            flaw(.file(missing))
                == .init(words: "SSL_CERT_FILE: \(missing) cannot be read (no such file or directory)", mend: mend))
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        for (name, text) in [("empty", ""), ("text", "no certificate\n"), ("broken", broken)] {
            let file = try write(text, to: name)
            #expect(flaw(.file(file)) == .init(words: "SSL_CERT_FILE: \(file) holds no certificate", mend: mend))
        }
        #expect(flaw(.file(scratch.path))?.words == "SSL_CERT_FILE: \(scratch.path) holds no certificate")
    }

    @Test func theSystemsAreAFileOrAFolderOfHashedNames() throws {
        let folder = scratch.path + "/certs"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let empty = try write("", to: "empty")
        #expect(flaw(.system, files: ["/nowhere", empty], folder: folder)?.mend.contains("ca-certificates") == true)
        #expect(flaw(.system, folder: "/nowhere") != nil)
        #expect(flaw(.system, files: ["/nowhere", try write("x", to: "bundle")], folder: folder) == nil)
        _ = try write("x", to: "certs/002c0b4f.0")
        #expect(flaw(.system, folder: folder) == nil)
    }

    /// Without any place for roots the library does not come as far as a certificate.
    @Test func aMachineWithoutRootsIsToldSo() {
        let flaw = TrustedRoots.Flaw(words: "none here", mend: "")
        #expect(TLSTrouble.distrust(BoringSSLError.unknownError([]), flaw: flaw) == "none here")
        #expect(TLSTrouble.distrust(BoringSSLError.unknownError([]), flaw: nil) == nil)
        let name = NIOSSLExtraError.failedToValidateHostname
        #expect(TLSTrouble.distrust(name, flaw: flaw) == "it is for another name")
        #expect(TLSTrouble.distrust(NIOSSLError.uncleanShutdown, flaw: flaw) == nil)
    }

    @Test func aDriveIsNotMadeWithoutThem() throws {
        var configuration = DriveHTTPConfiguration(
            apiURL: "https://api.example", renewal: .onlinePost(url: "https://api.example"),
            tokenPath: scratch.path + "/token", limitsDirectory: scratch.path)
        configuration.trustedRoots = .file("/nowhere")
        let expected = "SSL_CERT_FILE: /nowhere cannot be read (no such file or directory); name a PEM file with the "
            + "certificates to trust, or unset it to trust the system's"
        #expect(throws: DriveError.misconfigured(expected)) {
            try HTTPDrive(configuration, time: ManualTime(), random: { 0 }, logger: quiet)
        }
    }
}
