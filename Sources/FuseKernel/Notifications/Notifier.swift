import Basics
import CFuse
import Glibc
import Synchronization
import VFS

/// Tells the kernel what the filesystem says, from a thread of its own.
///
/// A thread, since the kernel may let a notification wait for a lock that a process holds whose request we have not
/// answered yet. So it is never told from inside a request, seldom while one is under way (see `Patience`), and the
/// mount goes on answering until the thread is done.
final class Notifier: KernelNotifier {
    private struct State {
        var queue: NotificationQueue
        var statistics = NotificationStatistics()
        var hasEnded = false
    }

    private let state: Mutex<State>
    private let bell: Bell
    private let inFlight: InFlightTable
    private let time: any TimeSource
    private let onEnd: @Sendable () -> Void

    /// `onEnd` is called on the notifier's thread as the last thing it does.
    init(
        waitingMax: Int, bell: Bell, inFlight: InFlightTable, time: any TimeSource,
        onEnd: @escaping @Sendable () -> Void
    ) {
        state = Mutex(State(queue: NotificationQueue(waitingMax: waitingMax)))
        self.bell = bell
        self.inFlight = inFlight
        self.time = time
        self.onEnd = onEnd
    }

    func invalidateEntry(_ name: FileName, in parent: InodeNumber) {
        guard name.isKernelName else { return }
        add(.entry(name, parent: parent))
    }

    func invalidate(_ inode: InodeNumber, content: Bool) { add(.inode(inode, content: content)) }

    var statistics: NotificationStatistics {
        state.withLock { state in
            var answer = state.statistics
            answer.coalesced = state.queue.coalesced
            answer.dropped = state.queue.dropped
            answer.waiting = state.queue.count
            return answer
        }
    }

    var waiting: Int { state.withLock { $0.queue.count } }

    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// Ends the thread after the notification that it is telling just now.
    func stop() {
        state.withLock { $0.queue.stop() }
        bell.ring()
    }

    /// The thread's body. Returns after `stop`.
    func run(_ session: SessionPointer) {
        var putOff: [PutOff] = []
        while true {
            let batch = state.withLock { $0.queue.take() }
            if batch.isLast { break }
            if batch.overflowed { count(cfuse_notify_every_entry(session.raw)) }
            let patience = Patience(since: time.now(), next: inFlight.next)
            putOff += batch.notifications.map { PutOff(notification: $0, patience: patience) }
            putOff.removeAll { tellUnlessBusy($0, session) }
            // Nothing rings when a request ends, so those put off are looked at again soon.
            if batch.notifications.isEmpty { bell.wait(milliseconds: putOff.isEmpty ? -1 : 10) }
        }
        state.withLock { $0.hasEnded = true }
        onEnd()
    }

    private struct PutOff {
        var notification: Notification
        var patience: Patience
    }

    /// True when it is dealt with: told, or not to be told any more.
    private func tellUnlessBusy(_ item: PutOff, _ session: SessionPointer) -> Bool {
        if state.withLock({ $0.queue.isStopped }) { return true }
        if let inode = item.notification.lockedInode {
            let limit = item.patience.limit(at: time.now(), next: inFlight.next)
            if inFlight.isBusy(inode, before: limit) { return false }
        }
        count(Self.tell(item.notification, session))
        state.withLock { $0.queue.delivered() }
        return true
    }

    private func add(_ notification: Notification) {
        if state.withLock({ $0.queue.add(notification) }) { bell.ring() }
    }

    private static func tell(_ notification: Notification, _ session: SessionPointer) -> Int32 {
        switch notification {
        case .entry(let name, let parent):
            (name.bytes + [0]).withUnsafeBytes { bytes in
                fuse_lowlevel_notify_inval_entry(
                    session.raw, parent.rawValue, bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                    name.bytes.count)
            }
        case .inode(let inode, let content):
            // Offset -1 leaves pages and cached listings alone; length 0 means to the end.
            fuse_lowlevel_notify_inval_inode(session.raw, inode.rawValue, content ? 0 : -1, 0)
        }
    }

    private func count(_ status: Int32) {
        state.withLock { state in
            switch status {
            case 0: state.statistics.delivered += 1
            case -ENOENT: state.statistics.unknownToKernel += 1
            default: state.statistics.failed += 1
            }
        }
    }
}
