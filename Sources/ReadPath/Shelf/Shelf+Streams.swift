import Basics
import Drive

// Which fetches have one of the streams that the drive allows, and which stand in line here. The line is kept here
// and not at the drive, so that a fetch that somebody begins to wait for moves forward in it.
extension Shelf {
    /// How long a fetch runs undisturbed while another reader has no stream: with and without a waiter of its own.
    static let turn = Duration.seconds(2)
    static let idleTurn = Duration.milliseconds(250)

    /// Downloads that hold a stream.
    var streaming: Int { fetches.values.count { $0.phase == .downloading } }

    /// Streams that reading ahead may hold: one stays free for a reader with other wishes, where there are three
    /// or more.
    var mostBackground: Int { streams >= 3 ? streams - 1 : streams }

    /// A fetch has its link and wants to download. True when it may, or has been stopped.
    mutating func askForStream(_ id: FetchID, _ actions: inout Actions) -> Bool {
        guard let fetch = fetches[id], !fetch.isStopped else { return true }
        if fetch.phase == .downloading { return true }
        fetches[id]?.phase = .queued
        dispatch(&actions)
        return hasStream(id)
    }

    /// Keeps the place in line; true when its turn has come meanwhile.
    mutating func parkForStream(_ id: FetchID, _ continuation: CheckedContinuation<Void, Never>) -> Bool {
        if hasStream(id) { return true }
        fetches[id]?.admission = continuation
        return false
    }

    private func hasStream(_ id: FetchID) -> Bool {
        guard let fetch = fetches[id], !fetch.isStopped else { return true }
        return fetch.phase == .downloading
    }

    /// Gives free streams to those in line, readers' fetches first. False when a reader's fetch has to wait.
    mutating func admit(_ actions: inout Actions) -> Bool {
        let line = fetches.filter { $0.value.phase == .queued && !$0.value.isStopped }.keys.sorted()
        guard !line.isEmpty else { return true }
        var streaming = streaming
        let (waited, others) = (line.filter(isWaitedFor), line.filter { !isWaitedFor($0) })
        for id in waited + others {
            let isWaited = isWaitedFor(id)
            guard streaming < (isWaited ? streams : mostBackground) else { return !isWaited }
            streaming += 1
            fetches[id]?.phase = .downloading
            fetches[id]?.urgency = isWaited ? .foreground : .background
            extend(id)
            if let admission = fetches[id]?.admission {
                fetches[id]?.admission = nil
                actions.admissions.append(admission)
            }
        }
        return true
    }

    mutating func setPhase(_ id: FetchID, _ phase: Fetch.Phase, trouble: ReadError?, _ actions: inout Actions) {
        guard let fetch = fetches[id] else { return }
        fetches[id]?.phase = phase
        fetches[id]?.trouble = trouble
        // A stream has come free.
        if fetch.phase == .downloading, phase != .downloading { dispatch(&actions) }
    }

    // MARK: - Giving way

    /// How readily a fetch makes room for a reader without one; `nil` when it may go on.
    func mayGiveWay(_ id: FetchID, at now: Moment) -> Int? {
        guard let fetch = fetches[id], !fetch.isStopped else { return nil }
        let age = now - fetch.startedAt
        if !isWaitedFor(id) {
            if fetch.urgency == .background { return 0 }
            return age >= Self.idleTurn ? 1 : nil
        }
        return age >= Self.turn ? 2 : nil
    }

    /// Readers wait and have no stream, or no memory: one fetch that is less urgent stops.
    mutating func stopOneForWaiters(_ actions: inout Actions) {
        guard !fetches.values.contains(where: \.isStopped) else { return }
        let now = time.now()
        let ranked = fetches.keys.compactMap { id in mayGiveWay(id, at: now).map { (rank: $0, id: id) } }
        if let first = ranked.min(by: { ($0.rank, $0.id) < ($1.rank, $1.id) }) { stop(first.id, &actions) }
    }

    /// A reader waits for a background request that still stands in line at the drive, behind others: it is taken
    /// back and made anew, in the foreground. One that was made a moment ago is merely on its way, and left alone:
    /// taking it back would throw away what the drive is sending already.
    mutating func checkQueued(_ ids: [FetchID], openStreams: Int, _ actions: inout Actions) {
        let asked = fetches.values.count { $0.phase == .downloading }
        guard asked > openStreams else { return }
        for id in ids {
            guard let fetch = fetches[id], fetch.phase == .downloading, fetch.received == 0,
                fetch.urgency == .background, time.now() - fetch.startedAt >= Self.idleTurn
            else { continue }
            stop(id, &actions)
        }
    }
}
