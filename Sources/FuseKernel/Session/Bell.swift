import CFuse
import Glibc

/// Wakes one thread that waits for something to change. Rings are remembered, and may be made on any thread and
/// from a signal handler.
final class Bell: Sendable {
    private let descriptor: Int32

    init?() {
        descriptor = cfuse_event_descriptor()
        if descriptor < 0 { return nil }
    }

    /// Runs for one that could not be made, too.
    deinit { if descriptor >= 0 { close(descriptor) } }

    func ring() {
        var one: UInt64 = 1
        // Fails only when the counter is full, which is a ring that has not been heard yet.
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Returns after a ring, or after `milliseconds` (-1 waits for ever), or early: callers look at what changed.
    func wait(milliseconds: Int32 = -1) {
        var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&event, 1, milliseconds) == 1 else { return }
        var count: UInt64 = 0
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
}
