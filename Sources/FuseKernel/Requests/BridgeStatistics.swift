import Synchronization

/// What a mount's bridge has done so far, for `status`.
public struct BridgeStatistics: Hashable, Sendable {
    /// Requests of the kernel since the mount.
    public var requests: [RequestKind: UInt64]
    public var inFlight: Int
    public var inFlightPeak: Int
    /// Requests whose application gave up.
    public var interrupted: UInt64
    /// Requests beyond a bound, answered ENOMEM.
    public var refused: UInt64
    /// Answers for which nobody waited any more.
    public var repliesToNobody: UInt64
    /// Answers that the kernel did not take.
    public var repliesFailed: UInt64
    public var bytesRead: UInt64
    public var bytesWritten: UInt64
    /// Reads that wait for a buffer right now.
    public var readsParked: Int
    /// Names of listings that the kernel cannot take; left out.
    public var namesLeftOut: UInt64
    public var notifications: NotificationStatistics
}

/// What was told to the kernel of the filesystem's own accord.
public struct NotificationStatistics: Hashable, Sendable {
    public var delivered: UInt64 = 0
    /// The kernel did not know the name or inode: nothing to forget.
    public var unknownToKernel: UInt64 = 0
    public var failed: UInt64 = 0
    /// Said again while the first still waited.
    public var coalesced: UInt64 = 0
    /// Beyond the bound; the kernel finds out when its timeouts end.
    public var dropped: UInt64 = 0
    public var waiting = 0
}

/// Counters that no lock guards, as each stands for itself.
final class BridgeCounters: Sendable {
    let repliesToNobody = Atomic<UInt64>(0)
    let repliesFailed = Atomic<UInt64>(0)
    let bytesRead = Atomic<UInt64>(0)
    let bytesWritten = Atomic<UInt64>(0)
    let writesRefused = Atomic<UInt64>(0)
    let namesLeftOut = Atomic<UInt64>(0)
}

extension Bridge {
    func statistics(_ notifications: NotificationStatistics) -> BridgeStatistics {
        inFlight.snapshot { state in
            var requests: [RequestKind: UInt64] = [:]
            for kind in RequestKind.allCases { requests[kind] = state.startedByKind[kind.rawValue] }
            return BridgeStatistics(
                requests: requests, inFlight: state.count, inFlightPeak: state.peak,
                interrupted: state.interrupted,
                refused: state.refused + counters.writesRefused.load(ordering: .relaxed),
                repliesToNobody: counters.repliesToNobody.load(ordering: .relaxed),
                repliesFailed: counters.repliesFailed.load(ordering: .relaxed),
                bytesRead: counters.bytesRead.load(ordering: .relaxed),
                bytesWritten: counters.bytesWritten.load(ordering: .relaxed), readsParked: buffers.parkedCount,
                namesLeftOut: counters.namesLeftOut.load(ordering: .relaxed), notifications: notifications)
        }
    }
}
