/// A second home for blocks, slower and larger than memory, such as a cache on disk: asked before the drive, and
/// offered what comes from the drive.
///
/// Blocks are numbered from 0 and of the reader's block size, the last of a content shorter. Functions are called
/// from the cooperative pool: a store that blocks does so on threads of its own. Trouble of a store is its own
/// affair; it then has nothing and takes nothing.
public protocol BlockStore: Sendable {
    /// Whether it may be worth asking for this block. Answers at once, from memory.
    func mayHold(_ key: ContentKey, block: Int) -> Bool
    /// Copies the whole block, which has `target.count` bytes, and says whether it did. Bytes must be those that
    /// were saved, or the answer false.
    func load(_ key: ContentKey, block: Int, into target: ReadTarget) async -> Bool
    /// Takes a copy of the block's bytes, which are valid until it returns.
    func save(_ key: ContentKey, block: Int, _ bytes: UnsafeRawBufferPointer) async
    /// The bytes kept under this key have turned out to be wrong.
    func drop(_ key: ContentKey)
}

/// Where bytes are to be put.
///
/// `@unchecked Sendable`: the memory belongs to one read, from its call until its return, and only that read writes
/// to it.
public struct ReadTarget: @unchecked Sendable {
    public let bytes: UnsafeMutableRawBufferPointer
    public init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }
    public var count: Int { bytes.count }
}
