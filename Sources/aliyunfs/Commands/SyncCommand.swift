import ArgumentParser
import ProcessLife
import Status
import SystemPackage

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Wait until the drive has what was written before, open files included.",
        discussion: "Exit status: 0 when the drive has it; 1 with the reason when something does not get there.")

    @Flag(help: "print JSON")
    var json = false

    @Argument(
        help: ArgumentHelp("files and folders in a mount (default: all mounts)", valueName: "PATH"),
        completion: .file())
    var paths: [String] = []

    private struct Output: Encodable {
        var path: String
        var synced: Inquiry.Synced
    }

    func run() async throws {
        var subjects: [Subject] = []
        for path in paths { subjects.append(try await OurMount.subject(path)) }
        if paths.isEmpty { subjects = try OurMount.everything() }
        var outputs: [Output] = []
        for subject in subjects {
            outputs.append(
                Output(path: subject.path.string, synced: try await UploadWait(subject: subject).run(atMost: nil)))
        }
        if json {
            let text = try StatusReport.encoder(pretty: true).encode(outputs)
            Terminal.say(String(decoding: text, as: UTF8.self))
        } else {
            for change in outputs.flatMap(\.synced.failed) { Terminal.complain(Self.words(change)) }
            let more = outputs.reduce(0) { $0 + $1.synced.failures - $1.synced.failed.count }
            if more > 0 { Terminal.complain("and \(more) more; 'aliyunfs uploads' lists all") }
        }
        if outputs.contains(where: { $0.synced.failures > 0 }) { throw MountFailure(.negative, "") }
    }

    static func words(_ change: StatusReport.Change) -> String {
        let why = [change.trouble, change.advice].compactMap { $0 }.joined(separator: "; ")
        return QueueText.plain("\(change.shown): \(why)")
    }
}
