import Basics
import Crypto
import Drive

/// The bytes of one file of a `FakeDrive`: given, or computed from a seed so that a large file costs no memory.
public enum FakeContent: Hashable, Sendable {
    case bytes([UInt8])
    /// Bytes that differ from place to place and from seed to seed.
    case pattern(seed: UInt64, size: Int64)

    public var size: Int64 {
        switch self {
        case .bytes(let bytes): Int64(bytes.count)
        case .pattern(_, let size): size
        }
    }

    /// Copies the bytes from `offset` on; the destination must end inside the content.
    public func copy(from offset: Int64, into destination: UnsafeMutableRawBufferPointer) {
        precondition(offset >= 0 && offset + Int64(destination.count) <= size, "inside the content")
        switch self {
        case .bytes(let bytes):
            bytes.withUnsafeBytes { source in
                let part = UnsafeRawBufferPointer(rebasing: source[Int(offset)..<Int(offset) + destination.count])
                destination.copyMemory(from: part)
            }
        case .pattern(let seed, _):
            var index = 0
            while index < destination.count {
                let place = offset + Int64(index)
                let word = Self.word(seed, UInt64(place) / 8)
                let skip = Int(place % 8)
                let count = min(8 - skip, destination.count - index)
                if count == 8 {
                    destination.storeBytes(of: word.littleEndian, toByteOffset: index, as: UInt64.self)
                    index += 8
                    continue
                }
                withUnsafeBytes(of: word.littleEndian) { bytes in
                    for i in 0..<count { destination[index + i] = bytes[skip + i] }
                }
                index += count
            }
        }
    }

    public func bytes(in range: ByteRange) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(range.count)) { buffer, count in
            copy(from: range.lower, into: UnsafeMutableRawBufferPointer(buffer))
            count = Int(range.count)
        }
    }

    /// All bytes; for contents that fit in memory.
    public var allBytes: [UInt8] { bytes(in: ByteRange(0, size)) }

    public var sha1: ContentHash {
        var hash = Insecure.SHA1()
        var offset: Int64 = 0
        while offset < size {
            let next = min(offset + 1 << 20, size)
            hash.update(data: bytes(in: ByteRange(offset, next)))
            offset = next
        }
        guard let digest = ContentHash(bytes: Array(hash.finalize())) else {
            preconditionFailure("a SHA-1 has 20 bytes")
        }
        return digest
    }

    /// The mixing step of SplitMix64, one word for each place.
    private static func word(_ seed: UInt64, _ index: UInt64) -> UInt64 {
        var z = seed &+ (index &+ 1) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
