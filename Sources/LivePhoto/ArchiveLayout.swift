import Basics
import Drive

/// A live photo as an uncompressed ZIP, laid out from the sizes of its streams alone: every byte's place is known
/// before a byte is fetched.
///
/// The size follows the formula of contract 6.6: per part a local header (30 bytes and the name), the bytes, and a
/// central header (46 bytes and the name); then 22 bytes of end record.
public struct ArchiveLayout: Hashable, Sendable {
    public struct Part: Hashable, Sendable {
        public let stream: StreamInfo
        /// The entry's name inside the archive.
        public let name: [UInt8]
        /// Where its local header starts.
        public let headerOffset: Int64
        /// Where its bytes lie in the archive.
        public let range: ByteRange
    }

    /// A stretch of the archive: either bytes made here or bytes of a stream.
    public enum Segment: Hashable, Sendable {
        case made([UInt8])
        case stream(StreamInfo, ByteRange)
    }

    public let parts: [Part]
    /// Exact length of the archive.
    public let size: Int64

    /// `nil` for what is no live photo, and for streams that a ZIP without 64-bit extensions cannot hold.
    public init?(photo: DriveFile) {
        guard let stem = LivePhotoViews.stem(of: photo.name), !photo.streams.isEmpty else { return nil }
        var offset: Int64 = 0
        var parts: [Part] = []
        for stream in photo.streams {
            let name = stem + [UInt8(ascii: ".")] + Array(stream.name.utf8)
            let start = offset + 30 + Int64(name.count)
            guard name.count < 0xFFFF, start < 0xFFFF_FFFF, (0..<0xFFFF_FFFF).contains(stream.size) else { return nil }
            parts.append(
                Part(
                    stream: stream, name: name, headerOffset: offset,
                    range: ByteRange(start, start + stream.size)))
            offset = start + stream.size
        }
        let directory = parts.reduce(Int64(0)) { $0 + 46 + Int64($1.name.count) }
        guard offset + directory < 0xFFFF_FFFF else { return nil }
        self.parts = parts
        size = offset + directory + 22
    }

    /// What lies in `range` of the archive, in order. Headers carry the checksums of the parts, so those must be
    /// known unless the range holds nothing but bytes of streams (`needsChecksums`).
    ///
    /// - Parameter checksums: the CRC-32 of each part, in the order of `parts`.
    public func segments(of range: ByteRange, checksums: [UInt32]?) -> [Segment] {
        let range = range.clamped(to: size)
        var segments: [Segment] = []
        var position: Int64 = 0
        func add(_ length: Int64, _ make: (ByteRange) -> Segment) {
            let lower = max(range.lower, position)
            let upper = min(range.upper, position + length)
            if lower < upper { segments.append(make(ByteRange(lower - position, upper - position))) }
            position += length
        }
        func addMade(_ bytes: [UInt8]) {
            add(Int64(bytes.count)) { .made(Array(bytes[Int($0.lower)..<Int($0.upper)])) }
        }
        for (index, part) in parts.enumerated() {
            addMade(localHeader(of: part, checksum: checksums?[index] ?? 0))
            add(part.range.count) { .stream(part.stream, $0) }
        }
        addMade(directory(checksums: checksums ?? Array(repeating: 0, count: parts.count)))
        return segments
    }

    /// Whether `range` holds a header, which cannot be made without the parts' checksums.
    public func needsChecksums(_ range: ByteRange) -> Bool {
        let range = range.clamped(to: size)
        return !range.isEmpty && !parts.contains { $0.range.lower <= range.lower && range.upper <= $0.range.upper }
    }

    private func localHeader(of part: Part, checksum: UInt32) -> [UInt8] {
        var header = LittleEndian()
        header.append(UInt32(0x0403_4B50))
        header.append(common(part, checksum: checksum))
        header.append(part.name)
        return header.bytes
    }

    private func directory(checksums: [UInt32]) -> [UInt8] {
        var directory = LittleEndian()
        for (part, checksum) in zip(parts, checksums) {
            directory.append(UInt32(0x0201_4B50))
            directory.append(UInt16(20))  // made by: 2.0, no file attributes
            directory.append(common(part, checksum: checksum))
            directory.append([UInt8](repeating: 0, count: 10))  // comment, disk, attributes
            directory.append(UInt32(part.headerOffset))
            directory.append(part.name)
        }
        let length = directory.bytes.count
        directory.append(UInt32(0x0605_4B50))
        directory.append([UInt8](repeating: 0, count: 4))  // this is disk 0, as is the directory's
        directory.append(UInt16(parts.count))
        directory.append(UInt16(parts.count))
        directory.append(UInt32(length))
        directory.append(UInt32(parts.last.map { $0.range.upper } ?? 0))
        directory.append(UInt16(0))
        return directory.bytes
    }

    /// The 26 bytes that local and central headers share: version 2.0, UTF-8 names, stored, 1980-01-01.
    private func common(_ part: Part, checksum: UInt32) -> [UInt8] {
        var fields = LittleEndian()
        fields.append(UInt16(20))
        fields.append(UInt16(1 << 11))
        fields.append(UInt16(0))
        fields.append(UInt16(0))
        fields.append(UInt16(1 << 5 | 1))
        fields.append(checksum)
        fields.append(UInt32(part.stream.size))
        fields.append(UInt32(part.stream.size))
        fields.append(UInt16(part.name.count))
        fields.append(UInt16(0))
        return fields.bytes
    }
}

private struct LittleEndian {
    var bytes: [UInt8] = []

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }
}
