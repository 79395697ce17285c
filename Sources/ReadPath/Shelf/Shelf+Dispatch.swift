import Basics
import Drive

// Which fetches run: readers that wait first, in the order they came, then reading ahead, in turn.
extension Shelf {
    /// Starts what should run and can. Cheap when there is nothing to do.
    mutating func dispatch(_ actions: inout Actions) {
        isForegroundBlocked = false
        isStarved = false
        guard !isShutDown else { return }
        for id in waiters.keys.sorted() {
            guard let waiter = waiters[id], fetch(covering: waiter) == nil, !isBeingChecked(waiter) else { continue }
            if !startFetch(for: waiter, &actions) {
                isForegroundBlocked = true
                break
            }
        }
        if !admit(&actions) { isForegroundBlocked = true }
        if isForegroundBlocked {
            stopOneForWaiters(&actions)
        } else {
            readAhead(&actions)
        }
    }

    private mutating func readAhead(_ actions: inout Actions) {
        while !hungry.isEmpty, fetches.values.count(where: { $0.phase != .sleeping }) < mostBackground {
            let id = hungry.removeFirst()
            handles[id]?.isHungry = false
            guard let (range, track) = appetite(of: id), let content = handles[id]?.content else { continue }
            let request = Request(content: content, handle: id, range: range, urgency: .background)
            guard let reached = start(request, &actions) else {
                // No memory now: kept hungry, looked at again when a block comes free.
                handles[id]?.isHungry = true
                hungry.insert(id, at: 0)
                return
            }
            handles[id]?.ahead.reached(reached, track: track)
            _ = feed(id)
        }
    }

    /// Puts the handle in line for reading ahead if it wants to be.
    mutating func feed(_ id: HandleID) -> Bool {
        guard let handle = handles[id], !handle.isHungry, appetite(of: id) != nil else { return false }
        handles[id]?.isHungry = true
        hungry.append(id)
        return true
    }

    /// The next run to read ahead for a handle.
    private func appetite(of id: HandleID) -> (range: ByteRange, track: Int)? {
        guard let handle = handles[id], handle.fetches < 2, let content = contents[handle.content],
            !content.isAheadPaused, !content.isCorrupt
        else { return nil }
        for (index, track) in handle.ahead.tracks.enumerated() where track.isAwake && track.window > 0 {
            let window = min(track.window, windowLimit)
            let end = min(track.high + window, content.size)
            // The hint first: most reads find the window full.
            guard isWorthwhile(from: track.frontier, to: end, window, content.size) else { continue }
            let missing = firstMissing(in: content, from: max(track.frontier, 0), to: end)
            guard isWorthwhile(from: missing, to: end, window, content.size) else { continue }
            let length = min(runLength(window), end - missing)
            return (ByteRange(missing, missing + length), index)
        }
        return nil
    }

    /// Half a window at least, so that requests are long; or the rest of the file.
    private func isWorthwhile(from missing: Int64, to end: Int64, _ window: Int64, _ size: Int64) -> Bool {
        missing < end && (end - missing >= window / 2 || end == size)
    }

    func runLength(_ window: Int64) -> Int64 {
        min(max(window / 2, min(ReadAhead.firstWindow, window)), settings.longestRequest)
    }

    /// The largest window now: at most a fair share of half the memory, and none if that is not a block.
    var windowLimit: Int64 {
        let share = Int64(settings.capacity / 2 * settings.blockSize) / Int64(max(1, activeReaders))
        return share < Int64(settings.blockSize) ? 0 : min(settings.readAhead, share)
    }

    /// Counts the readers that share the memory: those that have read since so much traffic as memory holds.
    /// Looked at now and then only, since it walks all handles.
    mutating func countActiveReaders() {
        let memory = UInt64(settings.memory)
        let isRecent = counts.bytesServed - activeReadersAt < memory / 32
        guard !isRecent || handles.count != handlesThen else { return }
        activeReadersAt = counts.bytesServed
        handlesThen = handles.count
        activeReaders = handles.values.count { handle in
            counts.bytesServed - handle.lastTraffic < memory && !handle.ahead.tracks.isEmpty
        }
    }

    private func firstMissing(in content: Content, from start: Int64, to end: Int64) -> Int64 {
        let size = Int64(settings.blockSize)
        var block = Int(start / size)
        while Int64(block) * size < end {
            if needsFetch(content, block) { return max(start, Int64(block) * size) }
            block += 1
        }
        return end
    }
}
