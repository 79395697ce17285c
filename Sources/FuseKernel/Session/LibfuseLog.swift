import CFuse
import Logging
import Synchronization

/// What libfuse says, which it says process-wide: it is passed on to the log of the last mount, and its latest
/// errors are kept to explain a failed mount.
final class LibfuseLog: Sendable {
    static let shared = LibfuseLog()

    private struct State {
        var logger: Logger?
        /// The beginning of a line whose end has not come yet.
        var unfinished = ""
        var errors: [String] = []
    }

    private static let errorsMax = 4
    private static let lineMax = 2048
    private let state = Mutex(State())

    private init() {}

    /// Starts to listen; forgets earlier errors.
    func listen(_ logger: Logger) {
        state.withLock { $0 = State(logger: logger) }
        cfuse_set_log_handler { level, message in
            LibfuseLog.shared.take(level: level, String(cString: message))
        }
    }

    /// The errors since `listen`, in one line.
    var latestErrors: String {
        let errors = state.withLock { $0.errors }
        return errors.isEmpty ? "no reason was given" : errors.joined(separator: "; ")
    }

    private func take(level: Int32, _ piece: String) {
        // Syslog's levels: up to 3 is an error, 4 a warning, the rest is talk.
        let (lines, logger) = state.withLock { state in
            state.unfinished += piece
            var lines = state.unfinished.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            state.unfinished = String((lines.popLast() ?? "").prefix(Self.lineMax))
            lines.removeAll(where: \.isEmpty)
            if level <= 3 { state.errors = (state.errors + lines).suffix(Self.errorsMax) }
            return (lines, state.logger)
        }
        for line in lines {
            logger?.log(level: level <= 3 ? .warning : level == 4 ? .notice : .debug, "libfuse: \(line)")
        }
    }
}
