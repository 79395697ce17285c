import Drive

/// A block on its way to the store; its slot is pinned until the store has taken it.
struct SavingBlock: Sendable {
    let key: ContentKey
    let block: Int
    let bytes: BlockBytes
    let slot: BlockPool.Index
}

/// A block that the store may have, and where it belongs.
struct LoadingBlock: Sendable {
    let key: ContentKey
    let block: Int
    let target: FillTarget
}

extension Shelf {
    /// A block has come from the drive. A store that cannot keep up misses some, so that memory stays bounded.
    mutating func offerToStore(_ slot: BlockPool.Index, _ actions: inout Actions) {
        guard hasStore, savingBlocks < max(1, settings.capacity / 8), pool[slot].isAttached,
            let content = contents[pool[slot].content]
        else { return }
        pin(slot)
        savingBlocks += 1
        let bytes = UnsafeRawBufferPointer(start: pool[slot].memory, count: pool[slot].length)
        actions.saves.append(
            SavingBlock(key: content.key, block: pool[slot].block, bytes: BlockBytes(bytes: bytes), slot: slot))
    }

    mutating func saved(_ block: SavingBlock, _ actions: inout Actions) {
        savingBlocks -= 1
        // Thrown away as wrong meanwhile: the store may have heard of that too early.
        if !pool[block.slot].isAttached { actions.drops.append(block.key) }
        unpin(block.slot, &actions)
    }

    /// The next block of a fetch, where it stands at the start of one.
    func loadingBlock(_ id: FetchID) -> LoadingBlock? {
        guard hasStore, let fetch = fetches[id], fetch.position % Int64(settings.blockSize) == 0,
            case .fill(let target) = fillStep(id), let content = contents[fetch.content]
        else { return nil }
        return LoadingBlock(key: content.key, block: Int(fetch.position / Int64(settings.blockSize)), target: target)
    }

    /// The blocks of a fetch that come after its next one.
    func laterBlocks(_ id: FetchID) -> (key: ContentKey, blocks: Range<Int>)? {
        guard hasStore, let fetch = fetches[id], let content = contents[fetch.content] else { return nil }
        let next = Int(fetch.position / Int64(settings.blockSize)) + 1
        let end = fetch.firstBlock + fetch.slots.count
        return next < end ? (content.key, next..<end) : nil
    }
}
