import Foundation
import Glibc

/// Turns SIGTERM, SIGINT and SIGHUP into stages of a `StopSignal`.
///
/// The signals are blocked and taken by a thread that waits for nothing else, so nothing ever runs in a signal
/// handler. `block` must be called on the first thread before there is a second: threads inherit what is blocked, and
/// a signal finds any thread that does not block it. An asynchronous `main` is too late, it runs on another thread.
public enum SignalWatch {
    static let watched = [SIGTERM, SIGINT, SIGHUP]

    /// Blocks the watched signals for this thread and all it starts. A write to a closed pipe becomes an error.
    public static func block() {
        var set = Self.set()
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Starts the thread; it lives as long as the process.
    public static func start(_ stop: StopSignal) {
        let thread = Thread {
            block()
            while let taken = next() {
                if watched.contains(taken) { stop.request() }
            }
        }
        thread.name = "signals"
        thread.start()
    }

    /// Waits for the next watched signal; nil when waiting is not possible at all.
    static func next() -> Int32? {
        var set = Self.set()
        var taken: Int32 = 0
        return sigwait(&set, &taken) == 0 ? taken : nil
    }

    /// The watched signals, less those that were being ignored when we were started (`nohup`): a blocked signal is
    /// delivered to `sigwait` even then.
    static func set() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in watched where !isIgnored(signal) { sigaddset(&set, signal) }
        return set
    }

    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(signal, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }
}
