import Basics
import Drive

/// What a read does next.
enum ReadStep {
    /// Copy from here, from the pinned slot, and come back.
    case copy(BlockBytes, slot: BlockPool.Index)
    case wait(WaiterID)
    case done
    case failed(ReadError)
}

/// Bytes of a block that stay where they are while its slot is pinned.
///
/// `@unchecked Sendable`: a pinned slot is neither given to another block nor freed, and the bytes that have
/// arrived in it are never written again.
struct BlockBytes: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
}

extension Shelf {
    /// A read begins: guesses from it what comes next, then takes its first step.
    mutating func beginRead(
        _ id: HandleID, _ range: ByteRange, until deadline: Moment, _ actions: inout Actions
    ) -> ReadStep {
        guard let content = handles[id]?.content else { return .failed(.inputOutput("the handle is closed")) }
        countActiveReaders()
        handles[id]?.lastTraffic = counts.bytesServed
        let limit = windowLimit
        let step = handles[id]?.ahead.note(range, limit: limit)
        if case .jump = step, !(contents[content]?.fetches.isEmpty ?? true) {
            stopUnwantedFetches(of: content, &actions)
        }
        let result = self.step(id, range, releasing: nil, until: deadline, &actions)
        if case .wait = result { counts.readsThatWaited += 1 } else { counts.readsServedAtOnce += 1 }
        if feed(id) { dispatch(&actions) }
        return result
    }

    /// The next bytes of a read of which `range` is still missing.
    mutating func step(
        _ id: HandleID, _ range: ByteRange, releasing held: BlockPool.Index?, until deadline: Moment,
        _ actions: inout Actions
    ) -> ReadStep {
        if let held { unpin(held, &actions) }
        guard !range.isEmpty else { return .done }
        guard let handle = handles[id], let content = contents[handle.content] else {
            return .failed(.inputOutput("the handle is closed"))
        }
        if isShutDown { return .failed(.interrupted) }
        if let refusal = refusal(of: handle, content) { return .failed(refusal) }
        let block = Int(range.lower / Int64(settings.blockSize))
        let start = Int64(block) * Int64(settings.blockSize)
        let need = min(range.upper, start + Int64(settings.blockSize))
        if let slot = content.blocks[block], start + Int64(pool[slot].filled) >= need, !content.check.holdsBack(block) {
            let offset = Int(range.lower - start)
            let bytes = UnsafeRawBufferPointer(start: pool[slot].memory + offset, count: Int(need - range.lower))
            pin(slot)
            handles[id]?.servedGeneration = content.generation
            counts.bytesServed += UInt64(bytes.count)
            pool[slot].isUsedUp = need == start + Int64(pool[slot].length) && isSequential(handle, at: need)
            return .copy(BlockBytes(bytes: bytes), slot: slot)
        }
        let waiter = Waiter(
            content: handle.content, handle: id, block: block, need: need, end: range.upper, deadline: deadline)
        return .wait(enqueue(waiter, &actions))
    }

    func refusal(of handle: Handle, _ content: Content) -> ReadError? {
        if content.isCorrupt { return .corrupt("the bytes do not have the drive's SHA-1, twice") }
        if let served = handle.servedGeneration, served != content.generation {
            return .corrupt("bytes that this handle was given do not have the drive's SHA-1")
        }
        return nil
    }

    mutating func pin(_ slot: BlockPool.Index) {
        pool[slot].pins += 1
        if pool[slot].pins == 1 { pool.settle(slot) }
    }

    mutating func unpin(_ slot: BlockPool.Index, _ actions: inout Actions) {
        pool[slot].pins -= 1
        guard pool[slot].pins == 0 else { return }
        pool.settle(slot)
        if isStarved { dispatch(&actions) }
    }

    /// Wakes those whose bytes of this block are there.
    mutating func wakeReaders(of content: ContentID, block: Int, _ actions: inout Actions) {
        guard let waiting = contents[content]?.waiters, !waiting.isEmpty, let slot = contents[content]?.blocks[block],
            contents[content]?.check.holdsBack(block) == false
        else { return }
        let there = Int64(block) * Int64(settings.blockSize) + Int64(pool[slot].filled)
        for id in waiting {
            guard let waiter = waiters[id], waiter.block == block, waiter.need <= there else { continue }
            pin(slot)
            decide(id, .ready(slot), &actions)
        }
    }

    private mutating func enqueue(_ waiter: Waiter, _ actions: inout Actions) -> WaiterID {
        let id = makeID()
        waiters[id] = waiter
        contents[waiter.content]?.waiters.append(id)
        if alarm.map({ waiter.deadline < $0 }) ?? true {
            alarm = waiter.deadline
            actions.alarm = waiter.deadline
        }
        if let fetch = fetch(covering: waiter) {
            promote(fetch, &actions)
        } else if !isBeingChecked(waiter) {
            dispatch(&actions)
        }
        return id
    }

    /// A reader waits for it now: it must not stand behind other background work.
    private mutating func promote(_ id: FetchID, _ actions: inout Actions) {
        guard let fetch = fetches[id], fetch.urgency == .background else { return }
        switch fetch.phase {
        case .linking, .sleeping: fetches[id]?.urgency = .foreground
        case .queued: dispatch(&actions)
        case .downloading:
            if fetch.received == 0 { actions.queuedChecks.append(id) }
        }
    }

    private func isSequential(_ handle: Handle, at offset: Int64) -> Bool {
        handle.ahead.tracks.contains { $0.window > 0 && abs($0.high - offset) <= ReadAhead.slack }
    }
}
