import Basics
import Drive

// Starting a fetch: which run, from where, and the memory for it.
extension Shelf {
    struct Request {
        var content: ContentID
        var handle: HandleID
        var range: ByteRange
        /// The part from the start that a reader waits for.
        var mustHave: Int64?
        var urgency: Urgency
    }

    mutating func startFetch(for waiter: Waiter, _ actions: inout Actions) -> Bool {
        guard let handle = handles[waiter.handle] else { return false }
        let lower = Int64(waiter.block) * Int64(settings.blockSize)
        var upper = waiter.end
        var trackIndex: Int?
        for (index, track) in handle.ahead.tracks.enumerated()
        where track.wants(ByteRange(lower, waiter.end), limit: windowLimit, slack: ReadAhead.slack) {
            trackIndex = index
            upper = max(upper, lower + runLength(min(track.window, windowLimit)))
        }
        let size = contents[waiter.content]?.size ?? upper
        let request = Request(
            content: waiter.content, handle: waiter.handle, range: ByteRange(lower, min(upper, size)),
            mustHave: min(waiter.end, size), urgency: .foreground)
        guard let reached = start(request, &actions) else { return false }
        if let trackIndex {
            handles[waiter.handle]?.ahead.restart(at: reached, track: trackIndex)
            _ = feed(waiter.handle)
        }
        return true
    }

    /// Takes memory for as much of the run as there is, and starts its fetch. Returns where it will end, or `nil`
    /// when there is no memory.
    mutating func start(_ request: Request, _ actions: inout Actions) -> Int64? {
        guard let content = contents[request.content], let handle = handles[request.handle] else { return nil }
        if content.check.isBehind, protectedBlocks >= settings.capacity / 4 {
            // The hash comes first: else memory would fill with blocks that wait for it.
            isStarved = true
            return nil
        }
        let id = makeID()
        let size = Int64(settings.blockSize)
        let first = Int(request.range.lower / size)
        let source = source(for: content) ?? handle.source
        // Much memory only for those that will soon download; the others take the rest when their turn comes.
        let holders = fetches.values.count { $0.slots.count > 1 }
        let mustHave = request.mustHave.map { holders < streams ? request.range.upper : $0 } ?? request.range.upper
        let slots = reserve(
            from: first, upTo: mustHave, of: request.content, for: id, atMost: settings.longestRun)
        guard let firstSlot = slots.first else {
            isStarved = true
            return nil
        }
        let end = min(Int64(first + slots.count) * size, content.size)
        fetches[id] = Fetch(
            content: request.content, handle: request.handle, source: source, firstBlock: first, slots: slots,
            position: Int64(first) * size + Int64(pool[firstSlot].filled), end: end,
            wantedEnd: request.range.upper, startedAt: time.now(), urgency: request.urgency)
        contents[request.content]?.fetches.insert(id)
        handles[request.handle]?.fetches += 1
        counts.fetches += 1
        actions.starts.append(id)
        return end
    }

    /// Slots for the missing blocks from `first` on: the run ends at a block that is there or under way, at `upper`,
    /// or where the memory ends. Only the first may be a block that was begun before.
    private mutating func reserve(
        from first: Int, upTo upper: Int64, of id: ContentID, for fetch: FetchID, atMost most: Int
    ) -> [BlockPool.Index] {
        guard let size = contents[id]?.size else { return [] }
        let blockSize = Int64(settings.blockSize)
        var slots: [BlockPool.Index] = []
        var block = first
        while Int64(block) * blockSize < upper, slots.count < most {
            if let begun = contents[id]?.blocks[block] {
                guard block == first, pool[begun].fetch < 0, !pool[begun].isWhole else { break }
                pool[begun].fetch = fetch
                pool.settle(begun)
                slots.append(begun)
            } else {
                guard let slot = takeSlot() else { break }
                pool[slot].content = id
                pool[slot].block = block
                pool[slot].filled = 0
                pool[slot].length = Int(min(blockSize, size - Int64(block) * blockSize))
                pool[slot].fetch = fetch
                pool[slot].isAttached = true
                contents[id]?.blocks[block] = slot
                slots.append(slot)
            }
            block += 1
        }
        return slots
    }

    /// Its turn has come: takes memory for the rest of the run.
    mutating func extend(_ id: FetchID) {
        guard let fetch = fetches[id], fetch.end < fetch.wantedEnd else { return }
        let next = fetch.firstBlock + fetch.slots.count
        guard contents[fetch.content]?.blocks[next] == nil else { return }
        let more = reserve(
            from: next, upTo: fetch.wantedEnd, of: fetch.content, for: id,
            atMost: settings.longestRun - fetch.slots.count)
        guard !more.isEmpty, let size = contents[fetch.content]?.size else { return }
        fetches[id]?.slots += more
        let end = min(Int64(next + more.count) * Int64(settings.blockSize), size)
        fetches[id]?.end = end
    }

    private mutating func takeSlot() -> BlockPool.Index? {
        guard let (slot, evicted) = pool.take() else { return nil }
        if let evicted {
            contents[evicted.content]?.blocks[evicted.block] = nil
            dropIfUnused(evicted.content)
        }
        return slot
    }

    /// The object to fetch from: one that somebody has open and that is not known to be gone.
    func source(for content: Content) -> ContentSource? {
        let sources = content.handles.sorted().compactMap { handles[$0]?.source }
        return sources.first { !content.goneObjects.contains($0.object) }
    }
}
