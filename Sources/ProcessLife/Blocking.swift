import Basics
import Foundation

/// Calls that may block for ever, such as those into a mount that does not answer, on a thread of their own.
public enum Blocking {
    /// The result, or nil when it did not come in time. The thread is then left behind: nothing can end a system
    /// call that waits for a file system but the end of the process.
    public static func run<Value: Sendable>(
        within limit: Duration, on time: any TimeSource, _ body: @escaping @Sendable () -> Value
    ) async -> Value? {
        let flight = Flight<Value, Never>(time: time)
        let thread = Thread { flight.complete(.success(body())) }
        thread.start()
        do {
            return try await flight.value(until: time.now() + limit)
        } catch {
            return nil
        }
    }
}
