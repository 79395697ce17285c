import CFuse
import Glibc

/// A thread of ours, outside the cooperative pool: it may block. No signal is delivered to it, but the wake-up one
/// where it asks for that.
struct OwnThread: Sendable {
    let id: pthread_t

    private final class Body: Sendable {
        let name: String
        let wakeable: Bool
        let run: @Sendable () -> Void

        init(name: String, wakeable: Bool, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.wakeable = wakeable
            self.run = run
        }
    }

    /// `name` shows in `ps -L` and debuggers; at most 15 bytes. `nil` when the system refuses another thread.
    static func start(_ name: String, wakeable: Bool = false, _ run: @escaping @Sendable () -> Void) -> OwnThread? {
        let body = Unmanaged.passRetained(Body(name: name, wakeable: wakeable, run: run))
        var id = pthread_t()
        let status = pthread_create(&id, nil, { raw in
            guard let raw else { return nil }
            let body = Unmanaged<Body>.fromOpaque(raw).takeRetainedValue()
            cfuse_enter_thread(body.name, body.wakeable)
            body.run()
            return nil
        }, body.toOpaque())
        guard status == 0 else {
            body.release()
            return nil
        }
        return OwnThread(id: id)
    }

    /// Waits for its end. A thread is joined or detached, exactly once.
    func join() { pthread_join(id, nil) }
    func detach() { pthread_detach(id) }
}
