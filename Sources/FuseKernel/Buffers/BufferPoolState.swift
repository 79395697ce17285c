/// Which of a pool's buffers are free and who waits for one; decides, while `BufferPool` acts.
///
/// Waiters are served in the order in which they came.
struct BufferPoolState<Waiter> {
    struct WaiterID: Hashable, Comparable {
        let rawValue: UInt64
        static func < (a: WaiterID, b: WaiterID) -> Bool { a.rawValue < b.rawValue }
    }

    enum Request: Equatable {
        case slot(Int)
        /// None is free: park under this number.
        case wait(WaiterID)
    }

    enum Parking: Equatable {
        case parked
        /// It was given up before it could park.
        case cancelled
        /// A buffer came free in between.
        case slot(Int)
    }

    private enum Place {
        case announced
        case announcedWithSlot(Int)
        case parked(Waiter)
    }

    private let capacity: Int
    /// Used last, given first: its memory is warm.
    private var free: [Int] = []
    private var untouched = 0
    private var nextID: UInt64 = 1
    private var places: [WaiterID: Place] = [:]
    /// The waiters by age; those that left are skipped.
    private var queue: [WaiterID] = []
    private var queueStart = 0

    init(capacity: Int) { self.capacity = capacity }

    var waitingCount: Int { places.count }
    var freeCount: Int { free.count + capacity - untouched }

    /// For who does not wait.
    mutating func takeFree() -> Int? {
        if let slot = free.popLast() { return slot }
        guard untouched < capacity else { return nil }
        untouched += 1
        return untouched - 1
    }

    mutating func request() -> Request {
        if let slot = takeFree() { return .slot(slot) }
        let id = WaiterID(rawValue: nextID)
        nextID += 1
        places[id] = .announced
        queue.append(id)
        return .wait(id)
    }

    mutating func park(_ id: WaiterID, _ waiter: Waiter) -> Parking {
        switch places.removeValue(forKey: id) {
        case nil: return .cancelled
        case .announcedWithSlot(let slot): return .slot(slot)
        case .announced:
            places[id] = .parked(waiter)
            return .parked
        case .parked: preconditionFailure("a waiter parks once")
        }
    }

    /// The waiter gave up. Returns it when it is parked, and so has to be woken; a buffer that was kept for it goes
    /// to the next, who is returned too.
    mutating func leave(_ id: WaiterID) -> (leaver: Waiter?, next: (Waiter, Int)?) {
        switch places.removeValue(forKey: id) {
        case nil, .announced: (nil, nil)
        case .announcedWithSlot(let slot): (nil, give(slot))
        case .parked(let waiter): (waiter, nil)
        }
    }

    /// A buffer comes back. Returns who gets it, if somebody waits parked.
    mutating func give(_ slot: Int) -> (Waiter, Int)? {
        while queueStart < queue.count {
            let id = queue[queueStart]
            queueStart += 1
            switch places[id] {
            case nil: continue
            case .announced:
                places[id] = .announcedWithSlot(slot)
                return nil
            case .announcedWithSlot: preconditionFailure("a waiter is served once")
            case .parked(let waiter):
                places[id] = nil
                compactQueue()
                return (waiter, slot)
            }
        }
        compactQueue()
        free.append(slot)
        return nil
    }

    private mutating func compactQueue() {
        guard queueStart > 64, queueStart * 2 > queue.count else { return }
        queue.removeFirst(queueStart)
        queueStart = 0
    }
}
