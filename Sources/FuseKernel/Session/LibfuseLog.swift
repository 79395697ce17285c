import CFuse
import Glibc
import Logging
import Synchronization

/// What libfuse says, which it says process-wide: to the log of the latest mount, or, while a mount is being made, to
/// whoever makes it, since there it is the reason of a failure.
final class LibfuseLog: Sendable {
    static let shared = LibfuseLog()

    private struct State {
        var logger: Logger?
        /// What was said on threads that collect; a line may come in several pieces.
        var collected: [pthread_t: String] = [:]
    }

    private static let collectedMax = 4096
    private let state = Mutex(State())

    private init() {}

    func listen(_ logger: Logger) {
        state.withLock { $0.logger = logger }
        cfuse_set_log_handler { level, message in
            LibfuseLog.shared.take(level: level, String(cString: message))
        }
    }

    /// Runs `body` and returns with its result what libfuse said on this thread meanwhile, in one line.
    func collecting<Value>(_ body: () -> Value) -> (value: Value, words: String) {
        let thread = pthread_self()
        state.withLock { $0.collected[thread] = "" }
        let value = body()
        let text = state.withLock { $0.collected.removeValue(forKey: thread) } ?? ""
        let lines = text.split(separator: "\n")
        let reason = lines.joined(separator: "; ")
        return (value, lines.isEmpty ? "no reason was given here, perhaps on standard error" : reason)
    }

    private func take(level: Int32, _ piece: String) {
        let thread = pthread_self()
        let logger = state.withLock { state -> Logger? in
            guard let text = state.collected[thread] else { return state.logger }
            if text.utf8.count < Self.collectedMax { state.collected[thread] = text + piece }
            return nil
        }
        // Syslog's levels: up to 3 is an error, 4 a warning, the rest is talk.
        let words = piece.split(separator: "\n").joined(separator: "; ")
        logger?.log(level: level <= 3 ? .warning : level == 4 ? .notice : .debug, "libfuse: \(words)")
    }
}
