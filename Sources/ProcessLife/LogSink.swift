import Basics
import Glibc
import Settings
import SystemPackage

/// Where log lines go. May be called from any thread.
protocol LogSink: Sendable {
    func write(_ line: LogLine)
}

/// Lines to a descriptor. Each is one `write`, so lines of several threads, and of several processes that append to
/// one file, never mix.
struct DescriptorSink: LogSink {
    let descriptor: FileDescriptor
    let format: MountSettings.LogFormat
    let time: any TimeSource
    /// The descriptor leads to the journal, which adds the time and reads the weight from a `<N>` in front.
    var isJournal = false

    func write(_ line: LogLine) {
        let text =
            switch format {
            case .text where isJournal: "<\(line.priority)>" + line.text(at: nil)
            case .text: line.text(at: time.wallTime())
            case .json: line.json(at: time.wallTime())
            }
        // A full disk must not stop the mount that logs to it.
        do { try descriptor.writeAll((text + "\n").utf8) } catch { return }
    }
}

/// Datagrams to the journal, in its native form: `FIELD=value` lines.
struct JournalSink: LogSink {
    private let socket: DatagramSocket

    /// nil when this machine has no journal.
    init?(path: String = "/run/systemd/journal/socket") {
        guard let socket = DatagramSocket(to: Array(path.utf8)) else { return nil }
        self.socket = socket
    }

    func write(_ line: LogLine) {
        let message = LogLine.plain(line.text(at: nil))
        let fields = ["PRIORITY=\(line.priority)", "SYSLOG_IDENTIFIER=aliyunfs", "MESSAGE=\(message)"]
        _ = socket.write(Array((fields.joined(separator: "\n") + "\n").utf8))
    }
}
