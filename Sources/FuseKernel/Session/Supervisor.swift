import Basics
import CFuse
import Glibc
import Logging
import Synchronization
import VFS

/// The life of a mount, on a thread of its own: mount, loop, drain, unmount, destroy.
final class Supervisor: Sendable {
    typealias Started = @Sendable (Result<Supervisor, MountError>) -> Void

    let ended: Flight<SessionEnd, Never>
    private let mountPoint: String
    private let options: FuseOptions
    private let time: any TimeSource
    private let logger: Logger
    /// Rings for all that the supervisor waits for; it then looks what it was.
    private let bell: Bell
    private let bridge: Bridge
    private let notifier: Notifier
    private let exitRequested = Atomic(false)
    private let loopResult = Mutex<Int32?>(nil)

    private init?(
        _ fileSystem: any FileSystem, _ mountPoint: String, _ options: FuseOptions, _ time: any TimeSource,
        _ logger: Logger
    ) {
        guard let bell = Bell(), let notifierBell = Bell(),
            let bridge = Bridge(fileSystem: fileSystem, options: options, logger: logger, ring: { bell.ring() })
        else { return nil }
        self.bell = bell
        self.bridge = bridge
        self.mountPoint = mountPoint
        self.options = options
        self.time = time
        self.logger = logger
        notifier = Notifier(
            waitingMax: options.notificationsMax, bell: notifierBell, inFlight: bridge.inFlight, time: time
        ) { bell.ring() }
        ended = Flight(time: time)
    }

    /// Mounts on a new thread, tells `started` how that went, and goes on there until the mount has ended.
    static func start(
        _ fileSystem: any FileSystem, at mountPoint: String, _ options: FuseOptions, _ time: any TimeSource,
        _ logger: Logger, _ started: @escaping Started
    ) {
        guard let supervisor = Supervisor(fileSystem, mountPoint, options, time, logger),
            let thread = OwnThread.start("fuse-main", { supervisor.live(started) })
        else { return started(.failure(.outOfResources)) }
        thread.detach()
    }

    func requestExit() {
        exitRequested.store(true, ordering: .releasing)
        bell.ring()
    }

    var statistics: BridgeStatistics { bridge.statistics(notifier.statistics) }

    // MARK: - On the supervisor's thread

    private func live(_ started: Started) {
        do throws(MountError) {
            let path = try Preflight.check(mountPoint, options)
            let session = try mount(path)
            cfuse_prepare_wake_signal()
            bridge.fileSystem.attach(notifier)
            guard let telling = OwnThread.start("fuse-notify", { [notifier] in notifier.run(session) }) else {
                dismantle(session)
                throw .outOfResources
            }
            guard let looping = OwnThread.start("fuse-loop", wakeable: true, { self.loop(session) }) else {
                notifier.stop()
                telling.join()
                dismantle(session)
                throw .outOfResources
            }
            started(.success(self))
            supervise(path)
            ended.complete(.success(finish(session, path, looping: looping, telling: telling)))
        } catch {
            started(.failure(error))
        }
    }

    private func mount(_ path: String) throws(MountError) -> SessionPointer {
        LibfuseLog.shared.listen(logger)
        var operations = cfuse_operations.ofBridge
        // libfuse holds the bridge from here on, until `dismantle` or for ever.
        let held = Unmanaged.passRetained(bridge)
        var arguments: [UnsafeMutablePointer<CChar>] = options.arguments.compactMap { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        let made = LibfuseLog.shared.collecting {
            cfuse_session_new(Int32(arguments.count), &arguments, &operations, held.toOpaque())
        }
        guard let raw = made.value else {
            held.release()
            throw .optionNotUnderstood(made.words)
        }
        let mounted = LibfuseLog.shared.collecting { cfuse_session_mount(raw, path) }
        guard mounted.value == 0 else {
            fuse_session_destroy(raw)
            held.release()
            throw .refused(mounted.words)
        }
        return SessionPointer(raw)
    }

    /// The body of the loop's thread.
    private func loop(_ session: SessionPointer) {
        let result = cfuse_session_loop(session.raw, options.clonesDescriptor, UInt32(clamping: options.threadsMax))
        loopResult.withLock { $0 = result }
        bell.ring()
    }

    private var loopHasEnded: Bool { loopResult.withLock { $0 != nil } }

    private func supervise(_ path: String) {
        var tuned = options.readAheadKiB == 0
        while !exitRequested.load(ordering: .acquiring), !loopHasEnded {
            bell.wait()
            // Only after the handshake: it sets the kernel's own value.
            guard !tuned, bridge.isConnected else { continue }
            tuned = true
            if let trouble = ReadAhead.raise(path, toKiB: options.readAheadKiB) {
                logger.debug("the kernel's read-ahead stays as it is: \(trouble)")
            }
        }
    }

    /// The order matters. While a notification is under way the loop has to go on answering, as the kernel may let
    /// it wait for a process that waits for us. And no request may be answered once the session is destroyed.
    private func finish(
        _ session: SessionPointer, _ path: String, looping: OwnThread, telling: OwnThread
    ) -> SessionEnd {
        let loopBrokeOff = loopHasEnded
        bridge.inFlight.close()
        notifier.stop()
        wait(atMost: options.drainTime) { bridge.inFlight.count == 0 && notifier.hasEnded }
        leaveLoop(session, looping)
        let stuck = bridge.inFlight.count
        if stuck == 0, notifier.hasEnded {
            telling.join()
            dismantle(session)
        } else {
            logger.error("\(stuck) requests did not end when cancelled; the mount is left without them")
            telling.detach()
            AbandonedMount.leave(session, path)
        }
        return SessionEnd(cause: cause(loopBrokeOff: loopBrokeOff), stuckRequests: stuck)
    }

    private func cause(loopBrokeOff: Bool) -> SessionEnd.Cause {
        let result = loopResult.withLock { $0 } ?? 0
        if result != 0 { return .failed(errno: abs(result)) }
        return loopBrokeOff ? .unmounted : .exitRequested
    }

    /// The loop sleeps until a signal or a request comes; one signal may come just before it falls asleep.
    private func leaveLoop(_ session: SessionPointer, _ looping: OwnThread) {
        while !loopHasEnded {
            fuse_session_exit(session.raw)
            _ = cfuse_wake_thread(looping.id)
            bell.wait(milliseconds: 10)
        }
        looping.join()
    }

    private func wait(atMost duration: Duration, until condition: () -> Bool) {
        let deadline = time.now() + duration
        while !condition(), time.now() < deadline { bell.wait(milliseconds: 100) }
    }

    /// Unmounts if it still is mounted, frees the session and lets go of the bridge.
    private func dismantle(_ session: SessionPointer) {
        fuse_session_unmount(session.raw)
        fuse_session_destroy(session.raw)
        Unmanaged.passUnretained(bridge).release()
    }
}
