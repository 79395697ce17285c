import Testing
import VFS

@testable import FuseKernel

@Suite struct InFlightTests {
    var state = InFlightState<String>(requestsMax: 2)

    mutating func begin() throws -> RequestID {
        guard case .admitted(let id) = state.begin(.lookup, on: .root) else {
            throw NotAdmitted()
        }
        return id
    }

    struct NotAdmitted: Error {}

    @Test mutating func anInterruptCancelsTheAttachedTask() throws {
        let id = try begin()
        #expect(state.attach("task", to: id) == nil)
        #expect(state.interrupt(id) == "task")
        #expect(state.interrupted == 1)
    }

    @Test mutating func anInterruptBeforeTheTaskIsKnownCancelsItThen() throws {
        let id = try begin()
        #expect(state.interrupt(id) == nil)
        #expect(state.attach("task", to: id) == "task")
    }

    @Test mutating func aTaskThatEndedBeforeItWasKnownIsLetGo() throws {
        let id = try begin()
        _ = state.end(id)
        #expect(state.attach("task", to: id) == nil)
        #expect(state.count == 0)
        #expect(state.interrupt(id) == nil)
        #expect(state.interrupted == 0)
    }

    @Test mutating func beyondTheBoundRequestsAreRefusedUntilOneEnds() throws {
        let first = try begin()
        _ = try begin()
        #expect(state.begin(.read, on: .root) == .full)
        #expect(state.refused == 1)
        _ = state.end(first)
        _ = try begin()
        #expect(state.peak == 2)
    }

    @Test mutating func closingCancelsAllAndEndsWithTheLast() throws {
        let known = try begin()
        let unknown = try begin()
        _ = state.attach("known", to: known)
        #expect(state.close() == ["known"])
        #expect(state.begin(.open, on: .root) == .closing)
        #expect(state.attach("late", to: unknown) == "late")
        let endedBefore = state.end(known)
        let endedNow = state.end(unknown)
        #expect(!endedBefore)
        #expect(endedNow)
        #expect(state.isDrained)
    }

    @Test mutating func anInodeIsBusyFromBeginToEnd() throws {
        let limit = state.next
        let id = try begin()
        #expect(state.isBusy(.root, before: state.next))
        #expect(!state.isBusy(InodeNumber(2), before: state.next))
        // Younger than the limit does not count.
        #expect(!state.isBusy(.root, before: limit))
        _ = state.end(id)
        #expect(!state.isBusy(.root, before: state.next))
    }

    /// A command may wait for uploads by reading one, for hours.
    @Test mutating func readingAnExtendedAttributeKeepsNothingBusy() throws {
        guard case .admitted(let id) = state.begin(.extendedAttribute, on: .root) else { throw NotAdmitted() }
        #expect(!state.isBusy(.root, before: state.next))
        _ = state.end(id)
    }

    /// The kernel locks both folders of a rename.
    @Test mutating func aRequestAboutTwoInodesMakesBothBusy() throws {
        guard case .admitted(let id) = state.begin(.rename, on: .root, and: InodeNumber(2)) else { throw NotAdmitted() }
        #expect(state.isBusy(.root, before: state.next))
        #expect(state.isBusy(InodeNumber(2), before: state.next))
        #expect(!state.isBusy(InodeNumber(3), before: state.next))
        _ = state.end(id)
        #expect(!state.isBusy(InodeNumber(2), before: state.next))
    }
}
