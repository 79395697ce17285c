/// Writes ZIPs byte by byte, right ones and wrong ones. Knows nothing of the code that reads them.
public struct ZipBuilder: Sendable {
    public struct Entry: Sendable {
        public var name: String
        public var bytes: [UInt8]
        /// 0 is stored. Other methods are stated only: the bytes go in as they are.
        public var method: UInt16 = 0
        public var flags: UInt16 = 0
        /// Extra field of the local header, which may differ from the directory's.
        public var localExtra: [UInt8] = []
        public var centralExtra: [UInt8] = []
        /// Stated in place of what is true, in the directory only.
        public var statedSize: UInt32?
        public var statedFullSize: UInt32?
        public var statedOffset: UInt32?
        /// Changes the local header after it was made.
        public var spoilsLocal: @Sendable (inout [UInt8]) -> Void = { _ in }

        public init(_ name: String, _ bytes: [UInt8], change: (inout Entry) -> Void = { _ in }) {
            self.name = name
            self.bytes = bytes
            change(&self)
        }
    }

    public var entries: [Entry]
    public var comment: [UInt8] = []
    /// Between the last entry and the directory.
    public var padding: [UInt8] = []
    public var statedCount: UInt16?
    public var statedDirectorySize: UInt32?
    public var statedDirectoryOffset: UInt32?
    /// Puts the locator of a 64-bit end record before the end record.
    public var hasLocator = false

    public init(_ entries: [Entry], change: (inout ZipBuilder) -> Void = { _ in }) {
        self.entries = entries
        change(&self)
    }

    public var bytes: [UInt8] {
        var body: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let offset = UInt32(body.count)
            body += local(entry) + entry.bytes
            directory += central(entry, offset)
        }
        body += padding
        let start = UInt32(body.count)
        var end = Self.number(0x0605_4B50 as UInt32) + [0, 0, 0, 0]
        let count = statedCount ?? UInt16(entries.count)
        end += Self.number(count) + Self.number(count)
        end += Self.number(statedDirectorySize ?? UInt32(directory.count))
        end += Self.number(statedDirectoryOffset ?? start) + Self.number(UInt16(comment.count)) + comment
        let locator = hasLocator ? Self.number(0x0706_4B50 as UInt32) + [UInt8](repeating: 0, count: 16) : []
        return body + directory + locator + end
    }

    private func local(_ entry: Entry) -> [UInt8] {
        let sizeLater = entry.flags & (1 << 3) != 0
        let size = sizeLater ? 0 : UInt32(entry.bytes.count)
        var header = Self.number(0x0403_4B50 as UInt32) + Self.number(20 as UInt16) + Self.number(entry.flags)
        header += Self.number(entry.method) + [UInt8](repeating: 0, count: 8)
        header += Self.number(size) + Self.number(size) + Self.number(UInt16(entry.name.utf8.count))
        header += Self.number(UInt16(entry.localExtra.count)) + Array(entry.name.utf8)
        entry.spoilsLocal(&header)
        return header + entry.localExtra
    }

    private func central(_ entry: Entry, _ offset: UInt32) -> [UInt8] {
        let size = UInt32(entry.bytes.count)
        var record = Self.number(0x0201_4B50 as UInt32) + Self.number(20 as UInt16) + Self.number(20 as UInt16)
        record += Self.number(entry.flags) + Self.number(entry.method) + [UInt8](repeating: 0, count: 8)
        record += Self.number(entry.statedSize ?? size) + Self.number(entry.statedFullSize ?? entry.statedSize ?? size)
        record += Self.number(UInt16(entry.name.utf8.count)) + Self.number(UInt16(entry.centralExtra.count))
        record += [UInt8](repeating: 0, count: 10) + Self.number(entry.statedOffset ?? offset)
        return record + Array(entry.name.utf8) + entry.centralExtra
    }

    private static func number(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
