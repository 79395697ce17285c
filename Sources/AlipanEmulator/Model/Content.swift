import Crypto
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The bytes behind a file. They never change: new bytes are a new item (contract 12.1).
struct Content: Sendable {
    var size: Int64
    /// Nil where nobody has computed it, as for huge made-up content.
    var hash: ContentHash?
    var source: Source

    enum Source: Sendable {
        case inline([UInt8])
        case file(path: String)
        case synthetic(Synthetic)
    }

    static let empty = Content(size: 0, hash: .empty, source: .inline([]))

    init(size: Int64, hash: ContentHash?, source: Source) {
        self.size = size
        self.hash = hash
        self.source = source
    }

    init(bytes: [UInt8]) {
        self.init(
            size: Int64(bytes.count), hash: ContentHash(Insecure.SHA1.hash(data: bytes)), source: .inline(bytes))
    }

    init(synthetic: Synthetic, size: Int64, hashed: Bool) throws(ContentError) {
        self.init(size: size, hash: nil, source: .synthetic(synthetic))
        if hashed { hash = try computeHash() }
    }
}

/// A local file could not be read.
struct ContentError: Error {
    var path: String
    var errno: Int32
}

/// Content that is computed, not stored: files of any size that take no room.
public enum Synthetic: Sendable, Equatable {
    /// Byte i is i mod `modulus`, 1 to 256.
    case modulo(Int)
    /// Bytes that differ from seed to seed and do not repeat.
    case mixed(seed: UInt64)

    func fill(_ buffer: UnsafeMutableRawBufferPointer, from offset: Int64) {
        switch self {
        case .modulo(let modulus):
            var value = Int(offset % Int64(modulus))
            for index in 0..<buffer.count {
                buffer[index] = UInt8(truncatingIfNeeded: value)
                value += 1
                if value == modulus { value = 0 }
            }
        case .mixed(let seed): fillMixed(buffer, from: offset, seed: seed)
        }
    }

    private func fillMixed(_ buffer: UnsafeMutableRawBufferPointer, from offset: Int64, seed: UInt64) {
        func word(_ index: UInt64) -> UInt64 { Scrambler.mix(seed &+ index &* 0x9e37_79b9_7f4a_7c15) }
        var index = 0
        var position = UInt64(bitPattern: offset)
        while index < buffer.count {
            let value = word(position >> 3)
            if position & 7 == 0, buffer.count - index >= 8 {
                buffer.storeBytes(of: value.littleEndian, toByteOffset: index, as: UInt64.self)
                index += 8
                position += 8
            } else {
                buffer[index] = UInt8(truncatingIfNeeded: value >> (8 * (position & 7)))
                index += 1
                position += 1
            }
        }
    }
}

extension Content {
    /// Reads up to `count` bytes at `offset`; fewer at the end. Blocks: call it from the thread pool.
    func read(at offset: Int64, count: Int) throws(ContentError) -> [UInt8] {
        let wanted = Int(max(0, min(Int64(count), size - offset)))
        guard wanted > 0 else { return [] }
        switch source {
        case .inline(let bytes): return Array(bytes[Int(offset)..<(Int(offset) + wanted)])
        case .synthetic(let synthetic):
            return [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
                synthetic.fill(
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<wanted]),
                    from: offset)
                filled = wanted
            }
        case .file(let path): return try Self.read(path, at: offset, count: wanted)
        }
    }

    private static func read(_ path: String, at offset: Int64, count: Int) throws(ContentError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ContentError(path: path, errno: errno) }
        defer { close(descriptor) }
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset) + off_t(filled))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { return }
                filled += got
            }
        }
        if failure != 0 { throw ContentError(path: path, errno: failure) }
        return bytes
    }

    /// Reads everything once. Blocks.
    func computeHash() throws(ContentError) -> ContentHash {
        var sha1 = Insecure.SHA1()
        var offset: Int64 = 0
        while offset < size {
            let piece = try read(at: offset, count: 1 << 20)
            if piece.isEmpty { break }
            sha1.update(data: piece)
            offset += Int64(piece.count)
        }
        return ContentHash(sha1.finalize())
    }
}
