import Crypto
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Synchronization

/// The growing file of one upload. Parts are appended; a part that is not finished leaves nothing behind.
///
/// Of two writers of the same part the later one wins: the earlier one's bytes are dropped and it is told so.
/// Every method may block; call them from the thread pool.
final class UploadFile: Sendable {
    /// Another PUT of this upload has begun since.
    struct Superseded: Error {}

    private struct State {
        var descriptor: Int32
        var stored: Int64
        var storedHash: Insecure.SHA1
        var writer = 0
        var length: Int64 = 0
        var hash = Insecure.SHA1()
        var md5 = Insecure.MD5()
    }

    let path: String
    private let state: Mutex<State>

    /// - Parameter stored: bytes of an earlier run that are kept; they are read once for their hash.
    init(path: String, stored: Int64 = 0) throws(ContentError) {
        self.path = path
        var hash = Insecure.SHA1()
        let old = Content(size: stored, hash: nil, source: .file(path: path))
        var offset: Int64 = 0
        while offset < stored {
            let piece = try old.read(at: offset, count: 1 << 20)
            guard !piece.isEmpty else { throw ContentError(path: path, errno: EIO) }
            hash.update(data: piece)
            offset += Int64(piece.count)
        }
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ContentError(path: path, errno: errno) }
        state = Mutex(State(descriptor: descriptor, stored: stored, storedHash: hash))
    }

    deinit { state.withLock { if $0.descriptor >= 0 { _ = close($0.descriptor) } } }

    /// How many bodies of parts have begun.
    var begun: Int { state.withLock { $0.writer } }

    /// Begins a part behind those that are stored.
    func begin() -> Int {
        state.withLock { state in
            state.writer += 1
            state.length = 0
            state.hash = state.storedHash
            state.md5 = Insecure.MD5()
            return state.writer
        }
    }

    func append(_ bytes: UnsafeRawBufferPointer, writer: Int) throws {
        try state.withLock { state in
            guard state.writer == writer else { throw Superseded() }
            state.hash.update(bufferPointer: bytes)
            state.md5.update(bufferPointer: bytes)
            var done = 0
            while done < bytes.count {
                let offset = off_t(state.stored + state.length)
                let wrote = pwrite(state.descriptor, bytes.baseAddress! + done, bytes.count - done, offset)
                if wrote < 0 && errno == EINTR { continue }
                guard wrote > 0 else { throw ContentError(path: path, errno: errno) }
                done += wrote
                state.length += Int64(wrote)
            }
        }
    }

    /// Keeps the part; answers its size and ETag.
    func commit(writer: Int) throws -> (size: Int64, etag: String) {
        try state.withLock { state in
            guard state.writer == writer else { throw Superseded() }
            let size = state.length
            state.stored += size
            state.storedHash = state.hash
            state.length = 0
            state.writer += 1
            return (size, "\"" + Hex.encode(state.md5.finalize()).uppercased() + "\"")
        }
    }

    /// Ends the upload: cuts off what was not finished, answers size and SHA-1 of the rest.
    func finish() throws(ContentError) -> (size: Int64, hash: ContentHash) {
        let (size, hash, failure) = state.withLock { state -> (Int64, ContentHash, Int32) in
            state.writer += 1
            let failed = ftruncate(state.descriptor, off_t(state.stored)) != 0 ? errno : 0
            return (state.stored, ContentHash(state.storedHash.finalize()), failed)
        }
        if failure != 0 { throw ContentError(path: path, errno: failure) }
        return (size, hash)
    }

    /// Drops everything.
    func discard() {
        state.withLock { $0.writer += 1 }
        unlink(path)
    }
}
