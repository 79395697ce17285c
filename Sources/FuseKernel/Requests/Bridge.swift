import CFuse
import Glibc
import Logging
import Synchronization
import VFS

/// Carries requests from libfuse's threads to the filesystem and its answers back.
///
/// libfuse holds it as its user data. Everything here may be called on any thread and at the same time.
final class Bridge: Sendable {
    let fileSystem: any FileSystem
    let options: FuseOptions
    let inFlight: InFlightTable
    let buffers: ReadBuffers
    let writeBuffers: WriteBuffers
    let heldErrors = HeldErrors()
    let logger: Logger
    let counters = BridgeCounters()

    private let firstRequestSeen = Atomic(false)
    private let ring: @Sendable () -> Void

    /// `ring` is called when the first request has come and when the last one of a closing mount has ended.
    /// `nil` when the address space for the buffers cannot be had.
    init?(
        fileSystem: any FileSystem, options: FuseOptions, logger: Logger, ring: @escaping @Sendable () -> Void
    ) {
        guard let buffers = ReadBuffers(large: options.largeBuffersMax, small: options.smallBuffersMax),
            let writeBuffers = WriteBuffers(
                count: options.writeBuffersMax, overflowBytesMax: options.writeOverflowBytesMax)
        else { return nil }
        self.fileSystem = fileSystem
        self.options = options
        self.buffers = buffers
        self.writeBuffers = writeBuffers
        self.logger = logger
        self.ring = ring
        inFlight = InFlightTable(requestsMax: options.requestsMax, drained: ring)
    }

    /// The bridge of a request's session.
    static func of(_ request: fuse_req_t) -> Bridge {
        Unmanaged<Bridge>.fromOpaque(fuse_req_userdata(request)).takeUnretainedValue()
    }

    /// A request came, so the kernel has finished its side of the handshake.
    var isConnected: Bool { firstRequestSeen.load(ordering: .relaxed) }

    /// Runs `operation` for a request about `inode` (the folder, for a name) and, where there are two, `other`, and
    /// answers with what it returns or throws.
    ///
    /// Begins on the calling thread, which is free again at the first suspension or after the answer. Arms the
    /// interrupt before the operation starts and disarms it before the answer, as libfuse frees the request then;
    /// disarming waits for an interrupt in progress.
    func serve<Value: Sendable>(
        _ kind: RequestKind, on inode: InodeNumber, and other: InodeNumber? = nil, _ request: fuse_req_t,
        _ operation: @escaping @Sendable (Bridge) async throws(FSError) -> Value,
        answer: @escaping @Sendable (Bridge, consuming Reply, Value) -> Delivery
    ) {
        noteFirstRequest()
        let id: RequestID
        switch inFlight.begin(kind, on: inode, and: other) {
        case .admitted(let admitted): id = admitted
        case .full: return count(Reply(request).error(ENOMEM))
        case .closing: return count(Reply(request).error(ENOTCONN))
        }
        let pending = PendingRequest(request)
        cfuse_arm_interrupt(request, Self.onInterrupt, UnsafeMutableRawPointer(bitPattern: id.rawValue))
        let task = Task.immediate { [self] in
            let result: Result<Value, FSError>
            do throws(FSError) {
                result = .success(try await operation(self))
            } catch {
                result = .failure(error)
            }
            cfuse_disarm_interrupt(pending.request)
            let reply = Reply(pending.request)
            switch result {
            case .success(let value): count(answer(self, reply, value))
            case .failure(let error): count(reply.error(error.errno))
            }
            inFlight.end(id)
        }
        inFlight.attach(task, to: id)
    }

    /// Counts a request that its callback answers at once.
    func note(_ kind: RequestKind, times: UInt64 = 1) {
        noteFirstRequest()
        inFlight.count(kind, times: times)
    }

    /// Answers a request with an error before it reaches the filesystem.
    func refuse(_ kind: RequestKind, _ request: fuse_req_t, _ code: Int32) {
        note(kind)
        count(Reply(request).error(code))
    }

    func count(_ delivery: Delivery) {
        switch delivery {
        case .delivered: break
        case .requestGone: counters.repliesToNobody.add(1, ordering: .relaxed)
        case .failed(let code):
            counters.repliesFailed.add(1, ordering: .relaxed)
            logger.debug("the kernel did not take an answer: \(errorText(code))")
        }
    }

    private func noteFirstRequest() {
        guard !firstRequestSeen.load(ordering: .relaxed) else { return }
        if !firstRequestSeen.exchange(true, ordering: .relaxed) { ring() }
    }

    private static let onInterrupt: cfuse_interrupt_handler = { request, context in
        Bridge.of(request).inFlight.interrupt(RequestID(rawValue: UInt(bitPattern: context)))
    }
}

/// A request on its way into its task.
///
/// `@unchecked Sendable`: libfuse takes a request and its answer on any thread, and from the start of the task only
/// that task uses it.
private struct PendingRequest: @unchecked Sendable {
    let request: fuse_req_t
    init(_ request: fuse_req_t) { self.request = request }
}
