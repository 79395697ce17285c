import Basics
import Testing

@testable import DriveHTTP

@Suite struct SlotTableTests {
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    /// Requests as fast as the table lets them go, with a random way there and back: when each left and when the
    /// server saw it. Asked all the time, as by many callers.
    private func run(
        perSecond: Double, seconds: Int64, transit: ClosedRange<Int64>, back: ClosedRange<Int64>, seed: UInt64
    ) -> [Int64] {
        var random = Random(state: seed)
        let rule = SlotTable.Rule(perSecond: perSecond)
        var table = SlotTable()
        var (now, end) = (Moment(sinceBoot: .seconds(50)), Moment(sinceBoot: .seconds(50 + seconds)))
        var pending: [(at: Moment, event: SlotTable.Event, ticket: Int)] = []
        var tickets: [SlotTable.Ticket] = []
        var arrivals: [Int64] = []
        while now < end {
            while let next = pending.indices.min(by: { pending[$0].at < pending[$1].at }), pending[next].at <= now {
                let (_, event, ticket) = pending.remove(at: next)
                tickets[ticket] = table.note(event, tickets[ticket], rule)
            }
            switch table.take(rule, now: now) {
            case .success(let ticket):
                // Connecting may take a while before the request leaves.
                let sent = now + .milliseconds(Int64.random(in: 0...40, using: &random))
                let arrival = sent + .milliseconds(Int64.random(in: transit, using: &random))
                let answer = arrival + .milliseconds(Int64.random(in: back, using: &random))
                arrivals.append(arrival.nanoseconds)
                tickets.append(ticket)
                pending.append((sent, .sent(at: sent), tickets.count - 1))
                pending.append((answer, .answered(sent: sent, now: answer), tickets.count - 1))
            case .failure(let later):
                now = min(later.at, pending.map(\.at).filter { $0 > now }.min() ?? later.at)
            }
        }
        return arrivals.sorted()
    }

    /// `nil` when a slot was free, else when to ask again.
    private func refusal(_ table: inout SlotTable, _ rate: Double, _ now: Moment) -> Moment? {
        switch table.take(SlotTable.Rule(perSecond: rate), now: now) {
        case .success: nil
        case .failure(let later): later.at
        }
    }

    /// The most that any window of this length saw.
    private func most(_ arrivals: [Int64], in window: Int64) -> Int {
        var (start, most) = (0, 0)
        for end in arrivals.indices {
            while arrivals[end] - arrivals[start] >= window { start += 1 }
            most = max(most, end - start + 1)
        }
        return most
    }

    @Test(arguments: [1.0, 4, 15, 0.5, 3.9], [UInt64(1), 2, 3])
    func noSecondAtTheServerSeesMoreThanTheLimit(rate: Double, seed: UInt64) {
        let arrivals = run(perSecond: rate, seconds: 120, transit: 1...499, back: 0...3_000, seed: seed)
        #expect(most(arrivals, in: 1_000_000_000) <= Int(rate.rounded(.up)))
        #expect(most(arrivals, in: 10_000_000_000) <= Int((rate * 10).rounded(.up)))
        #expect(arrivals.count > Int(rate * 120 / 2))
    }

    @Test(arguments: [1.0, 4, 15])
    func onAShortWayThroughputIsNearTheLimit(rate: Double) {
        let arrivals = run(perSecond: rate, seconds: 100, transit: 5...15, back: 5...20, seed: 9)
        #expect(Double(arrivals.count) > rate * 100 * 0.93)
    }

    @Test func anIdleClientMaySendAllAtOnce() {
        var table = SlotTable()
        let now = Moment(sinceBoot: .seconds(5))
        let refusals = (0..<5).map { _ in refusal(&table, 4, now) }
        #expect(refusals == [nil, nil, nil, nil, now + SlotTable.unsentBound])
    }

    @Test func fractionsBecomeLongerPeriods() {
        #expect(SlotTable.Rule(perSecond: 0.5).slots == 1)
        #expect(SlotTable.Rule(perSecond: 0.5).period == .seconds(2))
        #expect(SlotTable.Rule(perSecond: 3.9).slots == 4)
        #expect(SlotTable.Rule(perSecond: 3.9).period > .milliseconds(1_025))
        #expect(SlotTable.Rule(perSecond: .nan).slots == 1)
    }

    @Test func theSlotOfADeadProcessComesFree() throws {
        var table = SlotTable()
        let rule = SlotTable.Rule(perSecond: 1)
        let now = Moment(sinceBoot: .seconds(5))
        let ticket = try table.take(rule, now: now).get()
        let early = refusal(&table, 1, now + .seconds(11))
        #expect(early == now + SlotTable.unsentBound)
        let second = try table.take(rule, now: now + .seconds(12)).get()
        // The first holder was only slow: it must not free what is another's now.
        _ = table.note(.unused(now: now + .seconds(12)), ticket, rule)
        let still = refusal(&table, 1, now + .seconds(13))
        #expect(still != nil)
        _ = table.note(.unused(now: now + .seconds(13)), second, rule)
        let free = refusal(&table, 1, now + .seconds(13))
        #expect(free == nil)
    }

    @Test func valuesOfAnEarlierBootAreDropped() {
        var table = SlotTable()
        table.busyUntil = table.busyUntil.map { _ in Int64.max }
        (table.pausedUntil, table.strikes, table.lastStrike) = (Int64.max, 999, Int64.max)
        let rule = SlotTable.Rule(perSecond: 4)
        let free = refusal(&table, 4, Moment(sinceBoot: .seconds(3)))
        #expect(free == nil)
        #expect(table.strikes == 0 && table.pausedUntil == 0)
        #expect(table.period(rule, now: Moment(sinceBoot: .seconds(3))) == .seconds(1))
    }

    @Test func throttlingPausesDoublesSlowsAndIsForgiven() {
        var table = SlotTable()
        let rule = SlotTable.Rule(perSecond: 4)
        var now = Moment(sinceBoot: .seconds(100))
        var pauses: [Duration] = []
        for _ in 0..<6 {
            table.throttled(after: nil, jitter: 0, now: now)
            pauses.append(Moment(nanoseconds: table.pausedUntil) - now)
            now = Moment(nanoseconds: table.pausedUntil)
        }
        #expect(pauses == [1, 2, 4, 8, 16, 30].map { .seconds($0) })
        #expect(table.period(rule, now: now) == .seconds(4))
        #expect(table.period(rule, now: now + .seconds(600)) == .seconds(1))
    }

    @Test func answersToOneBurstCountOnce() {
        var table = SlotTable()
        let now = Moment(sinceBoot: .seconds(100))
        for _ in 0..<4 { table.throttled(after: .milliseconds(700), jitter: 0, now: now) }
        #expect(table.strikes == 1)
        #expect(table.pause(now: now) == now + .milliseconds(700))
        let paused = refusal(&table, 4, now)
        #expect(paused == now + .milliseconds(700))
    }
}
