import NIOPosix

/// Runs blocking file work on threads made for it, never in the cooperative pool.
enum Disk {
    static func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        do {
            return try await NIOThreadPool.singleton.runIfActive { body() }
        } catch {
            // The pool of the process is never shut down; should it be, the work must still be done.
            return body()
        }
    }
}
