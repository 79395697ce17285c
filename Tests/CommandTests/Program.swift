import Foundation

/// Runs the built program as a child process with an environment and a home of its own.
struct Program {
    struct Outcome {
        var status: Int32
        var output: String
        var complaint: String

        /// The one line on standard error, without the program's name.
        var line: String? {
            let lines = complaint.split(separator: "\n", omittingEmptySubsequences: false)
            guard lines.count == 2, lines[1].isEmpty, lines[0].hasPrefix("aliyunfs: ") else { return nil }
            return String(lines[0].dropFirst("aliyunfs: ".count))
        }
    }

    /// Gone with the program.
    final class Home: Sendable {
        let path: String

        init() throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "command-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            path = folder.path
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    let home: Home
    var environment: [String: String]

    init() throws {
        home = try Home()
        environment = ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": home.path]
    }

    /// The state directory that tests name, since root's own is not under its home.
    var state: String { home.path + "/state" }
    var mountPoint: String { home.path + "/mnt" }

    func run(_ arguments: [String], input: String = "", as name: String = "aliyunfs") async throws -> Outcome {
        let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = URL(filePath: runner).deletingLastPathComponent()
        var program = folder.appending(path: "aliyunfs")
        if name != "aliyunfs" {
            let link = URL(filePath: home.path).appending(path: name)
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: program)
            program = link
        }
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = environment
        process.currentDirectoryURL = URL(filePath: home.path)
        // Files, not pipes: a background child may keep them open.
        let (given, output, errors) = (home.path + "/in", home.path + "/out", home.path + "/err")
        try Data(input.utf8).write(to: URL(filePath: given))
        for file in [output, errors] { try Data().write(to: URL(filePath: file)) }
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: given))
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
        try await Self.run(process)
        return Outcome(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: try String(contentsOf: URL(filePath: output), encoding: .utf8),
            complaint: try String(contentsOf: URL(filePath: errors), encoding: .utf8))
    }

    /// Returns when it has ended, without keeping a thread of the tests waiting.
    private static func run(_ process: Process) async throws {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in end.finish() }
        try process.run()
        for await _ in ended {}
    }
}
