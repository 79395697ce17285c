import Basics
import Crypto
import Drive

/// How far the SHA-1 of a content has been computed: block after block from the start, as they come.
struct Verification {
    /// What the drive states; `nil` where it states nothing.
    let hash: ContentHash?
    let blockCount: Int
    var hasher = Insecure.SHA1()
    /// The next block to hash.
    var next = 0
    /// All blocks before this one are hashed, or in memory and kept there until they are.
    var ready = 0
    /// Somebody hashes right now.
    var isHashing = false
    var isVerified = false

    init(hash: ContentHash?, size: Int64, blockSize: Int) {
        self.hash = hash
        blockCount = Int((size + Int64(blockSize) - 1) / Int64(blockSize))
    }

    var isOn: Bool { hash != nil && !isVerified }
    /// Blocks wait in memory for being hashed.
    var isBehind: Bool { ready > next }

    /// The last block of a content that has been fetched in order is given out only when all of it has been found
    /// right: so a wrong file never reads to its end, and a file of one block is never given out wrong at all.
    func holdsBack(_ block: Int) -> Bool { isOn && block == blockCount - 1 && ready >= blockCount - 1 }

    mutating func restart() {
        hasher = Insecure.SHA1()
        next = 0
        ready = 0
        isVerified = false
    }
}

/// One block to hash, pinned in memory, and the hash of everything before it.
struct HashJob: Sendable {
    let bytes: BlockBytes
    var hasher: Insecure.SHA1
}

extension Shelf {
    /// A block has become whole: the hash may go on.
    mutating func blockIsWhole(_ block: Int, of id: ContentID, _ actions: inout Actions) {
        guard let check = contents[id]?.check, check.hash != nil else { return }
        if block == 0, !check.isHashing, check.isVerified || isStalled(check, id) { contents[id]?.check.restart() }
        guard contents[id]?.check.isOn == true else { return }
        while let ready = contents[id]?.check.ready, let slot = contents[id]?.blocks[ready], pool[slot].isWhole {
            pool[slot].isProtected = true
            pool.settle(slot)
            protectedBlocks += 1
            contents[id]?.check.ready += 1
        }
        if let check = contents[id]?.check, check.isBehind, !check.isHashing {
            contents[id]?.check.isHashing = true
            actions.hashes.append(id)
        }
    }

    /// The hash waits for a block that nobody fetches.
    private func isStalled(_ check: Verification, _ id: ContentID) -> Bool {
        guard check.next > 0, !check.isBehind else { return false }
        guard let slot = contents[id]?.blocks[check.next] else { return true }
        return pool[slot].fetch < 0
    }

    /// The next block to hash; `nil` ends the work for now.
    mutating func nextHashJob(_ id: ContentID) -> HashJob? {
        guard let check = contents[id]?.check, check.isBehind, let slot = contents[id]?.blocks[check.next] else {
            contents[id]?.check.isHashing = false
            dropIfUnused(id)
            return nil
        }
        let bytes = UnsafeRawBufferPointer(start: pool[slot].memory, count: pool[slot].length)
        return HashJob(bytes: BlockBytes(bytes: bytes), hasher: check.hasher)
    }

    /// The job has been done.
    mutating func hashed(_ id: ContentID, _ job: HashJob, _ actions: inout Actions) {
        guard let next = contents[id]?.check.next, let slot = contents[id]?.blocks[next] else { return }
        unprotect(slot)
        contents[id]?.check.hasher = job.hasher
        contents[id]?.check.next += 1
        if let check = contents[id]?.check, check.next == check.blockCount { conclude(id, check, &actions) }
        if isStarved { dispatch(&actions) }
    }

    private mutating func unprotect(_ slot: BlockPool.Index) {
        guard pool[slot].isProtected else { return }
        pool[slot].isProtected = false
        protectedBlocks -= 1
        pool.settle(slot)
    }

    private mutating func conclude(_ id: ContentID, _ check: Verification, _ actions: inout Actions) {
        if ContentHash(bytes: Array(check.hasher.finalize())) == check.hash {
            contents[id]?.check.isVerified = true
            counts.verified += 1
            wakeReaders(of: id, block: check.blockCount - 1, &actions)
        } else {
            throwAway(id, &actions)
        }
    }

    /// The bytes are wrong: they go, and are fetched once more; wrong again, they are refused until reopened.
    private mutating func throwAway(_ id: ContentID, _ actions: inout Actions) {
        guard var content = contents[id] else { return }
        counts.mismatches += 1
        content.mismatches += 1
        content.generation += 1
        content.isCorrupt = content.mismatches >= 2
        let slots = content.blocks.values
        content.blocks = [:]
        content.check.restart()
        let source = content.handles.sorted().compactMap { handles[$0]?.source }.first
        contents[id] = content
        for slot in slots {
            unprotect(slot)
            pool[slot].isAttached = false
            pool.settle(slot)
        }
        for fetch in content.fetches { stop(fetch, &actions) }
        actions.drops.append(content.key)
        if let source { actions.mismatches.append(Mismatch(source: source, isFinal: content.isCorrupt)) }
        for waiter in content.waiters {
            guard let waiting = waiters[waiter], let handle = handles[waiting.handle] else { continue }
            if let refusal = refusal(of: handle, content) { decide(waiter, .failed(refusal), &actions) }
        }
        dispatch(&actions)
    }
}
