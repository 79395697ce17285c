import Glibc
import Settings
import SystemPackage

/// The mounts this process sees, as `/proc/self/mountinfo` lists them.
public struct MountTable: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public var mountPoint: FilePath
        /// Such as `ext4` or `fuse.aliyunfs`.
        public var type: String
        public var source: String
        /// Of this mount, such as `ro` and `nosuid`.
        public var options: [String]
        /// The minor number of its device, by which the kernel names a FUSE connection.
        public var minor: Int?
    }

    /// The file system type of a mount of ours.
    public static let ourType = "fuse.aliyunfs"

    /// In the kernel's order: of two mounts at one place the later is the one that is seen.
    public let entries: [Entry]

    /// Lines that are not understood are left out: the kernel may add to the format.
    public init(mountinfo: [UInt8]) {
        entries = mountinfo.split(separator: UInt8(ascii: "\n")).compactMap { Self.entry($0) }
    }

    public static func current() throws(Errno) -> MountTable {
        MountTable(mountinfo: try FilePath("/proc/self/mountinfo").readBytes(atMost: 64 << 20))
    }

    public var ours: [Entry] { entries.filter { $0.type == Self.ourType } }

    /// The mount that is seen at exactly this place.
    public func mount(at path: FilePath) -> Entry? { entries.last { $0.mountPoint == path } }

    /// The mount that a path lies in. The path is taken as it is, without asking the disk about links.
    public func mount(containing path: FilePath) -> Entry? {
        let depth = entries.filter { path.starts(with: $0.mountPoint) }.map(\.mountPoint.components.count).max()
        return entries.last { path.starts(with: $0.mountPoint) && $0.mountPoint.components.count == depth }
    }

    /// `36 35 98:0 /root /mount/point rw,noatime shared:1 - ext4 /dev/sda1 rw`
    private static func entry(_ line: ArraySlice<UInt8>) -> Entry? {
        let fields = line.split(separator: UInt8(ascii: " "))
        guard let dash = fields.firstIndex(of: [UInt8(ascii: "-")]), dash >= 6, fields.count > dash + 2,
            let mountPoint = FilePath(bytes: unescaped(fields[4]))
        else { return nil }
        let text = { String(decoding: unescaped($0), as: UTF8.self) }
        return Entry(
            mountPoint: mountPoint, type: text(fields[dash + 1]), source: text(fields[dash + 2]),
            options: text(fields[5]).split(separator: ",").map(String.init),
            minor: text(fields[2]).split(separator: ":").last.flatMap { Int($0) })
    }

    /// The kernel writes space, tab, newline, `#` and backslash as a backslash and three octal digits.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = field
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3,
                digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "7") ~= $0 }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(value)
            rest = rest.dropFirst(3)
        }
        return bytes
    }
}

extension FilePath {
    /// A path of these bytes; nil when a NUL is among them.
    public init?(bytes: [UInt8]) {
        guard !bytes.contains(0) else { return nil }
        self = (bytes + [0]).withUnsafeBytes {
            FilePath(platformString: $0.assumingMemoryBound(to: CChar.self).baseAddress!)
        }
    }

    /// With all symbolic links of the folder it lies in resolved, but not itself: asking a dead mount about itself
    /// fails, asking about its place does not.
    public func placeResolved() -> FilePath? {
        guard let name = lastComponent, let folder = removingLastComponent().resolved() else { return resolved() }
        return folder.appending(name)
    }

    /// With all symbolic links resolved; nil when it does not exist or cannot be asked.
    public func resolved() -> FilePath? {
        withPlatformString { path in
            guard let real = realpath(path, nil) else { return nil }
            defer { free(real) }
            return FilePath(platformString: real)
        }
    }
}
