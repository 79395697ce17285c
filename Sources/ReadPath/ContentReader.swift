import Basics
import Drive
import Logging
import Synchronization

/// Turns the contents of the drive into bytes: one for a mount.
///
/// Reads are answered from memory, from fetches under way as soon as the bytes come, or by new fetches; fetches
/// heal what can be healed (contract 6.4), and the drive's SHA-1 is checked when a content has been fetched whole.
/// May be used from any thread. Decisions are taken by `Shelf` under one lock; this carries them out.
public final class ContentReader: Sendable {
    let drive: any Drive
    let time: any TimeSource
    let store: (any BlockStore)?
    let logger: Logger
    let links: LinkCache
    let policy: RetryPolicy
    /// Values in `0 ..< 1`, to spread retries.
    let jitter: @Sendable () -> Double
    private let onMismatch: @Sendable (ContentSource) -> Void
    private let shelf: Mutex<Shelf>
    private let alarm = Mutex<Task<Void, Never>?>(nil)

    /// - Parameters:
    ///   - store: a second home for blocks, or `nil`.
    ///   - jitter: values in `0 ..< 1`; called from any thread.
    ///   - onMismatch: told when bytes that may have been given out proved wrong, so that copies of them elsewhere
    ///     (the kernel's pages) can be dropped. Called from any thread; must not call back.
    public init(
        drive: any Drive, time: any TimeSource, settings: ReaderSettings = ReaderSettings(),
        store: (any BlockStore)? = nil, logger: Logger, jitter: @escaping @Sendable () -> Double,
        onMismatch: @escaping @Sendable (ContentSource) -> Void = { _ in }
    ) {
        self.drive = drive
        self.time = time
        self.store = store
        self.logger = logger
        self.jitter = jitter
        self.onMismatch = onMismatch
        policy = RetryPolicy()
        links = LinkCache(drive: drive, time: time)
        shelf = Mutex(Shelf(settings: settings, time: time, hasStore: store != nil))
    }

    /// Opens a content; nothing is fetched before the first read.
    public func open(_ source: ContentSource) -> OpenContent {
        let handle = shelf.withLock { $0.open(source) }
        return OpenContent(source: source, reader: self, handle: handle)
    }

    /// Ends all reads with `.interrupted` and stops all fetches. Later reads are interrupted too.
    public func shutDown() {
        change { $0.shutDown(&$1) }
        alarm.withLock {
            $0?.cancel()
            $0 = nil
        }
    }

    public func statistics() -> ReadStatistics {
        let asked = links.asked
        return shelf.withLock { shelf in
            let counts = shelf.counts
            return ReadStatistics(
                bytesServed: counts.bytesServed, bytesFetched: counts.bytesFetched, bytesLoaded: counts.bytesLoaded,
                readsServedAtOnce: counts.readsServedAtOnce, readsThatWaited: counts.readsThatWaited,
                fetches: counts.fetches, retries: counts.retries, failedFetches: counts.failedFetches,
                linksAsked: asked, verified: counts.verified, mismatches: counts.mismatches,
                memoryInUse: shelf.pool.inUse * shelf.settings.blockSize, memoryAllocated: shelf.pool.allocated,
                activeFetches: shelf.fetches.count, openHandles: shelf.handles.count)
        }
    }
}

// MARK: - For open contents

extension ContentReader {
    func beginRead(_ handle: HandleID, _ range: ByteRange, until deadline: Moment) -> ReadStep {
        change { $0.beginRead(handle, range, until: deadline, &$1) }
    }

    func step(
        _ handle: HandleID, _ range: ByteRange, releasing slot: BlockPool.Index?, until deadline: Moment
    ) -> ReadStep {
        change { $0.step(handle, range, releasing: slot, until: deadline, &$1) }
    }

    func wait(_ id: WaiterID) async -> Wake {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if let early = shelf.withLock({ $0.park(id, continuation) }) { continuation.resume(returning: early) }
            }
        } onCancel: {
            change { $0.cancel(id, &$1) }
        }
    }

    func close(_ handle: HandleID) { change { $0.close(handle, &$1) } }

    /// Bytes have come; called on the client's event loop.
    func filled(_ fetch: FetchID, _ count: Int) -> FillStep {
        change { $0.filled(fetch, count, &$1) }
    }
}

// MARK: - Carrying out what the shelf decides

extension ContentReader {
    /// One event: decided under the lock, carried out after it.
    @discardableResult
    func change<Result: Sendable>(_ event: (inout Shelf, inout Actions) -> Result) -> Result {
        let (result, actions) = shelf.withLock { shelf in
            var actions = Actions()
            let result = event(&shelf, &actions)
            return (result, actions)
        }
        if !actions.isEmpty { perform(actions) }
        return result
    }

    func look<Result: Sendable>(_ question: (inout Shelf) -> Result) -> Result {
        shelf.withLock { question(&$0) }
    }

    private func perform(_ actions: Actions) {
        for (continuation, wake) in actions.wakes { continuation.resume(returning: wake) }
        for admission in actions.admissions { admission.resume() }
        for task in actions.stops { task.cancel() }
        for id in actions.starts { start(id) }
        for id in actions.hashes { Task { await self.hash(id) } }
        for block in actions.saves { Task(priority: .utility) { await self.save(block) } }
        for key in actions.drops { store?.drop(key) }
        for mismatch in actions.mismatches { report(mismatch) }
        if let deadline = actions.alarm { setAlarm(deadline) }
        if !actions.queuedChecks.isEmpty {
            let open = drive.health().streamsOpen
            change { $0.checkQueued(actions.queuedChecks, openStreams: open, &$1) }
        }
    }

    private func start(_ id: FetchID) {
        let task = Task { await self.run(id) }
        change { $0.setTask(task, of: id, &$1) }
    }

    private func setAlarm(_ deadline: Moment) {
        let task = Task { [weak self, time] in
            var next: Moment? = deadline
            while let due = next {
                do { try await time.sleep(until: due) } catch { return }
                guard let self else { return }
                next = self.change { $0.expire(at: time.now(), &$1) }
            }
        }
        let old = alarm.withLock { alarm in
            defer { alarm = task }
            return alarm
        }
        old?.cancel()
    }

    private func hash(_ id: ContentID) async {
        while var job = look({ $0.nextHashJob(id) }) {
            job.hasher.update(bufferPointer: job.bytes.bytes)
            change { [job] in $0.hashed(id, job, &$1) }
            await Task.yield()
        }
    }

    private func save(_ block: SavingBlock) async {
        await store?.save(block.key, block: block.block, block.bytes.bytes)
        change { $0.saved(block, &$1) }
    }

    private func report(_ mismatch: Mismatch) {
        logger.error(
            "content does not have the SHA-1 that the drive states",
            metadata: [
                "file_id": "\(mismatch.source.object.file.rawValue)", "size": "\(mismatch.source.size)",
                "sha1": "\(mismatch.source.contentHash?.hex ?? "")",
                "then": "\(mismatch.isFinal ? "refused until reopened" : "fetched once more")",
            ])
        onMismatch(mismatch.source)
    }
}

extension Actions {
    var isEmpty: Bool {
        let ofReading = wakes.isEmpty && alarm == nil
        let ofFetching = starts.isEmpty && stops.isEmpty && admissions.isEmpty && queuedChecks.isEmpty
        let ofBlocks = hashes.isEmpty && saves.isEmpty && drops.isEmpty && mismatches.isEmpty
        return ofReading && ofFetching && ofBlocks
    }
}
