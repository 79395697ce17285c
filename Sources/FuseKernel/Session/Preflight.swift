import Glibc

/// The text of an errno. glibc's strerror is safe on any thread since 2.32.
func errorText(_ errno: Int32) -> String { String(cString: strerror(errno)) }

/// Looks for what commonly stands in the way of a mount, so that the user hears about it in plain words; libfuse
/// would only say that it failed.
enum Preflight {
    /// Returns the mount point's absolute path: the process may change its folder while it is mounted.
    static func check(_ mountPoint: String, _ options: FuseOptions) throws(MountError) -> String {
        try checkMountPoint(mountPoint)
        try checkDevice()
        guard let resolved = realpath(mountPoint, nil) else {
            throw .mountPointNotAccessible(mountPoint, errno: errno)
        }
        defer { free(resolved) }
        if geteuid() != 0 { try checkHelper(mountPoint, options) }
        return String(cString: resolved)
    }

    /// What fusermount3 asks for, which mounts for everybody but root.
    private static func checkHelper(_ mountPoint: String, _ options: FuseOptions) throws(MountError) {
        guard hasHelper() else { throw .helperMissing }
        guard access(mountPoint, W_OK) == 0 else { throw .mountPointNotAccessible(mountPoint, errno: errno) }
        if options.access != .ownerOnly, !configurationAllowsSharing(readFile("/etc/fuse.conf")) {
            throw .sharingNotAllowed
        }
    }

    private static func checkMountPoint(_ path: String) throws(MountError) {
        var answer = stat()
        guard stat(path, &answer) != 0 else {
            if answer.st_mode & S_IFMT != S_IFDIR { throw .mountPointNotADirectory(path) }
            return
        }
        switch errno {
        case ENOENT: throw .mountPointMissing(path)
        case ENOTDIR: throw .mountPointNotADirectory(path)
        case ENOTCONN, ECONNABORTED: throw .mountPointDead(path)
        case let code: throw .mountPointNotAccessible(path, errno: code)
        }
    }

    private static func checkDevice() throws(MountError) {
        let descriptor = open("/dev/fuse", O_RDWR | O_CLOEXEC)
        guard descriptor < 0 else {
            close(descriptor)
            return
        }
        switch errno {
        case ENOENT, ENODEV, ENXIO: throw .deviceMissing
        case let code: throw .deviceNotAccessible(errno: code)
        }
    }

    private static func hasHelper() -> Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders = ["/usr/bin", "/bin"] + path.split(separator: ":").map(String.init)
        return folders.contains { access("\($0)/fusermount3", X_OK) == 0 }
    }

    /// Whether the text of fuse.conf has the line `user_allow_other`.
    static func configurationAllowsSharing(_ text: String) -> Bool {
        text.split(whereSeparator: \.isNewline).contains { line in
            line.split(whereSeparator: \.isWhitespace).first == "user_allow_other"
        }
    }

    /// The first 64 KiB of a small file; empty when it cannot be read, which is what its absence means here.
    private static func readFile(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}
