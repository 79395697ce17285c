import Basics
import Synchronization
import TestSupport
import Testing

@testable import DriveHTTP

@Suite struct QueueTests {
    private let start = Moment(sinceBoot: .seconds(10))

    @Test func foregroundFirstThenByArrival() {
        var queue = RequestQueue()
        let b1 = queue.enter(.background, now: start)
        let f1 = queue.enter(.foreground, now: start)
        let b2 = queue.enter(.background, now: start)
        let f2 = queue.enter(.foreground, now: start)
        var order: [RequestQueue.ID] = []
        while let next = queue.next(now: start) { order.append(next) }
        #expect(order == [f1, f2, b1, b2] && queue.isEmpty)
    }

    @Test func oldBackgroundWorkIsNotStarvedNorInTheWay() {
        var queue = RequestQueue()
        let old = (0..<3).map { _ in queue.enter(.background, now: start) }
        let late = start + RequestQueue.patience
        for _ in 0..<12 { _ = queue.enter(.foreground, now: late) }
        let order = (0..<12).compactMap { _ in queue.next(now: late) }
        #expect(order.indices.filter { old.contains(order[$0]) } == [3, 7, 11])
    }

    @Test func whoLeavesIsSkipped() {
        var queue = RequestQueue()
        let ids = (0..<500).map { _ in queue.enter(.background, now: start) }
        let left = ids.dropLast().map { queue.leave($0) }
        #expect(!left.contains(false) && queue.count == 1)
        let served = queue.next(now: start)
        #expect(served == ids.last)
        let (again, nobody) = (queue.leave(ids[499]), queue.next(now: start))
        #expect(!again && nobody == nil)
    }

    /// Pieces that a test gives one by one.
    private final class Store: Sendable {
        let pieces = Mutex<[Int]>([])
        let time = ManualTime()

        func queue() -> TurnQueue<Int> {
            TurnQueue(
                time: time, longestSleep: .seconds(3_600),
                supply: { [self] in
                    pieces.withLock {
                        $0.isEmpty ? .failure(Later(at: time.now() + .seconds(3_600))) : .success($0.removeFirst())
                    }
                },
                giveBack: { [self] piece in pieces.withLock { $0.append(piece) } })
        }
    }

    @Test func aWaiterWhoseTaskEndsLeavesNoHole() async throws {
        let store = Store()
        let queue = store.queue()
        let far = store.time.now() + .seconds(7_200)
        let leaver = Task { await failure(WaitFailure.self) { try await queue.wait(.foreground, until: far) } }
        await store.time.sleepers(atLeast: 2)
        leaver.cancel()
        #expect(await leaver.value == .cancelled)
        #expect(queue.waiting == 0)
        let stayer = Task { try await queue.wait(.background, until: far) }
        store.pieces.withLock { $0 = [7] }
        while queue.waiting == 0, store.pieces.withLock({ !$0.isEmpty }) { await Task.yield() }
        queue.poke()
        #expect(try await stayer.value == 7)
    }

    @Test func aDeadlineEndsTheWait() async {
        let store = Store()
        let queue = store.queue()
        let deadline = store.time.now() + .seconds(60)
        let waiter = Task { await failure(WaitFailure.self) { try await queue.wait(.foreground, until: deadline) } }
        await store.time.sleepers(atLeast: 2)
        store.time.advance(by: .seconds(60))
        #expect(await waiter.value == .deadlinePassed)
    }
}
