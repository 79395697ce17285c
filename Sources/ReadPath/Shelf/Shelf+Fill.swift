import Basics
import Drive

/// Where the next bytes of a fetch go.
///
/// `@unchecked Sendable`: the slot belongs to the fetch until the fetch has ended, only its one request at a time
/// writes there, and readers look only at bytes that were announced under the lock before.
struct FillTarget: @unchecked Sendable {
    let room: UnsafeMutableRawBufferPointer
}

enum FillStep: Sendable {
    case fill(FillTarget)
    /// All bytes of the request are in.
    case full
    /// Nobody wants the rest.
    case stop
}

/// One range request.
struct RangeRequest {
    var source: ContentSource
    var range: ByteRange
    var urgency: Urgency
    var target: FillTarget
}

// Bytes arrive, fetches end.
extension Shelf {
    /// The fetch is about to ask the drive for its missing bytes. `nil` when it has been stopped or has them all.
    mutating func beginRequest(_ id: FetchID, upTo limit: Int64) -> RangeRequest? {
        guard let fetch = fetches[id], case .fill(let target) = fillStep(id) else { return nil }
        fetches[id]?.received = 0
        let urgency = isWaitedFor(id) ? .foreground : fetch.urgency
        fetches[id]?.urgency = urgency
        return RangeRequest(
            source: fetch.source, range: ByteRange(fetch.position, min(fetch.end, limit)), urgency: urgency,
            target: target)
    }

    /// It has all its bytes, or is to get no more.
    func isOver(_ id: FetchID) -> Bool {
        if case .fill = fillStep(id) { return false }
        return true
    }

    func fillStep(_ id: FetchID) -> FillStep {
        guard let fetch = fetches[id], !fetch.isStopped else { return .stop }
        guard fetch.position < fetch.end else { return .full }
        let size = Int64(settings.blockSize)
        let index = Int(fetch.position / size) - fetch.firstBlock
        let slot = pool[fetch.slots[index]]
        let room = UnsafeMutableRawBufferPointer(
            start: slot.memory + slot.filled, count: slot.length - slot.filled)
        return .fill(FillTarget(room: room))
    }

    /// `count` bytes have been put where the last step said.
    mutating func filled(_ id: FetchID, _ count: Int, loaded: Bool = false, _ actions: inout Actions) -> FillStep {
        guard let fetch = fetches[id], !fetch.isStopped else { return .stop }
        let block = Int(fetch.position / Int64(settings.blockSize))
        let slot = fetch.slots[block - fetch.firstBlock]
        fetches[id]?.position += Int64(count)
        fetches[id]?.received += Int64(count)
        fetches[id]?.trouble = nil
        contents[fetch.content]?.isAheadPaused = false
        if loaded { counts.bytesLoaded += UInt64(count) } else { counts.bytesFetched += UInt64(count) }
        pool[slot].filled += count
        if pool[slot].isWhole {
            pool[slot].fetch = -1
            pool.settle(slot)
            blockIsWhole(block, of: fetch.content, &actions)
            if !loaded { offerToStore(slot, &actions) }
            if isStarved { dispatch(&actions) }
        }
        wakeReaders(of: fetch.content, block: block, &actions)
        if isForegroundBlocked, mayGiveWay(id, at: time.now()) != nil { stop(id, &actions) }
        return fillStep(id)
    }

    /// The fetch is over, with all its bytes, without, or with an error for those who wait for the rest.
    mutating func ended(_ id: FetchID, _ error: ReadError?, retries: Int, _ actions: inout Actions) {
        guard let fetch = fetches.removeValue(forKey: id) else { return }
        counts.retries += UInt64(retries)
        contents[fetch.content]?.fetches.remove(id)
        let size = Int64(settings.blockSize)
        if fetch.position < fetch.end {
            let next = Int(fetch.position / size)
            for slot in fetch.slots[(next - fetch.firstBlock)...] { giveBack(slot) }
            if let error { failWaiters(of: fetch, from: next, error, &actions) }
        }
        if let handle = fetch.handle {
            handles[handle]?.fetches -= 1
            _ = feed(handle)
        }
        dropIfUnused(fetch.content)
        dispatch(&actions)
    }

    private mutating func failWaiters(of fetch: Fetch, from block: Int, _ error: ReadError, _ actions: inout Actions) {
        counts.failedFetches += 1
        contents[fetch.content]?.isAheadPaused = true
        if case .stale = error {
            contents[fetch.content]?.goneObjects.insert(fetch.source.object)
            // The same bytes may be had from another file that is open.
            if let content = contents[fetch.content], source(for: content) != nil { return }
        }
        for waiter in contents[fetch.content]?.waiters ?? [] {
            guard let waiting = waiters[waiter], waiting.block >= block else { continue }
            guard waiting.block < fetch.firstBlock + fetch.slots.count else { continue }
            decide(waiter, .failed(error), &actions)
        }
    }

    /// A slot that its fetch has not filled: kept if it holds a beginning, else free.
    private mutating func giveBack(_ slot: BlockPool.Index) {
        pool[slot].fetch = -1
        if pool[slot].filled == 0, pool[slot].isAttached {
            contents[pool[slot].content]?.blocks[pool[slot].block] = nil
            pool[slot].isAttached = false
        }
        pool.settle(slot)
    }

    // MARK: - Who wants what

    func needsFetch(_ content: Content, _ block: Int) -> Bool {
        guard let slot = content.blocks[block] else { return true }
        return pool[slot].fetch < 0 && !pool[slot].isWhole
    }

    func fetch(covering waiter: Waiter) -> FetchID? {
        guard let slot = contents[waiter.content]?.blocks[waiter.block], pool[slot].fetch >= 0 else { return nil }
        return pool[slot].fetch
    }

    /// Its block is there and waits for the verdict of the hash.
    func isBeingChecked(_ waiter: Waiter) -> Bool {
        guard let content = contents[waiter.content], let slot = content.blocks[waiter.block] else { return false }
        return pool[slot].isWhole && content.check.holdsBack(waiter.block)
    }

    func isWaitedFor(_ id: FetchID) -> Bool {
        guard let fetch = fetches[id], let content = contents[fetch.content] else { return false }
        let first = Int(fetch.position / Int64(settings.blockSize))
        let last = fetch.firstBlock + fetch.slots.count
        return content.waiters.contains { waiter in
            waiters[waiter].map { first <= $0.block && $0.block < last } ?? false
        }
    }

    private func isWanted(_ id: FetchID) -> Bool {
        guard let fetch = fetches[id], let content = contents[fetch.content] else { return false }
        if isWaitedFor(id) { return true }
        let rest = ByteRange(fetch.position, fetch.end)
        if content.handles.isEmpty { return false }
        // Nearly done: the bytes are worth more than the stream.
        if fetch.received > 0, rest.count <= settings.longestRequest / 16 { return true }
        return content.handles.contains { handle in
            handles[handle]?.ahead.tracks.contains {
                $0.wants(rest, limit: windowLimit, slack: ReadAhead.slack)
            } ?? false
        }
    }

    mutating func stopUnwantedFetches(of id: ContentID, _ actions: inout Actions) {
        for fetch in contents[id]?.fetches ?? [] where fetches[fetch]?.isStopped == false && !isWanted(fetch) {
            stop(fetch, &actions)
        }
    }

    /// Its request ends at the next byte, or at once where none comes.
    mutating func stop(_ id: FetchID, _ actions: inout Actions) {
        guard let fetch = fetches[id], !fetch.isStopped else { return }
        fetches[id]?.isStopped = true
        if let task = fetch.task { actions.stops.append(task) }
        if let admission = fetch.admission {
            fetches[id]?.admission = nil
            actions.admissions.append(admission)
        }
    }

    /// The task that runs a fetch, so that it can be stopped; cancelled at once if it has been stopped meanwhile.
    mutating func setTask(_ task: Task<Void, Never>, of id: FetchID, _ actions: inout Actions) {
        guard let fetch = fetches[id] else { return }
        fetches[id]?.task = task
        if fetch.isStopped { actions.stops.append(task) }
    }
}
