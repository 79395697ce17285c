import ArgumentParser
import ProcessLife
import Status

struct RefreshCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Drop what is cached of a folder and list it again.",
        discussion: """
            For a file, the folder that it is in. Below the folder, listings are only dropped: each is asked for again \
            when somebody looks.
            """)

    @Flag(help: "drop the cached listings of all folders below too")
    var recursive = false

    @Flag(help: "print JSON")
    var json = false

    @Argument(help: ArgumentHelp("a file or folder in a mount", valueName: "PATH"), completion: .file())
    var path: String

    func run() async throws {
        let subject = try await OurMount.subject(path)
        let done: Inquiry.Done = try await OurMount.ask(
            .refresh(isRecursive: recursive), about: subject, within: OurMount.forEver)
        if json { Terminal.say(String(decoding: try StatusReport.encoder(pretty: true).encode(done), as: UTF8.self)) }
    }
}
