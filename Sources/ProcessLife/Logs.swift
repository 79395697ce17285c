import Basics
import Glibc
import Logging
import Settings
import SystemPackage

/// Sets the log up for a process that serves a mount.
public enum Logs {
    /// To the file that was asked for; else, in the foreground, to standard error, and in the background to the
    /// journal, or where there is none to a file in the state directory. Once in a process.
    public static func start(
        _ settings: MountSettings, inForeground: Bool, environment: [String: String], time: any TimeSource
    ) throws(MountFailure) {
        let sink: any LogSink
        if let file = settings.logFile {
            sink = DescriptorSink(descriptor: try open(file), format: settings.logFormat, time: time)
        } else if inForeground {
            sink = DescriptorSink(
                descriptor: .standardError, format: settings.logFormat, time: time,
                isJournal: environment["JOURNAL_STREAM"] != nil)
        } else if let journal = JournalSink() {
            sink = journal
        } else {
            let file = settings.stateDir.appending("log")
            sink = DescriptorSink(descriptor: try open(file), format: settings.logFormat, time: time)
        }
        let level = Logger.Level(settings.logLevel)
        LoggingSystem.bootstrap { Handler(label: $0, sink: sink, logLevel: level) }
    }

    private static func open(_ file: FilePath) throws(MountFailure) -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                file, .writeOnly, options: [.create, .append, .closeOnExec], permissions: .ownerReadWrite)
        } catch {
            let words = (error as? Errno)?.words ?? "unknown error"
            throw MountFailure(
                .cannotCreate, "\(file): the log cannot be written (\(words)); name another with --log-file")
        }
    }
}

extension Logs {
    struct Handler: LogHandler {
        let label: String
        let sink: any LogSink
        var logLevel: Logger.Level
        var metadata: Logger.Metadata = [:]

        init(label: String, sink: any LogSink, logLevel: Logger.Level) {
            self.label = label
            self.sink = sink
            self.logLevel = logLevel
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            var details = metadata.merging(event.metadata ?? [:]) { $1 }.map { (key: $0.key, value: "\($0.value)") }
            details.sort { $0.key < $1.key }
            if let error = event.error { details.append((key: "error", value: "\(error)")) }
            sink.write(LogLine(level: event.level, label: label, message: "\(event.message)", metadata: details))
        }
    }
}

extension Logger.Level {
    init(_ level: MountSettings.LogLevel) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}
