import Basics
import Glibc

/// A lock between processes, held through a file; the kernel frees it when its holder dies.
enum FileLock {
    /// Runs `body` while holding the lock; `nil` when the lock was not free by `deadline` or the task was cancelled
    /// before. No thread is blocked by waiting.
    static func holding<Outcome>(
        _ path: String, time: any TimeSource, until deadline: Moment, _ body: () async -> Outcome
    ) async throws(FileFault) -> Outcome? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFault("open", path) }
        // Closing alone would leave it locked while a child that is being started has a copy of the descriptor.
        defer {
            flock(descriptor, LOCK_UN)
            close(descriptor)
        }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw FileFault("lock", path) }
            guard time.now() < deadline else { return nil }
            do {
                try await time.sleep(for: .milliseconds(50))
            } catch {
                return nil
            }
        }
        return await body()
    }
}
