import Basics

/// One file in a ZIP, as its central directory has it. Everything here was said by somebody else: offsets are inside
/// the archive, nothing more is known.
public struct ZipEntry: Hashable, Sendable {
    public let name: [UInt8]
    /// Stored as it is: neither compressed nor encrypted.
    public let isStored: Bool
    /// Length of its bytes in the archive; the file's own length too where it is stored.
    public let size: Int64
    public let headerOffset: Int64
    /// Where what comes after it starts: its bytes end here at the latest.
    let limit: Int64

    /// Where its local header and name lie.
    var header: ByteRange { ByteRange(headerOffset, headerOffset + 30 + Int64(name.count)) }

    /// Where its bytes lie, by what `header` holds; `nil` when that does not fit what the directory says.
    func range(header bytes: [UInt8]) -> ByteRange? {
        guard bytes.count == 30 + name.count, bytes.uint32(0) == 0x0403_4B50, bytes.uint16(6) & Self.encrypted == 0,
            bytes.uint16(8) == 0, bytes.uint16(26) == name.count, bytes[30...].elementsEqual(name)
        else { return nil }
        // With this bit the sizes come after the bytes.
        let isSizeLater = bytes.uint16(6) & (1 << 3) != 0
        guard isSizeLater || (bytes.uint32(18) == size && bytes.uint32(22) == size) else { return nil }
        let start = header.upper + Int64(bytes.uint16(28))
        return size <= limit - start ? ByteRange(start, start + size) : nil
    }

    /// Encrypted, strongly encrypted, or with its header masked.
    static let encrypted = 1 << 0 | 1 << 6 | 1 << 13
}

/// Reads the directory of a ZIP without the 64-bit extensions, in at most two pieces. A value: it says which bytes it
/// wants next and is given them; it never trusts what they say.
public struct ZipDirectory: Hashable, Sendable {
    public enum Step: Hashable, Sendable {
        /// Wants exactly these bytes of the archive.
        case read(ByteRange)
        /// In the order of the directory. Their headers, names and bytes do not overlap.
        case done([ZipEntry])
        /// No ZIP, damaged, or of a kind that is not read here.
        case refused
    }

    /// The end record with the longest comment.
    static let tailMax: Int64 = 22 + 65_535
    /// A directory that is longer is not read.
    static let directoryMax: Int64 = 1 << 20

    public private(set) var step: Step
    private let size: Int64
    /// Known once the end record is.
    private var end: End?

    /// What the end record says of the directory, checked to lie inside the archive.
    private struct End: Hashable, Sendable {
        var range: ByteRange
        var count: Int
    }

    /// - Parameter size: of the archive, in bytes.
    public init(size: Int64) {
        self.size = size
        step = size >= 22 ? .read(ByteRange(max(0, size - Self.tailMax), size)) : .refused
    }

    /// Takes the bytes that `step` wants.
    public mutating func received(_ bytes: [UInt8]) {
        guard case .read(let range) = step, range.count == bytes.count else {
            step = .refused
            return
        }
        if let end {
            step = Self.entries(bytes, end).map { .done($0) } ?? .refused
            return
        }
        guard let end = Self.end(bytes, at: range.lower) else {
            step = .refused
            return
        }
        self.end = end
        if end.range.lower >= range.lower {
            let here = Int(end.range.lower - range.lower)..<Int(end.range.upper - range.lower)
            step = Self.entries(Array(bytes[here]), end).map { .done($0) } ?? .refused
        } else {
            step = .read(end.range)
        }
    }

    /// The last end record of `tail`, which starts at `offset` of the archive and reaches to its end.
    private static func end(_ tail: [UInt8], at offset: Int64) -> End? {
        let place = (0...tail.count - 22).last { place in
            tail.uint32(place) == 0x0605_4B50 && place + 22 + tail.uint16(place + 20) == tail.count
        }
        guard let place else { return nil }
        let has64Bits = place >= 20 && tail.uint32(place - 20) == 0x0706_4B50
        // One disk only.
        let isWhole = tail.uint32(place + 4) == 0 && tail.uint16(place + 8) == tail.uint16(place + 10)
        let (count, length, start) = (tail.uint16(place + 10), tail.uint32(place + 12), tail.uint32(place + 16))
        guard !has64Bits, isWhole, count < 0xFFFF, (1...directoryMax).contains(length), start < Self.wide,
            start + length <= offset + Int64(place)
        else { return nil }
        return End(range: ByteRange(start, start + length), count: count)
    }

    private static func entries(_ directory: [UInt8], _ end: End) -> [ZipEntry]? {
        var place = 0
        var drafts: [Draft] = []
        while drafts.count < end.count {
            guard let draft = Draft(directory, at: place), draft.end <= end.range.lower else { return nil }
            drafts.append(draft)
            place += draft.length
        }
        // Each ends where the next one starts, the last one at the directory.
        let order = drafts.indices.sorted { drafts[$0].headerOffset < drafts[$1].headerOffset }
        var limits = [Int64](repeating: end.range.lower, count: drafts.count)
        for (index, next) in zip(order, order.dropFirst()) {
            limits[index] = drafts[next].headerOffset
            if drafts[index].end > limits[index] { return nil }
        }
        return zip(drafts, limits).map { draft, limit in
            ZipEntry(
                name: draft.name, isStored: draft.isStored, size: draft.size, headerOffset: draft.headerOffset,
                limit: limit)
        }
    }

    /// What stands for a number that is in the 64-bit extension.
    private static let wide: Int64 = 0xFFFF_FFFF

    /// One record of the directory, not yet compared with the others.
    private struct Draft {
        var name: [UInt8]
        var isStored: Bool
        var size: Int64
        var headerOffset: Int64
        /// Of the record, in bytes.
        var length: Int
        /// Where the entry's bytes end if its local header has no extra field.
        var end: Int64 { headerOffset + 30 + Int64(name.count) + size }

        init?(_ directory: [UInt8], at place: Int) {
            guard place + 46 <= directory.count, directory.uint32(place) == 0x0201_4B50 else { return nil }
            let nameLength = directory.uint16(place + 28)
            length = 46 + nameLength + directory.uint16(place + 30) + directory.uint16(place + 32)
            guard place + length <= directory.count else { return nil }
            name = Array(directory[place + 46..<place + 46 + nameLength])
            size = directory.uint32(place + 20)
            headerOffset = directory.uint32(place + 42)
            let fullSize = directory.uint32(place + 24)
            guard max(size, fullSize, headerOffset) < ZipDirectory.wide, directory.uint16(place + 34) == 0 else {
                return nil
            }
            let isPlain = directory.uint16(place + 8) & ZipEntry.encrypted == 0
            isStored = isPlain && directory.uint16(place + 10) == 0 && size == fullSize
        }
    }
}

extension [UInt8] {
    /// Little-endian. Traps outside, as any access does: whoever asks has looked at the length.
    fileprivate func uint16(_ place: Int) -> Int { Int(self[place]) | Int(self[place + 1]) << 8 }

    fileprivate func uint32(_ place: Int) -> Int64 { Int64(uint16(place)) | Int64(uint16(place + 2)) << 16 }
}
