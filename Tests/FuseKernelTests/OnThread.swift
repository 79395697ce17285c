@testable import FuseKernel

/// Runs `body` on a thread of its own, where it may block, and returns what it returns.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        let thread = OwnThread.start("test") { continuation.resume(returning: body()) }
        precondition(thread != nil, "the system gives a test another thread")
        thread?.detach()
    }
}
