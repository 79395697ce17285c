import ArgumentParser
import Settings
import Status

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    @Flag(help: "print JSON")
    var json = false

    private struct Versions: Encodable {
        var version: String
        var libfuse: String?
    }

    func run() throws {
        let versions = Versions(version: Product.version, libfuse: Composition.libfuseVersion())
        if json {
            Terminal.say(String(decoding: try StatusReport.encoder().encode(versions), as: UTF8.self))
        } else {
            Terminal.say("\(Product.name) \(versions.version)")
            Terminal.say("libfuse \(versions.libfuse ?? "not installed")")
        }
    }
}
