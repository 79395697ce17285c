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
        let isPlain = bytes.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        }
        if bytes.isEmpty { return nil }
        return isPlain ? String(decoding: bytes, as: UTF8.self) : "x" + bytes.map { String($0, radix: 16) }.joined(separator: "-")
    }
}
