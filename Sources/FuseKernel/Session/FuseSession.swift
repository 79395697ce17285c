import Basics
import Logging
import VFS

/// How a mount came to its end.
public struct SessionEnd: Hashable, Sendable {
    public enum Cause: Hashable, Sendable {
        /// `requestExit` was called.
        case exitRequested
        /// Somebody unmounted it.
        case unmounted
        /// The kernel or libfuse broke off, with this errno.
        case failed(errno: Int32)
    }

    public var cause: Cause
    /// Requests that did not end although they were cancelled; their memory is left alone for good.
    public var stuckRequests: Int
}

/// A mounted filesystem.
///
/// All functions may be called on any thread. Nothing here uses the cooperative pool but the filesystem's own
/// operations and whoever waits for the end.
public final class FuseSession: Sendable {
    private let supervisor: Supervisor

    private init(_ supervisor: Supervisor) { self.supervisor = supervisor }

    deinit { supervisor.requestExit() }

    /// Mounts `fileSystem` and starts to serve it. Returns when the mount is there.
    ///
    /// The filesystem's `attach` is called first. Dropping the session asks for its end.
    public static func mount(
        _ fileSystem: any FileSystem, at mountPoint: String, options: FuseOptions = FuseOptions(),
        time: any TimeSource, logger: Logger
    ) async throws(MountError) -> FuseSession {
        let outcome = await withCheckedContinuation { waiter in
            Supervisor.start(fileSystem, at: mountPoint, options, time, logger) { waiter.resume(returning: $0) }
        }
        return FuseSession(try outcome.get())
    }

    /// Asks for the end of the mount: requests under way are cancelled and answered, then it is unmounted, lazily
    /// if it is in use. Returns at once; safe in a signal handler; more calls change nothing.
    public func requestExit() { supervisor.requestExit() }

    /// Returns when the mount is gone and every request is answered; throws when the waiting task is cancelled.
    public func end() async throws(CancellationError) -> SessionEnd {
        do {
            return try await supervisor.ended.value()
        } catch {
            throw CancellationError()
        }
    }

    public var statistics: BridgeStatistics { supervisor.statistics }
}
