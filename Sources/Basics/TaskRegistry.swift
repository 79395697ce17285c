import Synchronization

/// The unstructured tasks of one owner, so that its end can be the end of all of them.
///
/// May be used from any thread.
public final class TaskRegistry: Sendable {
    private struct State {
        var nextID = 0
        var tasks: [Int: Task<Void, Never>] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Runs `work` in a task of its own; not at all once the registry is closed.
    public func spawn(_ work: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            if state.isClosed { return }
            state.nextID += 1
            let id = state.nextID
            state.tasks[id] = Task {
                await work()
                self.ended(id)
            }
        }
    }

    /// Cancels all tasks and returns when they have ended.
    public func close() async {
        let tasks = state.withLock { state in
            state.isClosed = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    private func ended(_ id: Int) { state.withLock { $0.tasks[id] = nil } }
}
