import Glibc
import Synchronization
import VFS

/// Standing, page-aligned buffers of one size. A buffer once used stays in memory: allocating one for each read
/// halves throughput.
///
/// Who finds none free waits without holding a thread.
final class BufferPool: Sendable {
    private typealias Waiter = CheckedContinuation<Int?, Never>

    let bufferBytes: Int
    private let arena: Arena
    private let state: Mutex<BufferPoolState<Waiter>>

    /// Reserves address space for all; memory comes with use. `nil` when even that is refused.
    init?(count: Int, bufferBytes: Int) {
        guard let arena = Arena(bytes: count * bufferBytes) else { return nil }
        self.arena = arena
        self.bufferBytes = bufferBytes
        state = Mutex(BufferPoolState(capacity: count))
    }

    var waitingCount: Int { state.withLock { $0.waitingCount } }
    var freeCount: Int { state.withLock { $0.freeCount } }

    /// Throws `.interrupted` when the task is cancelled while it waits.
    func borrow() async throws(FSError) -> BufferLease {
        switch state.withLock({ $0.request() }) {
        case .slot(let slot): return BufferLease(self, slot)
        case .wait(let id):
            let slot = await withTaskCancellationHandler {
                await withCheckedContinuation { self.park(id, $0) }
            } onCancel: {
                self.leave(id)
            }
            guard let slot else { throw .interrupted }
            return BufferLease(self, slot)
        }
    }

    /// A buffer that is free right now.
    func borrowFree() -> BufferLease? { state.withLock { $0.takeFree() }.map { BufferLease(self, $0) } }

    fileprivate func buffer(_ slot: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: arena.bytes[slot * bufferBytes..<(slot + 1) * bufferBytes])
    }

    fileprivate func giveBack(_ slot: Int) {
        if let (waiter, slot) = state.withLock({ $0.give(slot) }) { waiter.resume(returning: slot) }
    }

    private func park(_ id: BufferPoolState<Waiter>.WaiterID, _ waiter: Waiter) {
        switch state.withLock({ $0.park(id, waiter) }) {
        case .parked: break
        case .cancelled: waiter.resume(returning: nil)
        case .slot(let slot): waiter.resume(returning: slot)
        }
    }

    private func leave(_ id: BufferPoolState<Waiter>.WaiterID) {
        let (leaver, next) = state.withLock { $0.leave(id) }
        leaver?.resume(returning: nil)
        if let (waiter, slot) = next { waiter.resume(returning: slot) }
    }
}

/// A buffer that belongs to one request until this lease is dropped.
final class BufferLease: Sendable {
    private let pool: BufferPool
    private let slot: Int

    fileprivate init(_ pool: BufferPool, _ slot: Int) {
        self.pool = pool
        self.slot = slot
    }

    deinit { pool.giveBack(slot) }

    /// Its first bytes; valid while the lease is held.
    func buffer(_ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: pool.buffer(slot)[..<count])
    }
}

/// The memory under a pool.
///
/// `@unchecked Sendable`: the mapping itself never changes, and each part of it has one owner at a time.
private final class Arena: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    init?(bytes count: Int) {
        let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let start, start != MAP_FAILED else { return nil }
        bytes = UnsafeMutableRawBufferPointer(start: start, count: count)
    }

    deinit { munmap(bytes.baseAddress, bytes.count) }
}

/// The read buffers of a mount, of two sizes: a crowd of small reads does not take the place of large ones.
final class ReadBuffers: Sendable {
    private let large: BufferPool
    private let small: BufferPool

    init?(large largeCount: Int, small smallCount: Int) {
        guard let large = BufferPool(count: largeCount, bufferBytes: FuseOptions.readBytesMax),
            let small = BufferPool(count: smallCount, bufferBytes: 128 << 10)
        else { return nil }
        self.large = large
        self.small = small
    }

    var parkedCount: Int { large.waitingCount + small.waitingCount }

    func borrow(for count: Int) async throws(FSError) -> BufferLease {
        guard count <= large.bufferBytes else { throw .invalidArgument }
        return try await (count <= small.bufferBytes ? small : large).borrow()
    }
}
