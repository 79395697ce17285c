import Foundation
import Testing

@Suite(.serialized) struct UsageTests {
    let program: Program

    init() throws { program = try Program() }

    @Test(
        arguments: [
            (["mount", "--bogus"], "Unknown option '--bogus'; see 'aliyunfs help mount'"),
            (
                ["mount", "--stream", "1", "x"],
                "Unknown option '--stream'. Did you mean '--streams'?; see 'aliyunfs help mount'"
            ),
            (["mount", "--streams"], "Missing value for '--streams <N>'; see 'aliyunfs help mount'"),
            (["mount", "a", "b"], "Unexpected argument 'b'; see 'aliyunfs help mount'"),
            (["mount"], "the mount point is missing; usage: aliyunfs mount [OPTIONS] MOUNTPOINT"),
            (["mount", "--streams", "11", "x"], "--streams: '11' is not allowed; use a whole number from 1 to 10"),
            (["mount", "-o", "foo", "x"], "-o foo: unknown option; 'aliyunfs help mount' lists what there is"),
            (
                ["mount", "--profile", "a/b", "x"],
                "--profile: 'a/b' is not allowed; use letters, digits, '.', '_' and '-', beginning with a letter or "
                    + "digit, at most 64"
            ),
            (["mount", "--config", "none.toml", "x"], nil),
            (["unmount"], "Missing expected argument '<MOUNTPOINT>'; see 'aliyunfs help unmount'"),
            (["status", "--bogus"], "Unknown option '--bogus'; see 'aliyunfs help status'"),
            (["uploads", "cancel"], "name what to give up by its id; 'aliyunfs uploads' lists them"),
            (["uploads", "retry", "x"], "The value 'x' is invalid for '<ID>'; see 'aliyunfs help uploads'"),
            (["uploads", "export"], "Missing expected argument '<DIR>'; see 'aliyunfs help uploads'"),
            (
                ["unmount", "--drain-timeout", "soon", "x"],
                "--drain-timeout: 'soon' is not allowed; use a time such as 30s or 5m"
            ),
            (["refresh"], "Missing expected argument '<PATH>'; see 'aliyunfs help refresh'"),
            (["meta", "import"], "Missing expected argument '<FILE>'; see 'aliyunfs help meta'"),
            (["frobnicate"], "Unexpected argument 'frobnicate'; see 'aliyunfs help'"),
        ] as [([String], String?)])
    func mistakesGiveOneLineAnd64(arguments: [String], line: String?) async throws {
        let outcome = try await program.run(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        let told = try #require(outcome.line)
        if let line { #expect(told == line) }
    }

    @Test func aConfigurationFileIsNamed() async throws {
        let file = program.home.path + "/c.toml"
        try Data("[default]\nstreams = true\n".utf8).write(to: URL(filePath: file))
        let outcome = try await program.run(["mount", "--config", "c.toml", "x"])
        #expect(outcome.status == 64)
        #expect(outcome.line == "\(file): [default] streams: true is not allowed; use a whole number from 1 to 10")
    }

    @Test func theConfigurationUnderTheHomeIsRead() async throws {
        let folder = URL(filePath: program.home.path).appending(path: ".config/aliyunfs")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("stream = 1\n".utf8).write(to: folder.appending(path: "config.toml"))
        let outcome = try await program.run(["mount", "x"])
        #expect(outcome.status == 64)
        #expect(outcome.line == "\(folder.path)/config.toml: stream: unknown option; did you mean streams?")
    }

    @Test func mount8sHelperIsTheSameProgram() async throws {
        let outcome = try await program.run(["nas", "x", "-o", "rw,bogus"], as: "mount.aliyunfs")
        #expect(outcome.status == 64)
        #expect(outcome.line == "-o bogus: unknown option; 'aliyunfs help mount' lists what there is")
    }

    @Test func helpAndVersionGoToStandardOutput() async throws {
        let help = try await program.run(["help", "mount"])
        #expect(help.status == 0 && help.complaint.isEmpty)
        #expect(help.output.contains("--dir-cache-time <TIME>") && help.output.contains("(default: 60s)"))
        #expect(try await program.run([]).output.contains("SUBCOMMANDS:"))
        #expect(try await program.run(["version"]).output.hasPrefix("aliyunfs 0."))
        let versions = try JSONDecoder().decode(
            [String: String].self, from: Data(try await program.run(["version", "--json"]).output.utf8))
        #expect(versions["version"]?.hasPrefix("0.") == true)
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completions(shell: String) async throws {
        let script = try await program.run(["--generate-completion-script", shell])
        #expect(script.status == 0)
        #expect(script.output.contains("dir-cache-time"))
    }
}
