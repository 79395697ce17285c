import FoundationEssentials
import Glibc

/// The file of the login: mode 0600, replaced whole, synced before anybody may rely on it. All functions block on
/// the disk: call them off the cooperative pool.
struct TokenFile: Sendable {
    enum Content: Sendable {
        case none
        case login(StoredLogin)
        /// There is a file, but it is none of ours.
        case unreadable(String)
    }

    /// Tells whether the file has changed, cheaply.
    struct Stamp: Hashable, Sendable {
        fileprivate var inode: UInt64
        fileprivate var size: Int64
        fileprivate var seconds: Int
        fileprivate var nanoseconds: Int
    }

    private static let longest = 64 * 1_024
    /// More than any login takes.
    private static let reserve = 16 * 1_024

    let path: String
    private var temporary: String { path + ".new" }

    init(path: String) { self.path = path }

    func read() -> Content {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            return errno == ENOENT ? .none : .unreadable(FileFault("open", path).what)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.longest)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress! + length, $0.count - length)
            }
            if count < 0 { return .unreadable(FileFault("read", path).what) }
            if count == 0 { break }
            length += count
        }
        do {
            return .login(try JSONDecoder().decode(StoredLogin.self, from: Data(bytes[..<length])))
        } catch {
            return .unreadable("\(path) is not a token file")
        }
    }

    /// Where nothing can be said, `nil`.
    func stamp() -> Stamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Stamp(
            inode: UInt64(status.st_ino), size: Int64(status.st_size), seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec)
    }

    /// Makes sure that `write` will find room, before a token is spent on the assumption that it can be saved.
    func prepare() throws(FileFault) {
        let descriptor = try openTemporary()
        defer { close(descriptor) }
        let status = posix_fallocate(descriptor, 0, off_t(Self.reserve))
        guard status == 0 else {
            errno = status
            throw FileFault("reserve", temporary)
        }
        guard fsync(descriptor) == 0 else { throw FileFault("fsync", temporary) }
    }

    /// Replaces the file: when this returns, the login survives a power cut.
    func write(_ login: StoredLogin) throws(FileFault) {
        let bytes: [UInt8]
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            bytes = Array(try encoder.encode(login)) + [UInt8(ascii: "\n")]
        } catch {
            errno = EINVAL
            throw FileFault("encode", path)
        }
        do {
            let descriptor = try openTemporary()
            defer { close(descriptor) }
            var offset = 0
            while offset < bytes.count {
                let count = bytes.withUnsafeBytes {
                    pwrite(descriptor, $0.baseAddress! + offset, bytes.count - offset, off_t(offset))
                }
                guard count > 0 else { throw FileFault("write", temporary) }
                offset += count
            }
            guard ftruncate(descriptor, off_t(bytes.count)) == 0 else { throw FileFault("truncate", temporary) }
            guard fsync(descriptor) == 0 else { throw FileFault("fsync", temporary) }
        }
        guard rename(temporary, path) == 0 else { throw FileFault("rename", temporary) }
        try syncFolder()
    }

    private func openTemporary() throws(FileFault) -> Int32 {
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileFault("open", temporary) }
        // A left-over of another umask must not stay readable.
        guard fchmod(descriptor, 0o600) == 0 else {
            defer { close(descriptor) }
            throw FileFault("chmod", temporary)
        }
        return descriptor
    }

    private func syncFolder() throws(FileFault) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFault("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileFault("fsync", folder) }
    }
}
