import Glibc

/// The machine's own clocks. Only the composition root makes one.
public struct SystemTime: TimeSource {
    public init() {}

    public func now() -> Moment {
        let t = Self.read(CLOCK_BOOTTIME)
        return Moment(sinceBoot: .seconds(t.tv_sec) + .nanoseconds(t.tv_nsec))
    }

    public func wallTime() -> UnixTime {
        let t = Self.read(CLOCK_REALTIME)
        return UnixTime(seconds: Int64(t.tv_sec), nanoseconds: Int32(t.tv_nsec))
    }

    public func sleep(until deadline: Moment) async throws(CancellationError) {
        let wait = deadline - now()
        do {
            if wait > .zero { try await Task.sleep(for: wait) } else { try Task.checkCancellation() }
        } catch {
            throw CancellationError()
        }
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var t = timespec()
        let status = clock_gettime(clock, &t)
        precondition(status == 0, "the kernel has every clock this asks for")
        return t
    }
}
