extension HTTPDrive {
    /// Names the account whose login is stored at `path`, in characters fit for a file name; `nil` where no login is
    /// stored or its token names nobody. Two profiles of one account have the same tag.
    public static func accountTag(at path: String) async -> String? {
        let content = await Disk.run { TokenFile(path: path).read() }
        switch content {
        case .login(let login): return login.subject.flatMap(tag)
        case .none, .unreadable: return nil
        }
    }

    private static func tag(_ subject: String) -> String? {
        let bytes = Array(subject.utf8.prefix(64))
        if bytes.isEmpty { return nil }
        let plain = Set("0123456789abcdefghijklmnopqrstuvwxyz".utf8)
        if bytes.allSatisfy(plain.contains) { return String(decoding: bytes, as: UTF8.self) }
        return "x" + bytes.map { String($0, radix: 16) }.joined(separator: "-")
    }
}
