import Basics
import Synchronization

/// The service's wall clock, known from the `Date` of its answers: links and tokens are dated by it, and the clock
/// of this machine may be wrong (contract 6.2).
final class ServerClock: Sendable {
    private let time: any TimeSource
    /// Seconds the server is ahead of this machine.
    private let ahead = Mutex<Int64>(0)

    init(time: any TimeSource) { self.time = time }

    func observe(_ fields: HTTPFields) {
        guard let date = fields["date"].flatMap(WireTime.init(httpDate:)) else { return }
        let difference = date.unix.seconds - time.wallTime().seconds
        ahead.withLock { $0 = difference }
    }

    func now() -> UnixTime {
        var now = time.wallTime()
        now.seconds += ahead.withLock { $0 }
        return now
    }
}
