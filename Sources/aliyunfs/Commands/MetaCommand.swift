import ArgumentParser
import Mounting
import ProcessLife
import Settings
import Status
import SystemPackage

struct MetaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "meta",
        abstract: "Carry what only this machine remembers of files to another one.",
        discussion: """
            The drive keeps neither modes nor owners nor extended attributes nor the targets of symbolic links, and \
            times only as they were at the upload. This machine remembers them in the state directory.
            """,
        subcommands: [Export.self, Import.self])

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print times, modes, owners, attributes and links as JSON.",
            discussion: "Mounted or not. Files that the drive does not have yet are left out.")

        @OptionGroup var place: StatePlace

        func run() async throws {
            let file = try await LocalAttributesFile.export(from: try await place.stateDir())
            Terminal.say(String(decoding: try StatusReport.encoder(pretty: true).encode(file), as: UTF8.self))
            if file.leftOut > 0 {
                Terminal.complain("\(file.leftOut) files that the drive does not have yet are left out; run "
                    + "'aliyunfs sync' first to have them too")
            }
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take what 'meta export' printed, for a profile of the same account that is not mounted.")

        @OptionGroup var place: StatePlace

        @Flag(help: "print JSON")
        var json = false

        @Argument(help: ArgumentHelp("the file, or - for standard input", valueName: "FILE"), completion: .file())
        var file: String

        func run() async throws {
            let bytes = try read()
            let stateDir = try await place.stateDir()
            let count = try await LocalAttributesFile.take(
                bytes, into: stateDir, random: { Double.random(in: 0..<1) })
            if json {
                Terminal.say("{\"objects\":\(count)}")
            } else {
                Terminal.say("\(count) files and folders: taken")
            }
        }

        private func read() throws(MountFailure) -> [UInt8] {
            let most = 1 << 30
            do throws(Errno) {
                if file == "-" { return try FileDescriptor.standardInput.readBytes(atMost: most) }
                return try FilePath(file).readBytes(atMost: most)
            } catch {
                throw MountFailure(.cannotCreate, "\(Given.shown(file)): cannot be read (\(error.words))")
            }
        }
    }
}

/// Which state directory a command is about.
struct StatePlace: ParsableArguments {
    @Option(help: ArgumentHelp("the login it is about (default: the mounted one, or default)", valueName: "NAME"))
    var profile: String?

    @Option(help: ArgumentHelp("configuration file", valueName: "FILE"), completion: .file(extensions: ["toml"]))
    var config: String?

    @Option(help: ArgumentHelp("where its state is", valueName: "PATH"), completion: .directory)
    var stateDir: String?

    /// Whether the user says which.
    var isNamed: Bool { profile != nil || config != nil || stateDir != nil }

    /// The one named, else that of the only mount, else that of the default profile.
    func stateDir() async throws -> FilePath {
        if !isNamed, let mount = try OurMount.table().ours.first, try OurMount.table().ours.count == 1,
            let place = await OurMount.report(mount)?.stateDir
        {
            return FilePath(place)
        }
        var request = MountRequest(mountPoint: "/")
        request.profile = profile
        request.configurationFile = config
        if let stateDir { request.flags = ["state-dir": .word(stateDir)] }
        return try MountSettings.resolve(request, in: .current()).stateDir
    }

    /// Where that state directory is mounted, if it is.
    static func mount(of stateDir: FilePath) async throws(MountFailure) -> MountTable.Entry? {
        for mount in try OurMount.table().ours where await OurMount.report(mount)?.stateDir == stateDir.string {
            return mount
        }
        return nil
    }
}
