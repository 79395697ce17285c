import Synchronization

/// Lets requests through, or keeps them waiting as a dead line does.
final class NetworkGate: Sendable {
    private let hangs = Mutex(false)

    var isHanging: Bool {
        get { hangs.withLock { $0 } }
        set { hangs.withLock { $0 = newValue } }
    }

    /// Returns at once, or never before the connection is cut.
    func pass(_ exchange: Exchange) async throws {
        while isHanging { try await exchange.pause(milliseconds: 86_400_000) }
    }
}
