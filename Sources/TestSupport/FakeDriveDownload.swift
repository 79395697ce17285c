import Basics
import Drive

// Bodies: waiting for a stream, sending pieces, failing as scripted.
extension FakeDrive {
    public func download(
        _ link: DownloadLink, range: ByteRange, ofSize size: Int64, _ urgency: Urgency, into sink: any DownloadSink
    ) async throws(DriveError) {
        precondition(!range.isEmpty && range.upper <= size, "a range lies inside its object")
        let known = state.withLock { $0.links[link.url] }
        guard let known else { throw .download(.denied("SignatureDoesNotMatch")) }
        let response = try await begin(.download, known.object, urgency) {
            $0.range = range
            $0.stream = known.stream
        }
        try await takeStream(urgency)
        defer { giveStreamBack() }
        let current = state.withLock { $0.links[link.url]?.expires }
        if let current, current <= time.now() { throw .download(.expired) }
        let node: Node
        do { node = try find(known.object) } catch { throw .download(.gone) }
        guard let content = known.stream.map({ node.streams[$0] }) ?? node.content else { throw .download(.gone) }
        guard content.size == size else { throw .download(.wrongRange("total is \(content.size), not \(size)")) }
        try await send(content, range, response, of: known.object, into: sink)
    }

    private func send(
        _ content: FakeContent, _ range: ByteRange, _ response: FakeResponse, of object: ObjectID,
        into sink: any DownloadSink
    ) async throws(DriveError) {
        let (pieceSize, yields) = state.withLock { ($0.settings.pieceSize, $0.settings.yieldsBetweenPieces) }
        // Where the scripted stop is; an answer without one goes through to the end.
        let stops = response.error != nil || response.bodyGate != nil
        let stop = stops ? min(range.lower + response.bytesFirst, range.upper) : range.upper
        var offset = range.lower
        var hasStopped = !stops
        while true {
            if offset == stop, !hasStopped {
                hasStopped = true
                if let gate = response.bodyGate {
                    do { try await gate.pass() } catch {
                        state.withLock { $0.figures.endedEarly += 1 }
                        throw .cancelled
                    }
                }
                if let error = response.error { throw error }
            }
            if offset == range.upper { return }
            if Task.isCancelled {
                state.withLock { $0.figures.endedEarly += 1 }
                throw .cancelled
            }
            let end = min(offset + Int64(pieceSize), hasStopped ? range.upper : stop)
            let piece = Self.piece(content, ByteRange(offset, end), response.corrupted)
            // Noted first: whoever is woken by these bytes may look at the figures.
            note(end - offset, of: object)
            let wantsMore = piece.withUnsafeBytes { sink.receive($0) }
            if !wantsMore {
                if end < range.upper { state.withLock { $0.figures.endedEarly += 1 } }
                return
            }
            offset = end
            if yields { await Task.yield() }
        }
    }

    private static func piece(_ content: FakeContent, _ range: ByteRange, _ corrupted: Set<Int64>) -> [UInt8] {
        var bytes = content.bytes(in: range)
        for offset in corrupted where range.contains(offset) { bytes[Int(offset - range.lower)] ^= 0x55 }
        return bytes
    }

    private func note(_ count: Int64, of object: ObjectID) {
        state.withLock { state in
            state.figures.bytes += count
            state.figures.bytesByObject[object, default: 0] += count
        }
    }

    private func takeStream(_ urgency: Urgency) async throws(DriveError) {
        let id = state.withLock { state -> Int in
            state.nextID += 1
            return state.nextID
        }
        let granted = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let verdict = state.withLock { state -> Bool? in
                    if state.streamWaitersCancelledEarly.remove(id) != nil { return false }
                    if state.open < state.settings.streams {
                        state.noteOpened()
                        return true
                    }
                    state.streamWaiters.append(StreamWaiter(id: id, urgency: urgency, continuation: continuation))
                    return nil
                }
                if let verdict { continuation.resume(returning: verdict) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> StreamWaiter? in
                guard let index = state.streamWaiters.firstIndex(where: { $0.id == id }) else {
                    state.streamWaitersCancelledEarly.insert(id)
                    return nil
                }
                return state.streamWaiters.remove(at: index)
            }
            waiter?.continuation.resume(returning: false)
        }
        if !granted { throw .cancelled }
    }

    private func giveStreamBack() {
        state.withLock { $0.open -= 1 }
        grantStreams()
    }

    /// Lets those in line have the free streams, foreground first.
    func grantStreams() {
        let granted = state.withLock { state -> [StreamWaiter] in
            var granted: [StreamWaiter] = []
            while state.open < state.settings.streams, !state.streamWaiters.isEmpty {
                let best = state.streamWaiters.firstIndex { $0.urgency == .foreground } ?? 0
                granted.append(state.streamWaiters.remove(at: best))
                state.noteOpened()
            }
            return granted
        }
        for waiter in granted { waiter.continuation.resume(returning: true) }
    }
}

extension FakeDrive.State {
    fileprivate mutating func noteOpened() {
        open += 1
        figures.mostOpen = max(figures.mostOpen, open)
    }
}
