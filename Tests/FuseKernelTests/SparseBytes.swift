import Basics

/// The bytes of a file with holes, in blocks.
struct SparseBytes: Sendable {
    static let blockBytes: Int64 = 4096

    private(set) var size: Int64 = 0
    private var blocks: [Int64: [UInt8]] = [:]

    mutating func resize(to newSize: Int64) {
        if newSize < size { clear(ByteRange(newSize, size)) }
        size = newSize
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        size = max(size, offset + Int64(bytes.count))
        for piece in Self.pieces(ByteRange(offset, offset + Int64(bytes.count))) {
            let from = Int(piece.start - offset)
            let source = UnsafeRawBufferPointer(rebasing: bytes[from..<from + piece.within.count])
            blocks[piece.block, default: Self.emptyBlock].replaceSubrange(piece.within, with: source)
        }
    }

    /// Fills what lies before the end; returns how much that is.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int {
        let range = ByteRange(offset, offset + Int64(buffer.count)).clamped(to: size)
        for piece in Self.pieces(range) {
            let from = Int(piece.start - range.lower)
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[from..<from + piece.within.count])
            target.copyBytes(from: (blocks[piece.block] ?? Self.emptyBlock)[piece.within])
        }
        return Int(range.count)
    }

    /// Reads as zeros afterwards; whole blocks become holes.
    mutating func clear(_ range: ByteRange) {
        for piece in Self.pieces(range.clamped(to: size)) {
            if piece.within.count == Int(Self.blockBytes) {
                blocks[piece.block] = nil
            } else if blocks[piece.block] != nil {
                blocks[piece.block]?.replaceSubrange(piece.within, with: repeatElement(0, count: piece.within.count))
            }
        }
    }

    /// The next offset that is data (or, a hole), if there is one before the end.
    func next(isData: Bool, from offset: Int64) -> Int64? {
        var position = offset
        while position < size {
            if (blocks[position / Self.blockBytes] != nil) == isData { return position }
            position = (position / Self.blockBytes + 1) * Self.blockBytes
        }
        return nil
    }

    private static let emptyBlock = [UInt8](repeating: 0, count: Int(blockBytes))

    private struct Piece {
        var block: Int64
        var within: Range<Int>
        var start: Int64
    }

    private static func pieces(_ range: ByteRange) -> [Piece] {
        guard !range.isEmpty else { return [] }
        return (range.lower / blockBytes...(range.upper - 1) / blockBytes).map { block in
            let start = max(range.lower, block * blockBytes)
            let end = min(range.upper, (block + 1) * blockBytes)
            return Piece(
                block: block, within: Int(start - block * blockBytes)..<Int(end - block * blockBytes), start: start)
        }
    }
}
