import Synchronization
import VFS

/// Errors in the middle of a listing. The entries before them are answered first, as they are credited already; the
/// error answers the call that continues right there.
final class HeldErrors: Sendable {
    private struct Held {
        var cookie: DirectoryCookie
        var error: FSError
    }

    /// At most one for each open folder; they go with its handle.
    private let state = Mutex<[DirectoryHandle: Held]>([:])

    func hold(_ error: FSError, for handle: DirectoryHandle, after cookie: DirectoryCookie) {
        state.withLock { $0[handle] = Held(cookie: cookie, error: error) }
    }

    /// The error that this call has to answer. Any call on the handle clears it, also one from another place.
    func take(_ handle: DirectoryHandle, at cookie: DirectoryCookie) -> FSError? {
        let held = state.withLock { $0.isEmpty ? nil : $0.removeValue(forKey: handle) }
        return held?.cookie == cookie ? held?.error : nil
    }

    func release(_ handle: DirectoryHandle) { state.withLock { _ = $0.removeValue(forKey: handle) } }
}
