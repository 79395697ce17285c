import ArgumentParser
import Foundation
import Glibc
import ProcessLife
import Settings

@main
enum Main {
    /// The first thread blocks the signals where they are to be taken in order, and then stays out of the way.
    static func main() {
        let words = CommandLine.arguments
        let name = words.first.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? Product.name
        let isMountHelper = name.hasPrefix("mount.")
        if isMountHelper || words.dropFirst().first == "mount" { SignalWatch.block() }
        signal(SIGPIPE, SIG_IGN)
        // Detached: the main actor's executor is this very thread.
        Task.detached { exit(await status(Array(words.dropFirst()), isMountHelper: isMountHelper)) }
        while true { pause() }
    }

    private static func status(_ words: [String], isMountHelper: Bool) async -> Int32 {
        do {
            try await isMountHelper ? MountHelper.run(words) : run(words)
            return ExitStatus.success.rawValue
        } catch let failure as MountFailure {
            if !failure.message.isEmpty { Terminal.complain(failure.message) }
            return failure.status.rawValue
        } catch let error as SettingsError {
            Terminal.complain(error.message)
            return ExitStatus.usage.rawValue
        } catch {
            return end(with: error, words: words)
        }
    }

    private static func run(_ words: [String]) async throws {
        var command = try AliyunFS.parseAsRoot(words)
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
    }

    /// Help and completions go to standard output; a mistake becomes one line.
    private static func end(with error: any Error, words given: [String]) -> Int32 {
        if AliyunFS.exitCode(for: error) == .success {
            Terminal.say(AliyunFS.fullMessage(for: error))
            return ExitStatus.success.rawValue
        }
        let words = AliyunFS.message(for: error).split(whereSeparator: \.isNewline).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        let names = AliyunFS.configuration.subcommands.compactMap { $0.configuration.commandName }
        let topic = given.first.flatMap { names.contains($0) ? " \($0)" : nil } ?? ""
        Terminal.complain(Given.shown(line: words.joined(separator: " ")) + "; see 'aliyunfs help\(topic)'")
        return ExitStatus.usage.rawValue
    }
}

struct AliyunFS: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Product.name,
        abstract: "Aliyun Drive as a folder of this machine.",
        version: Product.version,
        subcommands: [
            MountCommand.self, UnmountCommand.self, StatusCommand.self, SyncCommand.self, UploadsCommand.self,
            RefreshCommand.self, MetaCommand.self, DoctorCommand.self, VersionCommand.self,
        ])
}
