import Foundation
import Testing

/// What `mount` refuses before there is a mount; in the background the words and the status come from the child.
@Suite(.serialized) struct MountRefusalTests {
    let program: Program
    /// With the shape of a token, and nothing that could be mistaken for one elsewhere.
    static let token = "eyJhbGciOiJSUzI1NiJ9.SECRETSECRETSECRETSECRETSECRET.c2lnbmF0dXJl"

    init() throws {
        program = try Program()
        try FileManager.default.createDirectory(atPath: program.mountPoint, withIntermediateDirectories: false)
    }

    func mount(_ arguments: String..., input: String = "", at mountPoint: String? = nil) async throws -> Program.Outcome
    {
        try await program.run(
            ["mount", "--state-dir", program.state] + arguments + [mountPoint ?? program.mountPoint], input: input)
    }

    @Test(arguments: [[], ["-f"]]) func withoutALoginOneIsAskedFor(foreground: [String]) async throws {
        let outcome = try await program.run(
            ["mount", "--state-dir", program.state] + foreground + [program.mountPoint])
        #expect(outcome.status == 77)
        #expect(outcome.line?.hasPrefix("no login is stored for profile default; get a refresh token from ") == true)
    }

    @Test(arguments: [
        ("", "is empty"), (" \n", "is empty"), ("a.b", "is not a refresh token (one has three parts joined by dots)"),
        ("a.b.c d", "holds something that is not a refresh token"),
    ])
    func tokensThatAreNone(text: String, words: String) async throws {
        let fromInput = try await mount("--refresh-token-file", "-", input: text)
        #expect(fromInput.status == 77)
        #expect(fromInput.line?.hasPrefix("standard input: \(words); ") == true)
        let file = program.home.path + "/token"
        try Data(text.utf8).write(to: URL(filePath: file))
        let fromFile = try await mount("--refresh-token-file", file)
        #expect(fromFile.status == 77)
        #expect(fromFile.line?.hasPrefix("\(file): \(words); ") == true)
        var other = program
        other.environment["ALIYUNFS_REFRESH_TOKEN"] = text
        let fromVariable = try await other.run(["mount", "--state-dir", program.state, program.mountPoint])
        #expect(fromVariable.status == 77)
        #expect(fromVariable.line?.hasPrefix("ALIYUNFS_REFRESH_TOKEN: \(words); ") == true)
    }

    @Test func aTokenFileThatIsNotThere() async throws {
        let outcome = try await mount("--refresh-token-file", "none")
        #expect(outcome.status == 77)
        #expect(
            outcome.line?.hasPrefix("\(program.home.path)/none: cannot be read (no such file or directory); ") == true)
    }

    @Test func aTokenInPlaceOfItsFileIsNotRepeated() async throws {
        let long = Self.token + String(repeating: "x", count: 60)
        let outcome = try await mount("--refresh-token-file", long)
        #expect(outcome.status == 64)
        #expect(!outcome.complaint.contains("SECRET"))
    }

    @Test func aMountPointThatIsMissing() async throws {
        let place = program.home.path + "/none"
        let outcome = try await mount(at: place)
        #expect(outcome.status == 73)
        #expect(outcome.line == "\(place): does not exist; make it with 'mkdir -p \(place)'")
    }

    @Test func aMountPointThatIsAFile() async throws {
        let place = program.home.path + "/file"
        try Data().write(to: URL(filePath: place))
        let outcome = try await mount(at: place)
        #expect(outcome.status == 73)
        #expect(outcome.line == "\(place): is not a folder; choose another mount point")
    }

    @Test func aStateDirectoryThatOthersRead() async throws {
        try FileManager.default.createDirectory(
            atPath: program.state, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        let outcome = try await mount()
        #expect(outcome.status == 73)
        #expect(outcome.line?.hasPrefix("\(program.state): others may look into it (mode 0755); ") == true)
    }

    @Test func aClientSecretThatIsMissing() async throws {
        let outcome = try await mount(
            "--client-id", "x", "--client-secret-file", "none", "--refresh-token-file", "-", input: Self.token)
        #expect(outcome.status == 64)
        #expect(
            outcome.line
                == "--client-secret-file: \(program.home.path)/none holds no secret (no such file or directory)")
    }

    @Test(arguments: [[], ["-f"]]) func rootsThatAreMissing(foreground: [String]) async throws {
        var other = program
        other.environment["SSL_CERT_FILE"] = "none.pem"
        let outcome = try await other.run(
            ["mount", "--state-dir", program.state, "--refresh-token-file", "-"] + foreground + [program.mountPoint],
            input: Self.token)
        #expect(outcome.status == 64)
        #expect(
            outcome.line == "SSL_CERT_FILE: \(program.home.path)/none.pem cannot be read (no such file or directory); "
                + "name a PEM file with the certificates to trust, or unset it to trust the system's")
    }

    @Test func theTokenIsNeitherInTheLogNorInMessages() async throws {
        let outcome = try await mount(
            "--refresh-token-file", "-", "--log-file", "log", "--log-level", "trace", "--api-url",
            "http://127.0.0.1:9", "--renew-url", "http://127.0.0.1:9", "--timeout", "1s", input: Self.token)
        #expect(outcome.status != 0)
        #expect(outcome.line != nil)
        let log = try String(contentsOf: URL(filePath: program.home.path + "/log"), encoding: .utf8)
        for text in [log, outcome.complaint, outcome.output] { #expect(!text.contains("SECRET")) }
    }

    @Test func whatIsNoMountIsNotUnmounted() async throws {
        let outcome = try await program.run(["unmount", program.mountPoint])
        #expect(outcome.status == 73)
        #expect(outcome.line == "\(program.mountPoint): is not in a mount of aliyunfs; 'aliyunfs status' lists those")
        for words in [["status"], ["sync"], ["refresh"], ["refresh", "--recursive"], ["uploads", "list", "--mount"]] {
            #expect(try await program.run(words + [program.mountPoint]).status == 73)
        }
    }

    @Test func aStateDirectoryThatHoldsNothing() async throws {
        for words in [["uploads", "list"], ["uploads", "export", "out"], ["meta", "export"]] {
            let outcome = try await program.run(words + ["--state-dir", program.state])
            #expect(outcome.status == 73)
            #expect(
                outcome.line == "\(program.state): holds no state of a mount (no such file or directory); name another "
                    + "with --state-dir or --profile")
        }
    }

    @Test func attributesThatAreNone() async throws {
        let missing = try await program.run(["meta", "import", "--state-dir", program.state, "none"])
        #expect(missing.status == 73)
        #expect(missing.line == "none: cannot be read (no such file or directory)")
        let other = try await program.run(["meta", "import", "--state-dir", program.state, "-"], input: "{\"a\":1}")
        #expect(other.status == 64)
        #expect(other.line == "this is no file that 'aliyunfs meta export' wrote")
    }
}
