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
        let now = Moment(sinceBoot: .seconds(100))
        #expect(budget.allowed(now: now) == 3 && budget.linger == .zero)
        budget.refused(open: 3, now: now, jitter: 0)
        #expect(budget.allowed(now: now) == 2 && budget.pausedUntil == now + .seconds(1))
        budget.refused(open: 2, now: now, jitter: 0)
        budget.refused(open: 1, now: now, jitter: 1)
        #expect(budget.allowed(now: now) == 1 && budget.pausedUntil == now + .seconds(6))
        #expect(budget.linger == .milliseconds(400))
        #expect(budget.allowed(now: now + .seconds(60)) == 2)
        #expect(budget.allowed(now: now + .seconds(600)) == 3)
        budget.opened(now: now + .seconds(600))
        budget.refused(open: 4, now: now + .seconds(600), jitter: 0)
        #expect(budget.pausedUntil == now + .seconds(601) && budget.allowed(now: now + .seconds(600)) == 3)
    }

    @Test func aRefusalPausesAllStreams() async throws {
        let gate = gate()
        let slot = try await acquire(gate)
        gate.refused(jitter: 0)
        let waiter = Task { try await acquire(gate) }
        await time.sleepers(atLeast: 2)
        gate.release(slot)
        await time.sleepers(atLeast: 3)
        #expect(gate.allowed == 1)
        time.advance(by: .milliseconds(999))
        await time.sleepers(atLeast: 2)
        #expect(gate.open == 0)
        time.advance(by: .milliseconds(1))
        _ = try await waiter.value
    }
}
