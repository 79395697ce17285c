import Glibc
import Synchronization

/// A file of a few kilobytes that processes share, each change made whole under an flock.
///
/// The lock is held for one read and one write of the page cache: microseconds. It is never waited for: a caller who
/// finds it taken tries a few times and then comes back later, so nothing here blocks a thread.
final class SharedFile: Sendable {
    private let descriptor: Int32
    private let length: Int
    /// Threads of one process share the descriptor, and so the flock: they take turns here.
    private let turn = Mutex(())
    private let broken = Atomic(false)

    /// Reading or writing failed: the file is no use any more.
    var isBroken: Bool { broken.load(ordering: .relaxed) }

    init(path: String, length: Int) throws(FileFault) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFault("open", path) }
        self.length = length
        // Room now, so that a full disk does not matter later.
        errno = posix_fallocate(descriptor, 0, off_t(length))
        // What is thrown here runs `deinit`, which closes.
        guard errno == 0 else { throw FileFault("reserve", path) }
    }

    deinit { close(descriptor) }

    /// Lets `change` look at the bytes and alter them; `nil` when another process holds the lock right now, or when
    /// the file turned out broken.
    func update<Outcome>(_ change: (inout [UInt8]) -> Outcome) -> Outcome? {
        turn.withLock { _ -> Outcome? in
            guard lock() else { return nil }
            defer { flock(descriptor, LOCK_UN) }
            var bytes = [UInt8](repeating: 0, count: length)
            guard pread(descriptor, &bytes, length, 0) == length else {
                broken.store(true, ordering: .relaxed)
                return nil
            }
            let before = bytes
            let outcome = change(&bytes)
            guard bytes != before else { return outcome }
            guard pwrite(descriptor, bytes, length, 0) == length else {
                broken.store(true, ordering: .relaxed)
                return nil
            }
            return outcome
        }
    }

    private func lock() -> Bool {
        for _ in 0..<50 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            sched_yield()
        }
        return false
    }
}

/// A file operation that failed: which, on what, and the system's words.
struct FileFault: Error, Hashable {
    let what: String
    let number: Int32

    init(_ operation: String, _ path: String) {
        number = errno
        what = "\(operation) \(path): \(String(cString: strerror(number)))"
    }
}
