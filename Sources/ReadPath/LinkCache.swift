import Basics
import Drive
import Synchronization

/// Download links by object, for their whole life: the dearest request there is, one a second for the account
/// (contract 6.1).
///
/// One request serves all streams of an object and all who want it. A request that nobody waits for any more is
/// taken back. Near the end of its life a link that is still asked for is renewed in the background; that request
/// is made anew in the foreground when somebody has to wait for it. May be used from any thread.
final class LinkCache: Sendable {
    private struct Entry {
        var links: DownloadLinks
        var askedAt: Moment
    }

    private struct Ask {
        let flight: Flight<DownloadLinks, DriveError>
        var task: Task<Void, Never>?
        var urgency: Urgency
        var attempt: Int
        var waiting: Int
        /// Asked ahead of need: goes on without anybody waiting.
        var isRenewal: Bool
    }

    private struct State {
        var entries: [ObjectID: Entry] = [:]
        var asks: [ObjectID: Ask] = [:]
        var asked: UInt64 = 0
    }

    private enum Plan {
        case use(DownloadLink)
        case wait(Flight<DownloadLinks, DriveError>)
    }

    /// Not used in the last minute of its life, or in the last quarter of a shorter one.
    private static let margin = Duration.seconds(60)
    private static let mostEntries = 4096

    private let drive: any Drive
    private let time: any TimeSource
    private let state = Mutex(State())

    init(drive: any Drive, time: any TimeSource) {
        self.drive = drive
        self.time = time
    }

    /// Requests made so far.
    var asked: UInt64 { state.withLock { $0.asked } }

    /// The link of an object, or of one stream of a live photo; other than `old`, which has not worked.
    func link(
        for object: ObjectID, stream: String?, replacing old: DownloadLink?, _ urgency: Urgency
    ) async throws(DriveError) -> DownloadLink {
        switch decide(object, stream, old, urgency) {
        case .use(let link): return link
        case .wait(let flight):
            defer { leave(object, flight) }
            let links = try await Self.result(of: flight)
            guard let link = Self.pick(stream, from: links) else {
                throw .malformedAnswer("the drive gave no link for this content")
            }
            return link
        }
    }
}

extension LinkCache {
    private func decide(
        _ object: ObjectID, _ stream: String?, _ old: DownloadLink?, _ urgency: Urgency
    ) -> Plan {
        let now = time.now()
        let (plan, stale) = state.withLock { state -> (Plan, Task<Void, Never>?) in
            if let entry = state.entries[object], let link = Self.pick(stream, from: entry.links), link != old {
                let margin = min(Self.margin, (link.expires - entry.askedAt) / 4)
                if now + margin < link.expires {
                    if now + margin * 2 >= link.expires { renew(object, &state) }
                    return (.use(link), nil)
                }
            }
            var ask = state.asks[object]
                ?? Ask(flight: Flight(time: time), urgency: urgency, attempt: 0, waiting: 0, isRenewal: false)
            ask.waiting += 1
            var stale: Task<Void, Never>?
            if ask.attempt == 0 || urgency > ask.urgency {
                stale = ask.task
                ask.urgency = urgency
                send(&ask, for: object, &state)
            }
            state.asks[object] = ask
            return (.wait(ask.flight), stale)
        }
        stale?.cancel()
        return plan
    }

    private func renew(_ object: ObjectID, _ state: inout State) {
        guard state.asks[object] == nil else { return }
        var ask = Ask(flight: Flight(time: time), urgency: .background, attempt: 0, waiting: 0, isRenewal: true)
        send(&ask, for: object, &state)
        state.asks[object] = ask
    }

    private func send(_ ask: inout Ask, for object: ObjectID, _ state: inout State) {
        state.asked += 1
        ask.attempt += 1
        let (urgency, attempt) = (ask.urgency, ask.attempt)
        ask.task = Task { [drive] in
            do throws(DriveError) {
                let links = try await drive.downloadLinks(for: object, urgency)
                self.landed(object, attempt, .success(links))
            } catch {
                self.landed(object, attempt, .failure(error))
            }
        }
    }

    private func landed(_ object: ObjectID, _ attempt: Int, _ result: Result<DownloadLinks, DriveError>) {
        let now = time.now()
        let flight = state.withLock { state -> Flight<DownloadLinks, DriveError>? in
            guard let ask = state.asks[object], ask.attempt == attempt else { return nil }
            state.asks[object] = nil
            if case .success(let links) = result {
                if state.entries.count >= Self.mostEntries { Self.thinOut(&state, at: now) }
                state.entries[object] = Entry(links: links, askedAt: now)
            }
            return ask.flight
        }
        flight?.complete(result)
    }

    /// One who waited is gone, with a link or without.
    private func leave(_ object: ObjectID, _ flight: Flight<DownloadLinks, DriveError>) {
        let unwanted = state.withLock { state -> Task<Void, Never>? in
            guard var ask = state.asks[object], ask.flight === flight else { return nil }
            ask.waiting -= 1
            if ask.waiting == 0, !ask.isRenewal {
                state.asks[object] = nil
                return ask.task
            }
            state.asks[object] = ask
            return nil
        }
        unwanted?.cancel()
    }

    /// Links that are dead go; if that is not enough, the oldest quarter.
    private static func thinOut(_ state: inout State, at now: Moment) {
        state.entries = state.entries.filter { entry in
            let links = [entry.value.links.whole].compactMap { $0 } + entry.value.links.streams.values
            return links.contains { $0.expires > now }
        }
        guard state.entries.count >= mostEntries else { return }
        let oldest = state.entries.sorted { $0.value.askedAt < $1.value.askedAt }.prefix(mostEntries / 4)
        for entry in oldest { state.entries[entry.key] = nil }
    }

    private static func pick(_ stream: String?, from links: DownloadLinks) -> DownloadLink? {
        guard let stream else { return links.whole }
        return links.streams[stream]
    }

    private static func result(
        of flight: Flight<DownloadLinks, DriveError>
    ) async throws(DriveError) -> DownloadLinks {
        do {
            return try await flight.value()
        } catch {
            switch error {
            case .failed(let failure): throw failure
            case .cancelled: throw .cancelled
            case .deadlinePassed: throw .deadlinePassed
            }
        }
    }
}
