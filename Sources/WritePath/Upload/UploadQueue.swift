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
    private var line: Deque<DraftID> = []
    private var inLine: Set<DraftID> = []
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
        if inLine.contains(id) { return }
        times[id] = moment
        timers.insert(Timer(at: moment, id: id))
    }

    /// Those that may run now; they are entered as running.
    mutating func due(at now: Moment) -> [DraftID] {
        while let first = timers.min, first.at <= now {
            timers.removeMin()
            guard times[first.id] == first.at else { continue }
            times[first.id] = nil
            inLine.insert(first.id)
            line.append(first.id)
        }
        var due: [DraftID] = []
        while running.count < places, let next = line.popFirst() {
            inLine.remove(next)
            running.insert(next)
            due.append(next)
        }
        return due
    }

    /// It runs now, whoever else does.
    mutating func begin(_ id: DraftID) {
        forget(id)
        running.insert(id)
    }

    mutating func ended(_ id: DraftID) {
        running.remove(id)
        if let moment = again.removeValue(forKey: id) { schedule(id, at: moment) }
    }

    mutating func forget(_ id: DraftID) {
        times[id] = nil
        again[id] = nil
        if inLine.remove(id) != nil { line.removeAll { $0 == id } }
    }

    /// When to look again, if nothing happens before.
    var nextTime: Moment? { timers.min?.at }
}
