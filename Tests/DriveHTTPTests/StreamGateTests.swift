import Basics
import TestSupport
import Testing

@testable import DriveHTTP

@Suite struct StreamGateTests {
    private let scratch = Scratch()
    private let time = ManualTime()

    private func gate(_ count: Int = 3) -> StreamGate {
        StreamGate(configured: count, directory: scratch.path, time: time)
    }

    private func acquire(_ gate: StreamGate, _ urgency: Urgency = .foreground) async throws -> Int {
        try await gate.acquire(urgency, until: time.now() + .seconds(60))
    }

    @Test func allMountsTogetherOpenNoMoreThanAllowed() async throws {
        let (one, two) = (gate(), gate())
        let first = try await acquire(one)
        _ = try await acquire(one)
        _ = try await acquire(two)
        let fourth = Task { try await acquire(two) }
        await time.sleepers(atLeast: 2)
        #expect(one.open == 2 && two.open == 1)
        one.release(first)
        // The other mount looks by itself; this one leaves it the time.
        time.advance(by: .milliseconds(100))
        _ = try await fourth.value
        #expect(one.open == 1 && two.open == 2)
    }

    @Test func aReleasedStreamIsLeftToAMountThatWaits() async throws {
        let (one, two) = (gate(1), gate(1))
        let first = try await acquire(one)
        let other = Task { try await acquire(two) }
        await time.sleepers(atLeast: 2)
        let own = Task { try await acquire(one) }
        await time.sleepers(atLeast: 4)
        one.release(first)
        time.advance(by: .milliseconds(100))
        _ = try await other.value
        #expect(one.open == 0)
        own.cancel()
    }

    @Test func theStreamsOfAMountThatIsGoneComeFree() async throws {
        do {
            let gone = gate(1)
            _ = try await acquire(gone)
        }
        _ = try await acquire(gate(1))
    }

    @Test func urgentReadersGoFirst() async throws {
        let gate = gate(1)
        let first = try await acquire(gate)
        let background = Task { try await acquire(gate, .background) }
        await time.sleepers(atLeast: 2)
        let foreground = Task { try await acquire(gate) }
        await time.sleepers(atLeast: 3)
        gate.release(first)
        let second = try await foreground.value
        gate.release(second)
        _ = try await background.value
    }

    @Test func aRefusalLowersTheLimitAndTimeRaisesIt() {
        var budget = StreamBudget(configured: 3)
        var now = Moment(sinceBoot: .seconds(100))
        #expect(budget.allowed(now: now) == 3 && budget.linger == .zero)
        budget.refused(open: 3, endedRecently: 0, now: now, jitter: 0)
        #expect(budget.allowed(now: now) == 2 && budget.pausedUntil == now + .seconds(1))
        budget.refused(open: 2, endedRecently: 0, now: now, jitter: 0)
        #expect(budget.allowed(now: now) == 2)
        now = now + .seconds(1)
        budget.refused(open: 2, endedRecently: 0, now: now, jitter: 0)
        now = now + .seconds(2)
        budget.refused(open: 1, endedRecently: 0, now: now, jitter: 1)
        #expect(budget.allowed(now: now) == 1 && budget.pausedUntil == now + .seconds(6))
        #expect(budget.linger == .zero)
        #expect(budget.allowed(now: now + .seconds(60)) == 2)
        #expect(budget.allowed(now: now + .seconds(600)) == 3)
        budget.opened(now: now + .seconds(600))
        budget.refused(open: 4, endedRecently: 0, now: now + .seconds(600), jitter: 0)
        #expect(budget.pausedUntil == now + .seconds(601) && budget.allowed(now: now + .seconds(600)) == 3)
    }

    @Test func aRefusalAfterABodyEndedTeachesToWaitLonger() {
        var budget = StreamBudget(configured: 3)
        var now = Moment(sinceBoot: .seconds(100))
        var lingers: [Duration] = []
        for _ in 0..<5 {
            now = now + .seconds(5)
            budget.refused(open: 3, endedRecently: 1, now: now, jitter: 0)
            lingers.append(budget.linger)
        }
        #expect(lingers == [100, 200, 400, 800, 1_000].map { .milliseconds($0) })
        #expect(budget.allowed(now: now) == 3)
        // That did not help: there are really fewer.
        now = now + .seconds(5)
        budget.refused(open: 3, endedRecently: 1, now: now, jitter: 0)
        #expect(budget.allowed(now: now) == 2)
        budget.opened(now: now + .seconds(601))
        #expect(budget.linger == .zero)
    }

    @Test func aLingeringStreamIsGivenBackLater() async throws {
        let gate = StreamGate(configured: 1, linger: .milliseconds(300), directory: scratch.path, time: time)
        gate.release(try await acquire(gate))
        let next = Task { try await acquire(gate) }
        await time.sleepers(atLeast: 3)
        #expect(gate.open == 1)
        time.advance(by: .milliseconds(300))
        _ = try await next.value
    }

    @Test func aRefusalPausesAllStreams() async throws {
        let gate = gate()
        let slot = try await acquire(gate)
        gate.refused(jitter: 0)
        let waiter = Task { try await acquire(gate) }
        await time.sleepers(atLeast: 2)
        gate.release(slot)
        #expect(gate.allowed == 1)
        time.advance(by: .milliseconds(999))
        await time.sleepers(atLeast: 2)
        #expect(gate.open == 0)
        time.advance(by: .milliseconds(1))
        _ = try await waiter.value
    }
}
