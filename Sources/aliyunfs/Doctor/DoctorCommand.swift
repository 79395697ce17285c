import ArgumentParser
import ProcessLife
import Settings
import Status
import SystemPackage

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check what a mount needs, and say how to mend what is missing.",
        discussion: "Exit status: 0 when nothing is wrong; 1 when something has to be mended.")

    @Option(help: ArgumentHelp("the login to look at (default: default)", valueName: "NAME"))
    var profile: String?

    @Option(help: ArgumentHelp("configuration file", valueName: "FILE"), completion: .file(extensions: ["toml"]))
    var config: String?

    @Option(
        name: .customShort("o", allowingJoined: true), parsing: .singleValue,
        help: ArgumentHelp("options as mount(8) writes them", valueName: "OPT[,OPT]"))
    var options: [String] = []

    @Flag(help: "print JSON")
    var json = false

    @OptionGroup(title: "Options of the mount to look at")
    var settings: SettingOptions

    private struct Report: Encodable {
        var healthy: Bool
        var findings: [Finding]
    }

    func run() async throws {
        let findings = await examine(.current())
        let healthy = !findings.contains { $0.verdict == .fail }
        if json {
            let report = try StatusReport.encoder(pretty: true).encode(Report(healthy: healthy, findings: findings))
            Terminal.say(String(decoding: report, as: UTF8.self))
        } else {
            for finding in findings {
                let verdict = "\(finding.verdict.rawValue)    ".prefix(5)
                let name = (finding.name + "             ").prefix(13)
                Terminal.say("\(verdict)\(name) \(finding.detail)")
                if let mend = finding.mend { Terminal.say("     -> \(mend)") }
            }
        }
        if !healthy { throw MountFailure(.negative, "") }
    }

    private func examine(_ surroundings: Surroundings) async -> [Finding] {
        var request = MountRequest(mountPoint: "/")
        request.profile = profile
        request.configurationFile = config
        request.mountOptions = options
        request.flags = settings.given
        let fuse = FuseChecks(surroundings: surroundings)
        do throws(SettingsError) {
            let settings = try MountSettings.resolve(request, in: surroundings)
            var findings = [Finding.ok("options", "options and configuration can be read")]
            findings += fuse.all(allowOther: settings.allowOther || settings.allowRoot) + [library()]
            findings += StateChecks(settings: settings).all()
            findings += await NetworkChecks(settings: settings, time: Composition.time).all()
            return findings + [await mounts()]
        } catch {
            let flaw = Finding.fail("options", error.message, mend: "correct it; without it the rest cannot be checked")
            return [flaw] + fuse.all(allowOther: false) + [library(), await mounts()]
        }
    }

    private func library() -> Finding {
        Composition.libfuseVersion().map { .ok("libfuse", "version \($0)") }
            ?? .fail("libfuse", "libfuse 3 is not installed", mend: "install it with 'apt install libfuse3-3'")
    }

    private func mounts() async -> Finding {
        let table: MountTable
        do throws(Errno) { table = try .current() } catch {
            return .fail("mounts", "/proc/self/mountinfo: \(error.words)", mend: "mount /proc")
        }
        let probe = MountProbe(time: Composition.time, limit: .seconds(5))
        for mount in table.ours {
            let answer = await probe.ask(
                mount.mountPoint, for: StatusReport.attribute, longest: StatusReport.longestJSON)
            switch answer {
            case .dead, .silent:
                return .warn(
                    "mounts", "\(mount.mountPoint) does not answer",
                    mend: "run 'aliyunfs unmount --force \(mount.mountPoint)'")
            case .alive, .aliveWithout, .forbidden: continue
            }
        }
        return .ok("mounts", table.ours.isEmpty ? "nothing is mounted" : "\(table.ours.count) mounted, all answer")
    }
}
