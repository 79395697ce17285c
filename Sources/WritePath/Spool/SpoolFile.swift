import Basics
import CLibc
import Glibc
import Synchronization

/// The bytes of one draft on the local disk. Opened at first use and closed when nobody uses it, so that thousands may
/// wait in line.
///
/// Calls block for the disk. May be used from any thread; whoever writes and reads the same bytes at once gets either.
final class SpoolFile: Sendable {
    private struct State {
        var data: Int32 = -1
        var ranges: Int32 = -1
        var users = 0
        /// Its names in the folder may not be on the disk yet.
        var hasNewNames = false
    }

    let path: String
    private let state = Mutex(State())

    init(path: String) { self.path = path }

    private var dataPath: String { path + ".data" }
    private var rangesPath: String { path + ".ranges" }

    /// Keeps the file open from here to `release`.
    func retain() { state.withLock { $0.users += 1 } }

    func release() {
        state.withLock { state in
            state.users -= 1
            guard state.users == 0 else { return }
            if state.data >= 0 { close(state.data) }
            if state.ranges >= 0 { close(state.ranges) }
            state.data = -1
            state.ranges = -1
        }
    }

    /// Makes it, empty; whatever was there under its name is gone.
    func create() throws(SpoolError) {
        let fd = open(dataPath, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard fd >= 0 else { throw SpoolError("cannot make a file in the spool", code: errno) }
        close(fd)
        state.withLock { $0.hasNewNames = true }
        if unlink(rangesPath) != 0, errno != ENOENT {
            throw SpoolError("cannot remove an old log of the spool", code: errno)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SpoolError) {
        try using { (fd) throws(SpoolError) in
            var done = 0
            while done < bytes.count {
                let count = pwrite(fd, bytes.baseAddress! + done, bytes.count - done, Int(offset) + done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw SpoolError("cannot write to the spool", code: count < 0 ? errno : EIO) }
                done += count
            }
        }
    }

    /// Fills `buffer` whole; what lies beyond the end of the file is zeros.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SpoolError) {
        try using { (fd) throws(SpoolError) in
            var done = 0
            while done < buffer.count {
                let count = pread(fd, buffer.baseAddress! + done, buffer.count - done, Int(offset) + done)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw SpoolError("cannot read the spool", code: errno) }
                if count == 0 { break }
                done += count
            }
            UnsafeMutableRawBufferPointer(rebasing: buffer[done...]).initializeMemory(as: UInt8.self, repeating: 0)
        }
    }

    func setSize(_ size: Int64) throws(SpoolError) {
        try using { (fd) throws(SpoolError) in
            if ftruncate(fd, Int(size)) != 0 { throw SpoolError("cannot resize a file of the spool", code: errno) }
        }
    }

    /// Frees the range's room; it reads as zeros.
    func punch(_ range: ByteRange) throws(SpoolError) {
        try using { (fd) throws(SpoolError) in
            let mode = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE
            if fallocate(fd, mode, Int(range.lower), Int(range.count)) != 0 {
                throw SpoolError("cannot punch a hole into the spool", code: errno)
            }
        }
    }

    /// Takes room for the range now, so that writes to it cannot fail for want of room.
    func reserve(_ range: ByteRange) throws(SpoolError) {
        try using { (fd) throws(SpoolError) in
            if fallocate(fd, FALLOC_FL_KEEP_SIZE, Int(range.lower), Int(range.count)) != 0, errno != EOPNOTSUPP {
                throw SpoolError("cannot reserve room in the spool", code: errno)
            }
        }
    }

    /// The next offset from `offset` on that holds data, or a hole; `nil` when there is no more.
    func seek(forData: Bool, from offset: Int64) throws(SpoolError) -> Int64? {
        try using { (fd) throws(SpoolError) in
            let found = lseek(fd, Int(offset), forData ? CLIBC_SEEK_DATA : CLIBC_SEEK_HOLE)
            if found >= 0 { return Int64(found) }
            if errno == ENXIO { return nil }
            throw SpoolError("cannot search the spool", code: errno)
        }
    }

    /// The bytes are on the disk when this returns.
    func synchronize() throws(SpoolError) {
        try using { (fd) throws(SpoolError) in
            if fsync(fd) != 0 { throw SpoolError("cannot sync the spool", code: errno) }
        }
    }

    /// The log is on the disk when this returns, if there is one.
    func synchronizeLog() throws(SpoolError) {
        let fd = open(rangesPath, O_RDONLY | O_CLOEXEC)
        if fd < 0, errno == ENOENT { return }
        guard fd >= 0 else { throw SpoolError("cannot open a log of the spool", code: errno) }
        defer { close(fd) }
        if fsync(fd) != 0 { throw SpoolError("cannot sync the spool", code: errno) }
    }

    /// Whether the folder must be synced for its names; says so once.
    func takeNewNames() -> Bool {
        state.withLock { state in
            defer { state.hasNewNames = false }
            return state.hasNewNames
        }
    }

    /// The folder could not be synced.
    func keepNewNames() { state.withLock { $0.hasNewNames = true } }

    /// Size, time of the last change, and bytes that it takes on the disk; `nil` when it is not there.
    func facts() throws(SpoolError) -> (size: Int64, modified: UnixTime, onDisk: Int64)? {
        var found = stat()
        if stat(dataPath, &found) != 0 {
            if errno == ENOENT { return nil }
            throw SpoolError("cannot look at a file of the spool", code: errno)
        }
        let modified = UnixTime(seconds: Int64(found.st_mtim.tv_sec), nanoseconds: Int32(found.st_mtim.tv_nsec))
        return (Int64(found.st_size), modified, Int64(found.st_blocks) * 512)
    }

    func setModified(_ time: UnixTime) throws(SpoolError) {
        try using { (fd) throws(SpoolError) in
            let omitted = timespec(tv_sec: 0, tv_nsec: CLIBC_UTIME_OMIT)
            let wanted = timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
            if futimens(fd, [omitted, wanted]) != 0 { throw SpoolError("cannot set a time in the spool", code: errno) }
        }
    }

    func remove() throws(SpoolError) {
        for path in [dataPath, rangesPath] where unlink(path) != 0 && errno != ENOENT {
            throw SpoolError("cannot remove a file of the spool", code: errno)
        }
    }

    private func using<T>(_ body: (Int32) throws(SpoolError) -> T) throws(SpoolError) -> T {
        let (fd, code) = state.withLock { state -> (Int32, Int32) in
            state.users += 1
            if state.data < 0 { state.data = open(dataPath, O_RDWR | O_CLOEXEC) }
            return (state.data, errno)
        }
        defer { release() }
        guard fd >= 0 else { throw SpoolError("cannot open a file of the spool", code: code) }
        return try body(fd)
    }
}

// The log of what is here, next to the data: sixteen bytes an entry, appended after the data it tells of.
extension SpoolFile {
    enum RangeEntry: Equatable {
        case present(ByteRange)
        /// The stored object counts up to here only.
        case baseEnd(Int64)
    }

    func append(_ entry: RangeEntry) throws(SpoolError) {
        let (fd, code) = state.withLock { state -> (Int32, Int32) in
            state.users += 1
            if state.ranges < 0 {
                state.ranges = open(rangesPath, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
                let end = state.ranges < 0 ? 0 : lseek(state.ranges, 0, SEEK_END)
                if end == 0 { state.hasNewNames = true }
                // Half an entry of an earlier life would put all later ones out of step.
                if end % 16 != 0, ftruncate(state.ranges, end - end % 16) != 0 {
                    close(state.ranges)
                    state.ranges = -1
                }
            }
            return (state.ranges, errno)
        }
        defer { release() }
        guard fd >= 0 else { throw SpoolError("cannot open a log of the spool", code: code) }
        let (first, second): (Int64, Int64) =
            switch entry {
            case .present(let range): (range.lower, range.upper)
            case .baseEnd(let end): (-1, end)
            }
        let words = [first.littleEndian, second.littleEndian]
        let count = words.withUnsafeBytes { Glibc.write(fd, $0.baseAddress!, $0.count) }
        // Half an entry would put all later ones out of step.
        if count > 0, count < 16 { _ = ftruncate(fd, lseek(fd, 0, SEEK_END) - count) }
        if count != 16 { throw SpoolError("cannot write a log of the spool", code: count < 0 ? errno : ENOSPC) }
    }

    /// All whole entries in their order; half a one at the end is of a write that nobody was told of.
    func entries() throws(SpoolError) -> [RangeEntry] {
        let fd = open(rangesPath, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else {
            if errno == ENOENT { return [] }
            throw SpoolError("cannot open a log of the spool", code: errno)
        }
        defer { close(fd) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(fd, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SpoolError("cannot read a log of the spool", code: errno) }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return stride(from: 0, to: bytes.count - bytes.count % 16, by: 16).compactMap { at in
            let (first, second) = bytes.withUnsafeBytes {
                (
                    Int64(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: Int64.self)),
                    Int64(littleEndian: $0.loadUnaligned(fromByteOffset: at + 8, as: Int64.self))
                )
            }
            if first == -1, second >= 0 { return .baseEnd(second) }
            return first >= 0 && second >= first ? .present(ByteRange(first, second)) : nil
        }
    }
}
