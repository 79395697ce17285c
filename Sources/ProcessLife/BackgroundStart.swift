import Basics
import Glibc
import Settings
import SystemPackage

/// Starts this program anew in a session of its own and waits until it says that it is ready.
public struct BackgroundStart: Sendable {
    private let time: any TimeSource
    /// How long to wait for the report.
    private let limit: Duration

    public init(time: any TimeSource, limit: Duration) {
        self.time = time
        self.limit = limit
    }

    /// Returns when the child is ready; throws what it failed with, or how it ended. `stop` ends the child.
    ///
    /// `arguments` are those of this process, with its name first: the child reads them, the environment and
    /// standard input as this process would have.
    public func run(
        _ program: FilePath, _ arguments: [String], environment: [String: String], stop: StopSignal
    ) async throws(MountFailure) {
        let (child, channel) = try start(program, arguments, environment)
        let stopper = Task {
            do throws(CancellationError) { try await stop.reached(.stopping) } catch { return }
            kill(child, SIGTERM)
        }
        defer { stopper.cancel() }
        let said = await Blocking.run(within: limit, on: time) { Self.listen(channel) }
        guard let said else {
            await end(child)
            throw MountFailure(
                .unavailable,
                "not ready after \(TimeSpan.text(limit)), gave up; "
                    + "'aliyunfs mount --foreground' shows what it waits for"
            )
        }
        switch said {
        case .ready?: return
        case .failed(let failure)?:
            await end(child)
            throw failure
        case nil: throw await Self.obituary(child, time)
        }
    }

    private func start(
        _ program: FilePath, _ arguments: [String], _ environment: [String: String]
    ) throws(MountFailure) -> (pid_t, FileDescriptor) {
        do throws(Errno) {
            let channel = try Channel()
            defer { channel.writing.closeQuietly() }
            var spawn = Spawn(program, arguments, environment: environment)
            spawn.environment[EnvironmentName.readiness] = "\(ReadinessReporter.descriptor)"
            spawn.inNewSession = true
            spawn.descriptors = [(channel.writing, ReadinessReporter.descriptor)]
            do throws(Errno) {
                return (try spawn.start(), channel.reading)
            } catch {
                channel.reading.closeQuietly()
                throw error
            }
        } catch {
            throw MountFailure(.software, "cannot start in the background (\(error.words)); try --foreground")
        }
    }

    /// nil when the channel ended without a whole line.
    private static func listen(_ channel: FileDescriptor) -> ReadinessReport? {
        defer { channel.closeQuietly() }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < 65_536, bytes.last != UInt8(ascii: "\n") {
            let count: Int
            do { count = try buffer.withUnsafeMutableBytes { try channel.read(into: $0) } } catch { return nil }
            if count == 0 { break }
            bytes += buffer.prefix(count)
        }
        return ReadinessReport(bytes)
    }

    /// Asks a child that is of no use to end, and sees to it that it does.
    private func end(_ child: pid_t) async {
        kill(child, SIGTERM)
        let ended = await Blocking.run(within: .seconds(10), on: time) {
            Result { () throws(Errno) in try Spawn.wait(for: child) }
        }
        if ended == nil { kill(child, SIGKILL) }
    }

    private static func obituary(_ child: pid_t, _ time: any TimeSource) async -> MountFailure {
        let end = await Blocking.run(within: .seconds(10), on: time) {
            Result { () throws(Errno) in try Spawn.wait(for: child) }
        }
        let how =
            switch end {
            case .success(.exited(let status)): "with status \(status)"
            case .success(.signalled(let signal)): "by signal \(signal)"
            case .failure, nil: "silently"
            }
        return MountFailure(
            .software, "the mount ended \(how) before it was ready; 'aliyunfs mount --foreground' shows why")
    }
}
