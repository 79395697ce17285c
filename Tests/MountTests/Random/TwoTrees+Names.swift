import Glibc

// Operations on names.
extension TwoTrees {
    func makeFolder() throws {
        let path = path()
        let mode = mode_t(choice([0o755, 0o700, 0o777]))
        try onPath("mkdir", path) { mkdir($0, mode) }
    }

    func makeLink() throws {
        let path = path()
        let target = choice(["a", "b/c", "./a", "nowhere", String(repeating: "t", count: 300), path])
        try onPath("symlink \(target)", path) { symlink(target, $0) }
    }

    func makeNode() throws {
        let path = path()
        try onPath("mknod", path) { mknod($0, S_IFREG | 0o640, 0) }
    }

    func remove() throws { try onPath("unlink", path()) { unlink($0) } }
    func removeFolder() throws { try onPath("rmdir", path()) { rmdir($0) } }
    func changeMode() throws {
        let mode = mode_t(choice([0o600, 0o644, 0o755, 0o777, 0o640]))
        try onPath("chmod \(String(mode, radix: 8))", path()) { chmod($0, mode) }
    }

    func changeOwner() throws {
        guard geteuid() == 0 else { return }
        let (user, group) = (uid_t(choice([0, 7])), gid_t(choice([0, 8])))
        try onPath("lchown \(user):\(group)", path()) { lchown($0, user, group) }
    }

    func setTimes() throws {
        let times = (0..<2).map { _ in
            timespec(tv_sec: number(1...Self.setTimesEnd - 1), tv_nsec: number(0...999_999_999))
        }
        try onPath("utimens \(times[1].tv_sec).\(times[1].tv_nsec)", path()) {
            utimensat(AT_FDCWD, $0, times, AT_SYMLINK_NOFOLLOW)
        }
    }

    func truncatePath() throws {
        let size = offset()
        let path = path()
        var before = stat()
        // Whether the same size again counts as a change differs among filesystems.
        guard stat("\(root(.reference))/\(path)", &before) != 0 || before.st_size != size else { return }
        try onPath("truncate \(size)", path) { truncate($0, size) }
    }

    /// A hard link is refused; the reference makes one, and takes it back.
    func link() throws {
        let (old, new) = (path(), path())
        try both("link \(old) \(new)") { side in
            let place = "\(root(side))/\(new)"
            let came = Came(Glibc.link("\(root(side))/\(old)", place))
            guard side == .reference, came == .number(0) else { return came }
            return unlink(place) == 0 ? .failed(EPERM) : .failed(errno)
        }
    }

    func rename() throws {
        let (old, new) = (path(), path())
        let flags = UInt32(choice([0, 0, 0, 1, 2]))
        let came = try both("rename(\(flags)) \(old) \(new)") { side in
            Call.rename("\(root(side))/\(old)", "\(root(side))/\(new)", flags: flags)
        }
        if came == .number(0) { noteKnown(new) }
        try compareStatus(old)
        try compareStatus(new)
    }

    func changeAttribute() throws {
        guard hasAttributes else { return }
        let (path, name) = (path(), choice(Self.attributes))
        var kind = stat()
        // Links have none.
        if lstat("\(root(.reference))/\(path)", &kind) == 0, kind.st_mode & S_IFMT == S_IFLNK { return }
        if chance(30) {
            try both("removexattr \(path) \(name)") { side in Call.removeAttribute("\(root(side))/\(path)", name) }
        } else {
            let (value, flags) = (bytes(number(0...200)), Int32(choice([0, 0, 1, 2])))
            try both("setxattr(\(flags)) \(path) \(name)") { side in
                Call.setAttribute("\(root(side))/\(path)", name, value, flags: flags)
            }
        }
        try both("getxattr \(path) \(name)") { side in Call.attribute("\(root(side))/\(path)", name) }
    }

    /// The names in a folder.
    func list() throws {
        let path = chance(30) ? "." : path()
        try both("list \(path)") { side in Self.names(in: "\(root(side))/\(path)") }
    }

    static func names(in folder: String) -> Came {
        guard let stream = opendir(folder) else { return .failed(errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let kind = entry.pointee.d_type
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append("\(kind):\(name)") }
        }
        return .text(names.sorted().joined(separator: "/"))
    }

    private func onPath(_ what: String, _ path: String, _ call: (String) -> Int32) throws {
        let came = try both("\(what) \(path)") { side in Came(call("\(root(side))/\(path)")) }
        if came == .number(0) { noteKnown(path) }
        try compareStatus(path)
    }
}

// Everything at once.
extension TwoTrees {
    /// Compares the whole trees with all contents.
    func compareAll() throws {
        try compareFolder("")
    }

    private func compareFolder(_ path: String) throws {
        let place = path.isEmpty ? "." : path
        let came = try both("list \(place)") { side in Self.names(in: "\(root(side))/\(place)") }
        guard case .text(let names) = came else { return }
        for item in names.split(separator: "/") {
            let name = item.drop { $0 != ":" }.dropFirst()
            let below = path.isEmpty ? String(name) : "\(path)/\(name)"
            try compareStatus(below, isFull: true)
            if item.hasPrefix("\(DT_DIR):") { try compareFolder(below) }
            if item.hasPrefix("\(DT_REG):") {
                try both("content of \(below)") { side in Self.content("\(root(side))/\(below)") }
            }
        }
    }

    private static func content(_ path: String) -> Came {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failed(errno) }
        defer { close(descriptor) }
        return Call.read(descriptor, 4 << 20, at: 0)
    }
}
