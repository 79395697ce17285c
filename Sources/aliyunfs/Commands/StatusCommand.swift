import ArgumentParser
import ProcessLife
import Status
import SystemPackage

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How the mounts are: login, uploads, limits, reading, last faults and what to do.",
        discussion: "Exit status: 0 only when all is well; 1 when not, or when nothing is mounted.")

    @Flag(help: "show it anew each second until interrupted")
    var watch = false

    @Flag(help: "print JSON")
    var json = false

    @Argument(
        help: ArgumentHelp("a mount, or a path in one (default: all)", valueName: "MOUNTPOINT"), completion: .directory)
    var mountPoint: String?

    func run() async throws {
        if watch { return try await keepShowing() }
        let (text, isHealthy) = try await look(pretty: true)
        Terminal.say(text)
        if !isHealthy { throw MountFailure(.negative, "") }
    }

    /// Ends with the process, or when the mount that was named is gone.
    private func keepShowing() async throws {
        while true {
            let (text, _) = try await look(pretty: false)
            Terminal.say(Terminal.isShown && !json ? "\u{1b}[H\u{1b}[2J" + text : text)
            do { try await Composition.time.sleep(for: .seconds(1)) } catch { return }
        }
    }

    private func look(pretty: Bool) async throws -> (text: String, isHealthy: Bool) {
        let mounts = if let mountPoint { [try await OurMount.named(mountPoint)] } else { try OurMount.table().ours }
        var answers: [MountStatus] = []
        for mount in mounts {
            answers.append(MountStatus(mount, await OurMount.ask(mount, within: .seconds(10))))
        }
        let healthy = !answers.isEmpty && answers.allSatisfy(\.isHealthy)
        if json {
            let output = try StatusReport.encoder(pretty: pretty).encode(Output(healthy: healthy, mounts: answers))
            return (String(decoding: output, as: UTF8.self), healthy)
        }
        if answers.isEmpty { return ("no aliyunfs is mounted; 'aliyunfs mount MOUNTPOINT' mounts one", false) }
        let text = StatusText(now: Composition.time.wallTime())
        return (answers.map { $0.lines(text).joined(separator: "\n") }.joined(separator: "\n\n"), healthy)
    }

    private struct Output: Encodable {
        var healthy: Bool
        var mounts: [MountStatus]
    }
}

/// One mount in the output of `status`.
struct MountStatus: Encodable, Hashable {
    enum State: String, Encodable {
        case serving
        /// Answers, but not with a report this version can read.
        case unreadable
        case dead
        case silent
        case forbidden
    }

    var mountPoint: String
    var state: State
    var report: StatusReport?

    init(_ mount: MountTable.Entry, _ answer: MountProbe.Answer) {
        mountPoint = mount.mountPoint.string
        switch answer {
        case .alive(let bytes):
            do {
                report = try StatusReport(json: bytes)
                state = .serving
            } catch {
                state = .unreadable
            }
        case .aliveWithout: state = .unreadable
        case .dead: state = .dead
        case .forbidden: state = .forbidden
        case .silent: state = .silent
        }
    }

    var isHealthy: Bool { report?.healthy == true }

    func lines(_ text: StatusText) -> [String] {
        switch state {
        case .serving:
            return report.map { text.lines(of: $0, at: mountPoint) } ?? []
        case .unreadable:
            return ["\(mountPoint): answers, but gives no report that this version can read; is it of another version?"]
        case .dead:
            return ["\(mountPoint): DEAD, its process is gone; mount it again, or run 'aliyunfs unmount \(mountPoint)'"]
        case .silent:
            return ["\(mountPoint): NO ANSWER within 10 s; 'aliyunfs unmount --force \(mountPoint)' takes it away"]
        case .forbidden:
            return ["\(mountPoint): belongs to another user, who alone may look"]
        }
    }
}
