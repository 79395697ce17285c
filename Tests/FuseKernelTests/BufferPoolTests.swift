import Testing
import VFS

@testable import FuseKernel

@Suite struct BufferPoolStateTests {
    var state = BufferPoolState<String>(capacity: 1)

    mutating func wait() throws -> BufferPoolState<String>.WaiterID {
        guard case .wait(let id) = state.request() else { throw GotOne() }
        return id
    }

    struct GotOne: Error {}

    @Test mutating func whoComesFirstIsServedFirst() throws {
        #expect(state.request() == .slot(0))
        let (a, b) = (try wait(), try wait())
        #expect(state.park(b, "b") == .parked)
        #expect(state.park(a, "a") == .parked)
        #expect(state.give(0)?.0 == "a")
        #expect(state.give(0)?.0 == "b")
        #expect(state.give(0) == nil)
        #expect(state.request() == .slot(0))
    }

    @Test mutating func aBufferThatComesBeforeParkingIsKept() throws {
        _ = state.request()
        let a = try wait()
        #expect(state.give(0) == nil)
        #expect(state.freeCount == 0)
        #expect(state.park(a, "a") == .slot(0))
    }

    @Test mutating func whoLeavesBeforeParkingIsNotParked() throws {
        _ = state.request()
        let a = try wait()
        #expect(state.leave(a).leaver == nil)
        #expect(state.park(a, "a") == .cancelled)
        #expect(state.waitingCount == 0)
        #expect(state.give(0) == nil)
        #expect(state.freeCount == 1)
    }

    @Test mutating func whoLeavesWithABufferKeptPassesItOn() throws {
        _ = state.request()
        let (a, b) = (try wait(), try wait())
        _ = state.park(b, "b")
        #expect(state.give(0) == nil)
        let left = state.leave(a)
        #expect(left.leaver == nil)
        #expect(left.next?.0 == "b")
    }

    @Test mutating func whoLeavesParkedIsWokenOnce() throws {
        _ = state.request()
        let a = try wait()
        _ = state.park(a, "a")
        #expect(state.leave(a).leaver == "a")
        #expect(state.leave(a).leaver == nil)
        #expect(state.give(0) == nil)
    }
}

@Suite(.timeLimit(.minutes(1))) struct BufferPoolTests {
    @Test func aLeaseGivesItsBufferBackWhenItIsDropped() async throws {
        let pool = try #require(BufferPool(count: 2, bufferBytes: 4096))
        do {
            let lease = try await pool.borrow()
            #expect(pool.freeCount == 1)
            #expect(UInt(bitPattern: lease.buffer(10).baseAddress) % 4096 == 0)
            #expect(lease.buffer(10).count == 10)
        }
        #expect(pool.freeCount == 2)
    }

    @Test func manyBorrowersShareFewBuffersAndNoneHasTwoOwners() async throws {
        let pool = try #require(BufferPool(count: 3, bufferBytes: 4096))
        let undisturbed = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    guard let lease = try? await pool.borrow() else { return false }
                    let buffer = lease.buffer(4096)
                    buffer.storeBytes(of: number, as: Int.self)
                    await Task.yield()
                    return buffer.load(as: Int.self) == number
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(undisturbed == 200)
        #expect(pool.freeCount == 3)
        #expect(pool.waitingCount == 0)
    }

    @Test func aCancelledWaiterLeavesAndLosesNoBuffer() async throws {
        let pool = try #require(BufferPool(count: 1, bufferBytes: 4096))
        let lease = try await pool.borrow()
        for _ in 0..<50 {
            let waiter = Task { try await pool.borrow() }
            await Task.yield()
            waiter.cancel()
            await #expect(throws: FSError.interrupted) { try await waiter.value }
        }
        _ = consume lease
        #expect(pool.freeCount == 1)
        #expect(pool.waitingCount == 0)
    }
}
