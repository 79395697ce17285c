import Synchronization

/// The bytes of writes, from the return of their callback to their reply.
///
/// libfuse takes its memory back when the callback returns, so each write is copied first. It never waits for memory:
/// it would have to do so with its bytes still in libfuse's, and so on a thread that every other request needs.
final class WriteBuffers: Sendable {
    /// The C library's heap is as quick up to here.
    private static let smallBytesMax = 64 << 10

    private let pool: BufferPool
    private let ownBytesMax: Int
    /// What lies outside the pool.
    private let ownBytes = Atomic(0)

    /// `overflowBytesMax` bounds what lies outside the `count` standing buffers: small writes, and the large ones
    /// that find none free. `nil` when the address space cannot be had.
    init?(count: Int, overflowBytesMax: Int) {
        guard let pool = BufferPool(count: count, bufferBytes: FuseOptions.writeBytesMax) else { return nil }
        self.pool = pool
        ownBytesMax = overflowBytesMax
    }

    var freeCount: Int { pool.freeCount }
    var overflowBytes: Int { ownBytes.load(ordering: .relaxed) }

    /// `nil` when the bound is reached.
    func copy(_ bytes: UnsafeRawBufferPointer) -> WriteCopy? {
        if bytes.count > Self.smallBytesMax, bytes.count <= pool.bufferBytes, let lease = pool.borrowFree() {
            return WriteCopy(bytes, lease)
        }
        guard ownBytes.add(bytes.count, ordering: .relaxed).newValue <= ownBytesMax else {
            giveBack(bytes.count)
            return nil
        }
        return WriteCopy(bytes, self)
    }

    fileprivate func giveBack(_ count: Int) { ownBytes.subtract(count, ordering: .relaxed) }
}

/// The bytes of one write; its memory is free again when it is dropped.
///
/// `@unchecked Sendable`: they are written before anybody else has it, and never again.
final class WriteCopy: @unchecked Sendable {
    private enum Owner {
        case pool(BufferLease)
        case heap(WriteBuffers)
    }

    let bytes: UnsafeRawBufferPointer
    private let owner: Owner

    fileprivate init(_ bytes: UnsafeRawBufferPointer, _ lease: BufferLease) {
        let memory = lease.buffer(bytes.count)
        memory.copyMemory(from: bytes)
        self.bytes = UnsafeRawBufferPointer(memory)
        owner = .pool(lease)
    }

    fileprivate init(_ bytes: UnsafeRawBufferPointer, _ buffers: WriteBuffers) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        memory.copyMemory(from: bytes)
        self.bytes = UnsafeRawBufferPointer(memory)
        owner = .heap(buffers)
    }

    deinit {
        guard case .heap(let buffers) = owner else { return }
        bytes.deallocate()
        buffers.giveBack(bytes.count)
    }
}
