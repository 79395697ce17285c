import Basics
import Drive
import Logging

// One fetch, from its link to its last byte: carries out what `FetchMachine` decides.
extension ContentReader {
    func run(_ id: FetchID) async {
        await load(id)
        guard let source = look({ $0.fetches[id]?.source }) else { return }
        var machine = FetchMachine(policy: policy)
        if look({ $0.isOver(id) }) { return end(id, nil, machine) }
        var link: DownloadLink?
        var action = machine.handle(.started, isWaitedFor: true, jitter: 0)
        while true {
            let event: FetchMachine.Event
            switch action {
            case .link(let renew): (event, link) = await getLink(id, source, renew ? link : nil, machine.trouble)
            case .download: event = await download(id, link)
            case .sleep(let delay): event = await sleep(id, delay, machine.trouble)
            case .checkObject: event = await check(source)
            case .finish: return end(id, nil, machine)
            case .fail(let error): return end(id, error, machine)
            }
            let (isStopped, isWaitedFor) = look { ($0.fetches[id]?.isStopped ?? true, $0.isWaitedFor(id)) }
            if isStopped { return end(id, nil, machine) }
            action = machine.handle(event, isWaitedFor: isWaitedFor, jitter: jitter())
            log(event, action, source)
        }
    }

    private func end(_ id: FetchID, _ error: ReadError?, _ machine: FetchMachine) {
        let allowed = drive.health().streamsAllowed
        change { shelf, actions in
            shelf.streams = max(1, min(shelf.settings.streams, allowed))
            shelf.ended(id, error, retries: machine.retries, &actions)
        }
    }

    private func getLink(
        _ id: FetchID, _ source: ContentSource, _ old: DownloadLink?, _ trouble: ReadError?
    ) async -> (FetchMachine.Event, DownloadLink?) {
        change { $0.setPhase(id, .linking, trouble: trouble, &$1) }
        do {
            // Foreground even when only reading ahead: a reader is close behind, and a request that began in the
            // background would have to be made twice for it.
            let link = try await links.link(for: source.object, stream: source.stream, replacing: old, .foreground)
            return (.linked, link)
        } catch {
            return (.linkFailed(error), old)
        }
    }

    private func download(_ id: FetchID, _ link: DownloadLink?) async -> FetchMachine.Event {
        guard let link else { return .linkFailed(.malformedAnswer("no link")) }
        await turn(id)
        let limit = nextStored(id)
        guard let request = look({ $0.beginRequest(id, upTo: limit) }) else {
            return .bodyEnded(moved: 0, complete: true)
        }
        let sink = FetchSink(reader: self, fetch: id, target: request.target)
        var failure: DriveError?
        do {
            try await drive.download(
                link, range: request.range, ofSize: request.source.size, request.urgency, into: sink)
        } catch {
            failure = error
        }
        let moved = look { ($0.fetches[id]?.position ?? request.range.lower) - request.range.lower }
        if let failure { return .bodyFailed(failure, moved: moved) }
        if moved == request.range.count { await load(id) }
        let isComplete = look { $0.isOver(id) }
        if !isComplete, moved == request.range.count { return .linked }
        return .bodyEnded(moved: moved, complete: isComplete)
    }

    /// Waits for one of the streams.
    private func turn(_ id: FetchID) async {
        if change({ $0.askForStream(id, &$1) }) { return }
        await withCheckedContinuation { continuation in
            if look({ $0.parkForStream(id, continuation) }) { continuation.resume() }
        }
    }

    private func sleep(_ id: FetchID, _ delay: Duration, _ trouble: ReadError?) async -> FetchMachine.Event {
        change { $0.setPhase(id, .sleeping, trouble: trouble, &$1) }
        // Cancelled only when the fetch is stopped, which is looked at next.
        do { try await time.sleep(for: delay) } catch { return .slept }
        return .slept
    }

    /// Whether the drive still has what was opened.
    private func check(_ source: ContentSource) async -> FetchMachine.Event {
        do {
            let file = try await drive.file(source.object, .foreground)
            if file.isTrashed { return .objectGone("the file is in the recycle bin") }
            if let stream = source.stream {
                let now = file.streams.first { $0.name == stream }
                return now?.size == source.size ? .objectPresent : .objectGone("the photo has other streams now")
            }
            if file.size != source.size { return .objectGone("the file has another size now") }
            if let hash = source.contentHash, let now = file.contentHash, hash != now {
                return .objectGone("the file has other content now")
            }
            return .objectPresent
        } catch {
            return .checkFailed(error)
        }
    }

    // MARK: - The store

    /// Takes blocks from the store as long as it has the next one.
    private func load(_ id: FetchID) async {
        guard let store else { return }
        while let next = look({ $0.loadingBlock(id) }), store.mayHold(next.key, block: next.block),
            await store.load(next.key, block: next.block, into: ReadTarget(next.target.room))
        {
            change { _ = $0.filled(id, next.target.room.count, loaded: true, &$1) }
        }
    }

    /// Where the next block begins that the store has, so that the drive is not asked for it.
    private func nextStored(_ id: FetchID) -> Int64 {
        guard let store, let later = look({ $0.laterBlocks(id) }) else { return .max }
        let blockSize = look { Int64($0.settings.blockSize) }
        guard let block = later.blocks.first(where: { store.mayHold(later.key, block: $0) }) else { return .max }
        return Int64(block) * blockSize
    }

    private func log(_ event: FetchMachine.Event, _ action: FetchMachine.Action, _ source: ContentSource) {
        switch event {
        case .started, .linked, .slept, .objectPresent, .bodyEnded(_, complete: true): return
        case .linkFailed, .bodyFailed, .bodyEnded, .objectGone, .checkFailed: break
        }
        let level: Logger.Level = if case .fail = action { .warning } else { .debug }
        logger.log(
            level: level, "a fetch met trouble",
            metadata: [
                "file_id": "\(source.object.file.rawValue)", "trouble": "\(event)", "next": "\(action)",
            ])
    }
}
