import Basics
import Glibc
import Logging
import ProcessLife
import Settings
import SystemPackage

/// The life of the process that serves a mount: makes sure of everything around it, runs it, ends it in order.
struct MountLife: Sendable {
    let service: any MountService
    let time: any TimeSource
    let surroundings: Surroundings
    /// Set in a process that was started in the background.
    let reporter: ReadinessReporter?
    let inForeground: Bool

    /// Returns when the mount has ended well. What went wrong is told to whoever waits for this process as well.
    func run(_ settings: MountSettings) async throws(MountFailure) {
        do throws(MountFailure) {
            try await serve(settings)
        } catch {
            if let reporter {
                reporter.failed(error)
                // Whoever started us tells it; here nobody reads standard error.
                throw MountFailure(error.status, "")
            }
            throw error
        }
    }

    private func serve(_ settings: MountSettings) async throws(MountFailure) {
        // Whatever this process makes is its owner's alone.
        umask(0o077)
        let state: StateDirectory
        do throws(StateDirectory.Failure) {
            state = try StateDirectory(settings.stateDir, mountPoint: settings.mountPoint)
        } catch {
            throw MountFailure(.cannotCreate, error.message)
        }
        try Logs.start(settings, inForeground: inForeground, environment: surroundings.environment, time: time)
        let logger = Logger(label: Product.name)
        let place = MountPlace(time: time, surroundings: surroundings)
        try await place.prepare(settings, logger)
        let order = try LoginSource(surroundings: surroundings).order(settings, logger)
        // A working directory of ours would keep the file system it is on from being unmounted.
        _ = chdir("/")
        try await run(order, logger)
        withExtendedLifetime(state) {}
    }

    private func run(_ order: MountOrder, _ logger: Logger) async throws(MountFailure) {
        let stop = StopSignal()
        let notifier = ServiceNotifier(surroundings.environment)
        SignalWatch.start(stop)
        let farewell = Task {
            do throws(CancellationError) { try await stop.reached(.stopping) } catch { return }
            logger.notice("asked to stop: uploads, then unmounting (once more to hurry)")
            // As long as uploads may be waited for, and some more for the rest.
            let patience = order.settings.drainTimeout + .seconds(60)
            notifier.notify("STOPPING=1\nEXTEND_TIMEOUT_USEC=\(Int(patience / .microseconds(1)))")
        }
        defer { farewell.cancel() }
        let mountPoint = order.settings.mountPoint.string
        let ready: @Sendable () -> Void = {
            logger.notice(
                "mounted", metadata: ["mount_point": "\(mountPoint)", "profile": "\(order.settings.profile)"])
            notifier.notify("READY=1")
            guard let reporter else { return }
            // Nobody waits any more: whoever started us was ended, and would not know of this mount.
            if !reporter.ready() { stop.request() }
            StandardStreams.leave()
        }
        do throws(MountFailure) {
            try await service.run(order, ready: ready, stop: stop)
        } catch {
            // In the foreground the caller writes it to where the log goes anyway.
            if !inForeground || order.settings.logFile != nil { logger.error("\(error.message)") }
            throw error
        }
        logger.notice("unmounted", metadata: ["mount_point": "\(mountPoint)"])
        // Says nothing when it was ready before.
        reporter?.failed(MountFailure(.cannotCreate, "the mount was ended before it was ready"))
    }
}

enum StandardStreams {
    /// Lets go of the terminal, the pipe or the file this process was started with.
    static func leave() {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { return }
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] { dup2(null, descriptor) }
        close(null)
    }
}
