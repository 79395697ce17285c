import Foundation
import Glibc
import Testing

@Suite(.serialized) struct DoctorTests {
    struct Report: Decodable {
        struct Finding: Decodable {
            var name: String
            var verdict: String
            var detail: String
            var mend: String?
        }

        var healthy: Bool
        var findings: [Finding]

        func finding(_ name: String) -> Finding? { findings.first { $0.name == name } }
    }

    let program: Program

    init() throws { program = try Program() }

    /// The drive is a port of this machine: `listening` decides whether somebody is there.
    func examine(_ arguments: [String] = [], port: Int = 9) async throws -> (Int32, Report) {
        let address = "http://127.0.0.1:\(port)"
        let outcome = try await program.run(
            ["doctor", "--json", "--state-dir", program.state, "--api-url", address, "--renew-url", address] + arguments
        )
        return (outcome.status, try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8)))
    }

    func store(_ text: String, mode: Int = 0o600) throws {
        try FileManager.default.createDirectory(
            atPath: program.state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let file = program.state + "/token.json"
        try Data(text.utf8).write(to: URL(filePath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }

    /// A port of this machine that answers, until the body ends.
    func withListener<Result>(_ body: (Int) async throws -> Result) async throws -> Result {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) | listen(descriptor, 4) | getsockname(descriptor, address, &length)
            }
        }
        try #require(status == 0)
        return try await body(Int(address.sin_port.bigEndian))
    }

    @Test func aLoginThatIsMissingAndADriveThatDoesNotAnswer() async throws {
        let (status, report) = try await examine()
        #expect(status == 1)
        #expect(!report.healthy)
        #expect(report.finding("login")?.detail == "no login is stored for profile default")
        #expect(report.finding("login")?.mend?.contains("--refresh-token-file") == true)
        #expect(report.finding("drive")?.verdict == "fail")
        #expect(report.finding("drive")?.detail == "127.0.0.1 port 9 cannot be reached (connection refused)")
        #expect(report.finding("renewal")?.verdict == "warn")
        #expect(report.finding("state")?.verdict == "ok")
        #expect(report.finding("clock")?.verdict == "ok")
    }

    @Test func aDriveThatAnswers() async throws {
        try await withListener { port in
            let (_, report) = try await examine(port: port)
            #expect(report.finding("drive")?.verdict == "ok")
            #expect(report.finding("renewal")?.verdict == "ok")
        }
    }

    @Test func certificatesToTrust() async throws {
        #expect(try await examine().1.finding("certificates")?.verdict == "ok")
        var other = program
        other.environment["SSL_CERT_FILE"] = "/dev/null"
        let outcome = try await other.run(["doctor", "--json", "--state-dir", program.state])
        let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
        #expect(report.finding("certificates")?.verdict == "fail")
        #expect(report.finding("certificates")?.detail == "SSL_CERT_FILE: /dev/null holds no certificate")
        #expect(report.finding("certificates")?.mend?.hasPrefix("name a PEM file") == true)
    }

    @Test(arguments: [
        ("{\"refresh_token\":\"a.b.c\"}", 0o600, "ok", "holds a token of the right shape"),
        ("{\"refresh_token\":\"a.b.c\"}", 0o644, "fail", "can be read by others"),
        ("{\"refresh_token\":\"a.b\"}", 0o600, "fail", "is not a refresh token"),
        ("{\"refresh_token\":\"\"}", 0o600, "fail", "is empty"),
        ("garbage", 0o600, "fail", "is not a stored login"),
    ])
    func storedLogins(text: String, mode: Int, verdict: String, words: String) async throws {
        try store(text, mode: mode)
        let login = try await examine().1.finding("login")
        #expect(login?.verdict == verdict)
        #expect(login?.detail.contains(words) == true)
        #expect((login?.mend == nil) == (verdict == "ok"))
    }

    @Test func wrongOptionsAreAFinding() async throws {
        let (status, report) = try await examine(["--streams", "99"])
        #expect(status == 1)
        #expect(report.finding("options")?.detail == "--streams: '99' is not allowed; use a whole number from 1 to 10")
        #expect(report.finding("fuse device") != nil)
    }

    @Test func linesForAPerson() async throws {
        let outcome = try await program.run(["doctor", "--state-dir", program.state, "--api-url", "http://127.0.0.1:9"])
        #expect(outcome.status == 1)
        #expect(outcome.complaint.isEmpty)
        #expect(
            outcome.output.contains("fail login         no login is stored for profile default\n     -> give a token"))
    }
}
