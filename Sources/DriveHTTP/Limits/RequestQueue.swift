import Basics

/// Who goes next: foreground before background, each in the order of arrival. A background request that has waited
/// for long goes ahead of the foreground, but only every fourth time, so neither starves the other.
struct RequestQueue: Sendable {
    typealias ID = UInt64

    private struct Waiter {
        var id: ID
        var since: Moment
    }

    static let patience: Duration = .seconds(10)
    private static let foregroundRun = 3

    private var nextID: ID = 0
    private var lines: [Urgency: [Waiter]] = [:]
    private var alive: Set<ID> = []
    private var foregroundsInARow = 0

    var count: Int { alive.count }
    var isEmpty: Bool { alive.isEmpty }

    mutating func enter(_ urgency: Urgency, now: Moment) -> ID {
        nextID += 1
        lines[urgency, default: []].append(Waiter(id: nextID, since: now))
        alive.insert(nextID)
        return nextID
    }

    /// False when `id` has had its turn already.
    mutating func leave(_ id: ID) -> Bool {
        guard alive.remove(id) != nil else { return false }
        // Those who left stay in line as empty places; sweep when most places are empty.
        for (urgency, line) in lines where line.count > 2 * alive.count + 64 {
            lines[urgency] = line.filter { alive.contains($0.id) }
        }
        return true
    }

    mutating func next(now: Moment) -> ID? {
        let background = head(.background)
        let foreground = head(.foreground)
        guard let foreground else { return background.map { serve($0, .background) } }
        if let background, foregroundsInARow >= Self.foregroundRun, now - background.since >= Self.patience {
            return serve(background, .background)
        }
        return serve(foreground, .foreground)
    }

    private mutating func head(_ urgency: Urgency) -> Waiter? {
        guard var line = lines[urgency] else { return nil }
        guard let first = line.firstIndex(where: { alive.contains($0.id) }) else {
            lines[urgency] = nil
            return nil
        }
        guard first > 0 else { return line[0] }
        line.removeFirst(first)
        lines[urgency] = line
        return line[0]
    }

    private mutating func serve(_ waiter: Waiter, _ urgency: Urgency) -> ID {
        lines[urgency]?.removeFirst()
        alive.remove(waiter.id)
        foregroundsInARow = urgency == .foreground ? foregroundsInARow + 1 : 0
        return waiter.id
    }
}
