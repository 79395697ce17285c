import NIOCore
import NIOPosix
import Synchronization

/// The one state, the clock, and the threads on which endpoints run.
///
/// Endpoints are plain functions on `State`. They run on a thread pool, so they may wait for the lock and touch files.
final class World: Sendable {
    let configuration: Configuration
    let time: EmulatorTime
    let pool: NIOThreadPool
    private let store: Store?
    private let state: Mutex<State>
    private let setupBox: Mutex<Setup>

    init(configuration: Configuration, pool: NIOThreadPool, files: ContentFiles, store: Store?, state: sending State) {
        self.configuration = configuration
        time = configuration.time
        self.pool = pool
        self.store = store
        self.state = Mutex(state)
        setupBox = Mutex(Setup(configuration: configuration, files: files, apiURL: "", linkURL: ""))
    }

    var setup: Setup {
        get { setupBox.withLock { $0 } }
        set { setupBox.withLock { $0 = newValue } }
    }

    /// Runs `body` with the state, work that is due done first, changes written to the store after.
    func with<Result: Sendable>(_ body: (inout sending State, Milliseconds) throws -> Result) rethrows -> Result {
        let now = time.now()
        return try state.withLock { state in
            state.settle(now: now)
            defer { keepChanges(of: &state) }
            return try body(&state, now)
        }
    }

    private func keepChanges(of state: inout State) {
        if let store { return store.save(&state) }
        state.tokens.changed = []
        state.uploads.changed = []
    }

    func closeStore() { store?.close() }

    /// The same from asynchronous code, on the pool.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable (inout sending State, Milliseconds) throws -> Result
    ) async throws -> Result {
        try await pool.runIfActive { try self.with(body) }
    }
}

extension State {
    /// Does what has become due: work in the background, and changes that were not visible yet.
    mutating func settle(now: Milliseconds) {
        ghosts.settle(now: now)
        settleTasks(now: now)
    }
}
