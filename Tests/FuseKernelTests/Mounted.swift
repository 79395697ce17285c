import Basics
import Glibc
import Logging
import TestSupport
import Testing
import VFS

@testable import FuseKernel

/// Whether this machine shows the device; without it no mount can be tested.
let hasFuseDevice = access("/dev/fuse", F_OK) == 0

/// A mounted filesystem in memory, as a test sees it.
struct Mounted: Sendable {
    let session: FuseSession
    let path: String

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Returns when `condition` holds; throws when the test is cancelled. For what the kernel does a little later.
    func until(_ condition: @Sendable () -> Bool) async throws {
        while !condition() { try await SystemTime().sleep(for: .milliseconds(5)) }
    }

    func whenNotificationsAreDelivered() async throws {
        try await until { session.statistics.notifications.waiting == 0 }
    }
}

func quietLogger() -> Logger {
    var logger = Logger(label: "test") { _ in StreamLogHandler.standardError(label: "test") }
    logger.logLevel = .warning
    return logger
}

/// For tests that provoke what is worth a line in the log.
func silentLogger() -> Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

/// An empty folder that is removed at the end; lazily unmounted first, should anything still sit on it.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    var template = Array("/tmp/fusekernel-XXXXXX".utf8CString)
    let made = mkdtemp(&template) != nil
    try #require(made)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { rmdir(path) }
    return try await body(path)
}

/// Mounts, runs `body`, and unmounts whatever happens. A body that takes more than 40 seconds has the mount ended
/// under it, so that every process in it comes back.
@discardableResult
func withMount<Value: Sendable>(
    _ fileSystem: any FileSystem, _ options: FuseOptions = FuseOptions(),
    _ body: @Sendable (Mounted) async throws -> Value
) async throws -> (value: Value, end: SessionEnd) {
    // A type of its own: the program, which other tests run meanwhile, asks every mount of its type for its state.
    var options = options
    options.subtype = "test"
    return try await withFolder { [options] path in
        let session = try await FuseSession.mount(
            fileSystem, at: path, options: options, time: SystemTime(), logger: quietLogger())
        let watchdog = Task {
            do { try await SystemTime().sleep(for: .seconds(40)) } catch { return }
            Issue.record("the mount was ended by the watchdog")
            session.requestExit()
        }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(Mounted(session: session, path: path)))
        } catch {
            result = .failure(error)
        }
        watchdog.cancel()
        session.requestExit()
        // Not cancelled with the test: the mount has to go in any case.
        let end = try await Task.detached { try await session.end() }.value
        _ = await Child.run("fusermount3", "-u", "-z", "-q", path)
        #expect(end.stuckRequests == 0)
        return (try result.get(), end)
    }
}
