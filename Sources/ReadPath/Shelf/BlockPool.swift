/// The memory of all blocks: standing, page-aligned pieces of one size, made when first needed and kept.
///
/// Decides which block gives way: first those that a sequential reader has used up, oldest first, then the one that
/// was not touched for longest. A block that is being filled, copied from, or still to be hashed stays.
struct BlockPool {
    typealias Index = Int

    enum Queue: UInt8 {
        case none, usedUp, fresh
    }

    struct Slot {
        let memory: UnsafeMutableRawPointer
        /// Whose block it is; -1 when free.
        var content = -1
        var block = -1
        /// The bytes of the block that are there, from its start.
        var filled = 0
        /// The bytes the block has when whole.
        var length = 0
        /// The fetch that fills it; -1 when none does.
        var fetch = -1
        /// Readers that copy from it right now.
        var pins = 0
        /// Its content may look it up; else it is freed when the last use ends.
        var isAttached = false
        /// Waits for being hashed.
        var isProtected = false
        /// A sequential reader has read it to its end.
        var isUsedUp = false
        fileprivate(set) var queue = Queue.none
        fileprivate var previous = -1
        fileprivate var next = -1

        var isWhole: Bool { filled == length }
    }

    private struct Ends {
        var oldest = -1
        var newest = -1
    }

    let blockSize: Int
    let capacity: Int
    private let memory: BlockMemory
    private(set) var slots: [Slot] = []
    private var free: [Index] = []
    private var usedUp = Ends()
    private var fresh = Ends()

    init(blockSize: Int, capacity: Int) {
        self.blockSize = blockSize
        self.capacity = capacity
        memory = BlockMemory(blockSize: blockSize)
        slots.reserveCapacity(capacity)
    }

    /// Blocks that hold something.
    var inUse: Int { slots.count - free.count }
    /// Bytes taken from the system; they are not given back.
    var allocated: Int { slots.count * blockSize }

    subscript(index: Index) -> Slot {
        get { slots[index] }
        _modify { yield &slots[index] }
    }

    /// A slot for another block, and whose block gave way for it. `nil` when all are busy.
    mutating func take() -> (slot: Index, evicted: (content: Int, block: Int)?)? {
        if let index = free.popLast() { return (index, nil) }
        if slots.count < capacity {
            slots.append(Slot(memory: memory.make()))
            return (slots.count - 1, nil)
        }
        let index = usedUp.oldest >= 0 ? usedUp.oldest : fresh.oldest
        guard index >= 0 else { return nil }
        unlink(index)
        let evicted = (slots[index].content, slots[index].block)
        clear(index)
        return (index, evicted)
    }

    /// Puts a slot where it belongs after its state has changed: in line to give way, out of it, or free.
    mutating func settle(_ index: Index) {
        let slot = slots[index]
        let isIdle = slot.pins == 0 && slot.fetch < 0 && !slot.isProtected
        unlink(index)
        guard isIdle else { return }
        if slot.isAttached {
            append(index, to: slot.isUsedUp ? .usedUp : .fresh)
        } else {
            clear(index)
            free.append(index)
        }
    }

    private mutating func clear(_ index: Index) {
        slots[index].content = -1
        slots[index].block = -1
        slots[index].filled = 0
        slots[index].isAttached = false
        slots[index].isUsedUp = false
    }

    private mutating func unlink(_ index: Index) {
        let slot = slots[index]
        if slot.queue == .none { return }
        if slot.previous >= 0 { slots[slot.previous].next = slot.next }
        if slot.next >= 0 { slots[slot.next].previous = slot.previous }
        change(slot.queue) { ends in
            if ends.oldest == index { ends.oldest = slot.next }
            if ends.newest == index { ends.newest = slot.previous }
        }
        slots[index].queue = .none
        slots[index].previous = -1
        slots[index].next = -1
    }

    private mutating func append(_ index: Index, to queue: Queue) {
        var before = -1
        change(queue) { ends in
            before = ends.newest
            ends.newest = index
            if ends.oldest < 0 { ends.oldest = index }
        }
        if before >= 0 { slots[before].next = index }
        slots[index].queue = queue
        slots[index].previous = before
        slots[index].next = -1
    }

    private mutating func change(_ queue: Queue, _ body: (inout Ends) -> Void) {
        switch queue {
        case .none: break
        case .usedUp: body(&usedUp)
        case .fresh: body(&fresh)
        }
    }
}

/// Owns what the pool has taken from the system and gives it back with the pool.
final class BlockMemory {
    private let blockSize: Int
    private var blocks: [UnsafeMutableRawPointer] = []

    init(blockSize: Int) { self.blockSize = blockSize }

    func make() -> UnsafeMutableRawPointer {
        let block = UnsafeMutableRawPointer.allocate(byteCount: blockSize, alignment: 4096)
        blocks.append(block)
        return block
    }

    deinit {
        for block in blocks { block.deallocate() }
    }
}
