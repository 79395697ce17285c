import Foundation
import TestSupport
import Testing

@testable import AlipanEmulator

/// The program as scripts meet it.
@Suite struct CommandTests {
    /// The program lies beside the test bundle.
    private func program(_ arguments: [String], output: Pipe) -> Process {
        let process = Process()
        let bundle = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        process.executableURL = bundle.appending(path: "alipan-emulator")
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = Pipe()
        return process
    }

    private func firstLine(of pipe: Pipe) throws -> [String: Any] {
        var line = Data()
        while let byte = try pipe.fileHandleForReading.read(upToCount: 1), byte.first != 10 { line += byte }
        return try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
    }

    @Test func servesUntilItIsToldToEnd() async throws {
        try await withDirectory { path in
            try FileManager.default.createDirectory(atPath: path + "/seed", withIntermediateDirectories: true)
            try Data("hello".utf8).write(to: URL(filePath: path + "/seed/a.txt"))
            let faults = path + "/faults.json"
            try Data(#"[{"on":["renew"],"nth":1,"act":{"status":500,"body":"renew_empty"}}]"#.utf8)
                .write(to: URL(filePath: faults))
            let output = Pipe()
            let process = program(
                ["--seed", path + "/seed", "--faults", faults, "--strict", "--streams", "2"], output: output)
            try process.run()
            let ready = try firstLine(of: output)
            let control = try #require(ready["control_url"] as? String)
            #expect(try await fetch("GET", control + "/tree").text.contains("/a.txt"))
            let switches = try await fetch("GET", control + "/switches")
            #expect(try switches.number("streams") == 2)
            #expect(switches.text.contains(#""per_second":true"#))
            let token = try #require(ready["refresh_token"] as? String)
            let renew = try #require(ready["renew_url"] as? String)
            let url = renew + "?refresh_ui=\(token)&driver_txt=alicloud_qr&server_use=true"
            #expect(try await fetch("GET", url).status == 500)
            #expect(try await fetch("GET", url).status == 200)
            process.terminate()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            #expect(process.terminationReason == .exit)
        }
    }

    /// Only who trusts its authority gets an answer; the API and its links are encrypted, control is not.
    @Test func servesByTLS() async throws {
        try await withDirectory { path in
            let authority = try await TestAuthority(in: path)
            let certificate = try await authority.certificate()
            let output = Pipe()
            let process = program(["--tls-cert", certificate.chain, "--tls-key", certificate.key], output: output)
            try process.run()
            defer { process.terminate() }
            let ready = try firstLine(of: output)
            for name in ["api_url", "link_url", "renew_url"] {
                #expect((ready[name] as? String)?.hasPrefix("https://127.0.0.1:") == true, "\(name)")
            }
            let control = try #require(ready["control_url"] as? String)
            #expect(try await fetch("GET", control + "/info").text.contains("https://"))
            let url = try #require(ready["renew_url"] as? String)
            #expect(try curl(url, trusting: authority.root) == 0)
            let stranger = try await TestAuthority(in: path, named: "stranger")
            // The number curl has for a certificate it cannot verify.
            #expect(try curl(url, trusting: stranger.root) == 60)
        }
    }

    private func curl(_ url: String, trusting root: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/curl")
        process.arguments = ["--silent", "--max-time", "30", "--output", "/dev/null", "--cacert", root, url]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test(arguments: [
        ["--listen", "0.0.0.0:0"], ["--listen", "nonsense"], ["--rates", "4,1"], ["--streams", "0"],
        ["--faults", "/nowhere"], ["--store", "/proc/nowhere"],
        ["--tls-cert", "/nowhere"], ["--tls-key", "/nowhere"], ["--tls-cert", "/nowhere", "--tls-key", "/nowhere"],
    ])
    func refusesWhatItCannotDo(arguments: [String]) throws {
        let process = program(arguments, output: Pipe())
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus != 0)
        #expect(process.terminationReason == .exit)
    }
}
