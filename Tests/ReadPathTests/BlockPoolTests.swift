import Testing

@testable import ReadPath

@Suite struct BlockPoolTests {
    /// A pool whose slots hold one block each, whole and attached.
    private func filled(_ count: Int) -> BlockPool {
        var pool = BlockPool(blockSize: 4096, capacity: count)
        for block in 0..<count {
            guard let (slot, _) = pool.take() else { continue }
            pool[slot].content = 1
            pool[slot].block = block
            pool[slot].length = 4096
            pool[slot].filled = 4096
            pool[slot].isAttached = true
            pool.settle(slot)
        }
        return pool
    }

    @Test func memoryIsTakenWhenNeededAndNotBeyondTheBound() {
        var pool = BlockPool(blockSize: 4096, capacity: 3)
        #expect(pool.allocated == 0)
        for _ in 0..<3 { #expect(pool.take() != nil) }
        #expect(pool.take() == nil)
        #expect(pool.allocated == 3 * 4096)
    }

    @Test func theLongestUntouchedGivesWayFirst() {
        var pool = filled(3)
        pool[0].pins = 1
        pool.settle(0)
        pool[0].pins = 0
        pool.settle(0)
        #expect(pool.take()?.evicted?.block == 1)
        #expect(pool.take()?.evicted?.block == 2)
        #expect(pool.take()?.evicted?.block == 0)
        #expect(pool.take() == nil)
    }

    @Test func usedUpBlocksGiveWayBeforeAllOthersInTheirOrder() {
        var pool = filled(4)
        for slot in [3, 1] {
            pool[slot].isUsedUp = true
            pool.settle(slot)
        }
        #expect(pool.take()?.evicted?.block == 3)
        #expect(pool.take()?.evicted?.block == 1)
        #expect(pool.take()?.evicted?.block == 0)
    }

    @Test func pinnedFillingAndProtectedBlocksStay() {
        var pool = filled(4)
        pool[0].pins = 1
        pool[1].fetch = 9
        pool[2].isProtected = true
        for slot in 0..<3 { pool.settle(slot) }
        #expect(pool.take()?.evicted?.block == 3)
        #expect(pool.take() == nil)
    }

    @Test func aDetachedBlockIsFreedWithItsLastPin() {
        var pool = filled(1)
        pool[0].pins = 1
        pool.settle(0)
        pool[0].isAttached = false
        pool.settle(0)
        #expect(pool.take() == nil)
        pool[0].pins = 0
        pool.settle(0)
        #expect(pool.inUse == 0)
        let taken = pool.take()
        #expect(taken?.slot == 0)
        #expect(taken?.evicted == nil)
    }
}
