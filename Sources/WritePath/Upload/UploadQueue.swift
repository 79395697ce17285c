import Basics
import DequeModule
import HeapModule
import MetadataStore

/// Whose turn it is: drafts wait for their time, then in line for one of the few places. A value.
struct UploadQueue {
    private struct Timer: Comparable {
        let at: Moment
        let id: DraftID
        static func < (a: Timer, b: Timer) -> Bool { (a.at, a.id) < (b.at, b.id) }
    }

    private let places: Int
    private var timers = Heap<Timer>()
    /// The time that counts for a draft; timers of other times are left over from earlier and void.
    private var times: [DraftID: Moment] = [:]
    /// With those that were forgotten since they came, and with whom it is not their first place.
    private var line: Deque<(id: DraftID, ticket: UInt64)> = []
    /// Whose place counts, by its ticket.
    private var inLine: [DraftID: UInt64] = [:]
    private var nextTicket: UInt64 = 0
    private(set) var running: Set<DraftID> = []
    /// Wanted again while they ran.
    private var again: [DraftID: Moment] = [:]

    init(places: Int) { self.places = places }

    /// `id` wants a turn at `moment`; what was set before no longer counts.
    mutating func schedule(_ id: DraftID, at moment: Moment) {
        if running.contains(id) {
            again[id] = moment
            return
        }
        if inLine[id] != nil { return }
        times[id] = moment
        timers.insert(Timer(at: moment, id: id))
    }

    /// Those that may run now; they are entered as running.
    mutating func due(at now: Moment) -> [DraftID] {
        while let first = timers.min, first.at <= now {
            timers.removeMin()
            guard times[first.id] == first.at else { continue }
            times[first.id] = nil
            nextTicket += 1
            inLine[first.id] = nextTicket
            line.append((first.id, nextTicket))
        }
        var due: [DraftID] = []
        while running.count < places, let next = line.popFirst() {
            guard inLine[next.id] == next.ticket else { continue }
            inLine[next.id] = nil
            running.insert(next.id)
            due.append(next.id)
        }
        return due
    }

    /// It runs now, whoever else does.
    mutating func begin(_ id: DraftID) {
        forget(id)
        running.insert(id)
    }

    /// Its turn is over. Wanted again at `next`, or earlier where somebody said so meanwhile.
    mutating func ended(_ id: DraftID, next: Moment? = nil) {
        running.remove(id)
        if let moment = [again.removeValue(forKey: id), next].compactMap(\.self).min() { schedule(id, at: moment) }
    }

    mutating func forget(_ id: DraftID) {
        times[id] = nil
        again[id] = nil
        inLine[id] = nil
    }

    /// When to look again, if nothing happens before.
    var nextTime: Moment? { timers.min?.at }
}
