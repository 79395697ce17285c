import Basics
import Synchronization

/// Holds all transfers of one direction of the process together under so many bytes per second.
final class Bandwidth: Sendable {
    /// How far ahead of the rate a burst may run.
    private static let burst: Duration = .milliseconds(100)
    /// A single pause stays well below the stall limit of the connection.
    private static let longestPause: Duration = .seconds(2)

    private let bytesPerSecond: Int64
    /// When everything let through so far is paid for.
    private let paid: Mutex<Moment>

    init?(bytesPerSecond: Int64?) {
        guard let bytesPerSecond, bytesPerSecond > 0 else { return nil }
        self.bytesPerSecond = bytesPerSecond
        paid = Mutex(Moment(sinceBoot: .zero))
    }

    /// How many bytes may go at once without a gap that looks like a stall.
    var piece: Int { Int(clamping: max(1_024, bytesPerSecond / 4)) }

    /// How long to wait after `count` bytes have gone; a long wait comes in portions, the next being asked for with 0.
    func pause(after count: Int, now: Moment) -> Duration {
        let cost = Duration.nanoseconds(Int64(Double(count) / Double(bytesPerSecond) * 1e9))
        return paid.withLock { paid in
            paid = max(paid, now) + cost
            let ahead = paid - now
            return ahead > Self.burst ? min(ahead, Self.longestPause) : .zero
        }
    }
}
