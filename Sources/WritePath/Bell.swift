import Basics
import Synchronization

/// Wakes one sleeper before its time.
final class Bell: Sendable {
    private let time: any TimeSource
    private let next: Mutex<Flight<Void, Never>>

    init(time: any TimeSource) {
        self.time = time
        next = Mutex(Flight(time: time))
    }

    /// What rings from now on is heard by whoever waits on what this returns.
    func listen() -> Flight<Void, Never> { next.withLock { $0 } }

    func ring() {
        let flight = next.withLock { next in
            defer { next = Flight(time: time) }
            return next
        }
        flight.complete(.success(()))
    }
}
