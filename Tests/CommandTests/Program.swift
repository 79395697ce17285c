import Foundation
import TestSupport

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
        let outcome = await Child([program.path] + arguments, in: home.path, environment: environment, input: input)
            .outcome()
        return Outcome(
            status: outcome.status, output: String(decoding: outcome.output, as: UTF8.self),
            complaint: String(decoding: outcome.errors, as: UTF8.self))
    }
}
