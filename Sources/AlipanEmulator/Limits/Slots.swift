/// Open download bodies of the account, over all files and links (contract 6.5).
struct Slots: Sendable {
    private var open: Set<Int> = []
    private var lingering: [Milliseconds] = []
    private var nextID = 0
    private(set) var mostOpen = 0

    var openCount: Int { open.count }

    /// A ticket to hand back with `leave`, or nil if every slot is taken.
    mutating func enter(most: Int, now: Milliseconds) -> Int? {
        lingering.removeAll { $0 <= now }
        guard open.count + lingering.count < most else { return nil }
        nextID += 1
        open.insert(nextID)
        mostOpen = max(mostOpen, open.count)
        return nextID
    }

    /// Safe to call twice with the same ticket.
    mutating func leave(_ ticket: Int, lingerUntil: Milliseconds, now: Milliseconds) {
        guard open.remove(ticket) != nil, lingerUntil > now else { return }
        lingering.append(lingerUntil)
    }

    mutating func resetPeak() { mostOpen = open.count }
}
