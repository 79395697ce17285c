import Basics
import Testing
import VFS

@testable import FuseKernel

@Suite struct NotificationQueueTests {
    var queue = NotificationQueue(waitingMax: 3)

    @Test mutating func theFirstWakesAndTheOrderStays() {
        let first = queue.add(.entry("a", parent: .root))
        let second = queue.add(.inode(InodeNumber(5), content: false))
        #expect(first)
        #expect(!second)
        #expect(queue.take().notifications == [.entry("a", parent: .root), .inode(InodeNumber(5), content: false)])
        #expect(queue.take().notifications == [])
    }

    @Test mutating func whatIsSaidTwiceIsToldOnceAndContentWins() {
        _ = queue.add(.inode(InodeNumber(5), content: true))
        _ = queue.add(.inode(InodeNumber(5), content: false))
        _ = queue.add(.entry("a", parent: .root))
        _ = queue.add(.entry("a", parent: .root))
        #expect(queue.coalesced == 2)
        #expect(queue.take().notifications == [.inode(InodeNumber(5), content: true), .entry("a", parent: .root)])
    }

    @Test mutating func whatIsSaidDuringItsDeliveryIsToldAgain() {
        _ = queue.add(.entry("a", parent: .root))
        _ = queue.take()
        #expect(queue.count == 1)
        let wakes = queue.add(.entry("a", parent: .root))
        #expect(wakes)
        queue.delivered()
        #expect(queue.take().notifications == [.entry("a", parent: .root)])
    }

    @Test mutating func composedAndDecomposedNamesAreTwo() {
        _ = queue.add(.entry("\u{e9}", parent: .root))
        _ = queue.add(.entry("e\u{301}", parent: .root))
        #expect(queue.take().notifications.count == 2)
    }

    @Test mutating func beyondTheBoundItDropsCountsAndSaysSo() {
        for number in 0..<5 { _ = queue.add(.inode(InodeNumber(UInt64(number)), content: true)) }
        #expect(queue.dropped == 2)
        let batch = queue.take()
        #expect(batch.notifications.count == 3)
        #expect(batch.overflowed)
        let next = queue.take()
        #expect(!next.overflowed)
    }

    @Test mutating func afterStopNothingIsTakenOrTold() {
        _ = queue.add(.entry("a", parent: .root))
        queue.stop()
        let wakes = queue.add(.entry("b", parent: .root))
        #expect(!wakes)
        let batch = queue.take()
        #expect(batch.isLast)
        #expect(batch.notifications == [])
    }
}
