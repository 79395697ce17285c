import ArgumentParser
import Mounting
import ProcessLife
import Settings
import Status
import SystemPackage

struct UploadsExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Copy unsent files to a folder, whether the profile is mounted or not.",
        discussion: """
            They keep their paths, as far as those are known. Of a file that was changed in parts while nothing is \
            mounted only the parts are here: the rest of the copy is zeros, which is said. Nothing is written over.
            """)

    @OptionGroup var place: StatePlace

    @Flag(help: "print JSON")
    var json = false

    @Argument(help: ArgumentHelp("a folder, made where it is missing", valueName: "DIR"), completion: .directory)
    var folder: String

    @Argument(help: ArgumentHelp("only these changes (default: all)", valueName: "ID"))
    var ids: [UInt64] = []

    func run() async throws {
        guard let target = Surroundings.current().path(folder, relative: true) else {
            throw MountFailure(.usage, "\(Given.shown(folder)): is not a path")
        }
        let stateDir = try await place.stateDir()
        let mount = try await StatePlace.mount(of: stateDir)
        let copies = try await UnsentFiles(stateDir: stateDir, mountPoint: mount?.mountPoint)
            .export(to: target, only: Set(ids))
        if json {
            let text = try StatusReport.encoder(pretty: true).encode(copies)
            Terminal.say(String(decoding: text, as: UTF8.self))
        } else {
            for copy in copies {
                Terminal.say(QueueText.plain("\(copy.id)  \(copy.path)  \(QueueText.bytes(copy.size))"))
            }
            if copies.isEmpty { Terminal.say("nothing is unsent") }
        }
        for copy in copies where copy.missing > 0 {
            Terminal.complain(
                QueueText.plain(
                    "\(copy.path): \(QueueText.bytes(copy.missing)) of it are only in the drive's version and are "
                        + "zeros in the copy; mount the profile and export again to have them"))
        }
    }

    /// What is unfinished in a state directory.
    static func left(in stateDir: FilePath) async throws(MountFailure) -> [StatusReport.Change] {
        try await UnsentFiles(stateDir: stateDir, mountPoint: nil).left()
    }
}
