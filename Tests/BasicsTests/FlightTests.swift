import Basics
import TestSupport
import Testing

struct Failed: Error, Equatable {}

@Suite struct FlightTests {
    let time = ManualTime()

    @Test func everyWaiterGetsTheOneResult() async throws {
        let flight = Flight<Int, Failed>(time: time)
        async let first = flight.value()
        async let second = flight.value()
        flight.complete(.success(7))
        #expect(try await first == 7)
        #expect(try await second == 7)
        #expect(try await flight.value() == 7)
    }

    @Test func aFailureReachesTheWaiter() async {
        let flight = Flight<Int, Failed>(time: time)
        flight.complete(.failure(Failed()))
        await #expect(throws: FlightError<Failed>.self) { try await flight.value() }
    }

    @Test func aCancelledWaiterLeavesAndTheOthersStay() async throws {
        let flight = Flight<Int, Failed>(time: time)
        let leaver = Task { try await flight.value() }
        leaver.cancel()
        let outcome = await leaver.result
        #expect(throws: FlightError<Failed>.self) { try outcome.get() }
        flight.complete(.success(1))
        #expect(try await flight.value() == 1)
    }

    @Test func aDeadlineEndsOneWaitOnly() async throws {
        let flight = Flight<Int, Failed>(time: time)
        let deadline = time.now() + .seconds(5)
        let waiter = Task { try await flight.value(until: deadline) }
        await time.sleepers(atLeast: 1)
        time.advance(by: .seconds(5))
        let outcome = await waiter.result
        #expect(throws: FlightError<Failed>.self) { try outcome.get() }
        flight.complete(.success(2))
        #expect(try await flight.value() == 2)
    }
}
