import Synchronization
import VFS

/// The requests under way: bounded, counted, cancelled by interrupts and when the mount goes away.
///
/// Any thread. Tasks are cancelled outside the lock, since cancelling runs other people's code.
final class InFlightTable: Sendable {
    typealias Work = Task<Void, Never>

    private let state: Mutex<InFlightState<Work>>
    private let drained: @Sendable () -> Void

    /// `drained` is called when the last request of a closing mount has ended.
    init(requestsMax: Int, drained: @escaping @Sendable () -> Void) {
        state = Mutex(InFlightState(requestsMax: requestsMax))
        self.drained = drained
    }

    func begin(
        _ kind: RequestKind, on inode: InodeNumber, and other: InodeNumber?
    ) -> InFlightState<Work>.Admission {
        state.withLock { $0.begin(kind, on: inode, and: other) }
    }

    var next: RequestID { state.withLock { $0.next } }

    func isBusy(_ inode: InodeNumber, before limit: RequestID) -> Bool {
        state.withLock { $0.isBusy(inode, before: limit) }
    }

    func attach(_ work: Work, to id: RequestID) {
        state.withLock { $0.attach(work, to: id) }?.cancel()
    }

    func interrupt(_ id: RequestID) {
        state.withLock { $0.interrupt(id) }?.cancel()
    }

    func end(_ id: RequestID) {
        if state.withLock({ $0.end(id) }) { drained() }
    }

    func close() {
        let works = state.withLock { $0.close() }
        for work in works { work.cancel() }
    }

    func count(_ kind: RequestKind, times: UInt64 = 1) { state.withLock { $0.count(kind, times: times) } }

    var count: Int { state.withLock { $0.count } }

    /// A copy for statistics.
    func snapshot<Value: Sendable>(_ read: (InFlightState<Work>) -> Value) -> Value {
        state.withLock { read($0) }
    }
}
