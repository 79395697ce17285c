import Foundation
import TestSupport
import Testing

@testable import AlipanEmulator

/// The program as scripts meet it.
@Suite struct CommandTests {
    /// The program lies beside the test bundle.
    private static let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appending(path: "alipan-emulator").path

    /// Runs `body` with what it says when it is ready; ends it by SIGTERM.
    private func serving(
        _ arguments: [String], _ body: ([String: Any]) async throws -> Void
    ) async throws -> Child.Outcome {
        let child = Child([Self.program] + arguments)
        let result: Result<Void, any Error>
        do {
            let line = Data(try await child.firstLine().utf8)
            result = .success(try await body(try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]))
        } catch {
            result = .failure(error)
        }
        child.send(SIGTERM)
        let outcome = await child.outcome()
        try result.get()
        return outcome
    }

    @Test func servesUntilItIsToldToEnd() async throws {
        try await withDirectory { path in
            try FileManager.default.createDirectory(atPath: path + "/seed", withIntermediateDirectories: true)
            try Data("hello".utf8).write(to: URL(filePath: path + "/seed/a.txt"))
            let faults = path + "/faults.json"
            try Data(#"[{"on":["renew"],"nth":1,"act":{"status":500,"body":"renew_empty"}}]"#.utf8)
                .write(to: URL(filePath: faults))
            let arguments = ["--seed", path + "/seed", "--faults", faults, "--strict", "--streams", "2"]
            let outcome = try await serving(arguments) { ready in
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
            }
            #expect(outcome.status == 0)
        }
    }

    /// Only who trusts its authority gets an answer; the API and its links are encrypted, control is not.
    @Test func servesByTLS() async throws {
        try await withDirectory { path in
            let authority = try await TestAuthority(in: path)
            let certificate = try await authority.certificate()
            let arguments = ["--tls-cert", certificate.chain, "--tls-key", certificate.key]
            let outcome = try await serving(arguments) { ready in
                for name in ["api_url", "link_url", "renew_url"] {
                    #expect((ready[name] as? String)?.hasPrefix("https://127.0.0.1:") == true, "\(name)")
                }
                let control = try #require(ready["control_url"] as? String)
                #expect(try await fetch("GET", control + "/info").text.contains("https://"))
                let url = try #require(ready["renew_url"] as? String)
                #expect(await curl(url, trusting: authority.root) == 0)
                let stranger = try await TestAuthority(in: path, named: "stranger")
                // The number curl has for a certificate it cannot verify.
                #expect(await curl(url, trusting: stranger.root) == 60)
            }
            #expect(outcome.status == 0)
        }
    }

    private func curl(_ url: String, trusting root: String) async -> Int32 {
        await Child.run("curl", "--silent", "--max-time", "30", "--output", "/dev/null", "--cacert", root, url).status
    }

    @Test(arguments: [
        ["--listen", "0.0.0.0:0"], ["--listen", "nonsense"], ["--rates", "4,1"], ["--streams", "0"],
        ["--faults", "/nowhere"], ["--store", "/proc/nowhere"],
        ["--tls-cert", "/nowhere"], ["--tls-key", "/nowhere"], ["--tls-cert", "/nowhere", "--tls-key", "/nowhere"],
    ])
    func refusesWhatItCannotDo(arguments: [String]) async {
        // Minus a signal, had it crashed.
        #expect(await Child([Self.program] + arguments).outcome().status > 0)
    }
}
