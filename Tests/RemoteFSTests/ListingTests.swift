import Basics
import Drive
import MetadataStore
import TestSupport
import Testing
import VFS

@testable import RemoteFS

@Suite struct ListingTests {
    @Test func aFolderCostsOneCallAPageAndNothingWhileFresh() async throws {
        let f = Fixture()
        for index in 0..<250 { f.drive.addFile(FileName("f\(1000 + index)"), .bytes([1])) }
        #expect(try await f.names() == (0..<250).map { "f\(1000 + $0)" })
        #expect(f.drive.calls(of: .list) == 3)
        #expect(try await f.names().count == 250)
        _ = try await f.find("f1007")
        #expect(f.drive.calls(of: .list) == 3 && f.drive.totalCalls == 3)
        #expect(f.fs.inodes.lookups == 1)
    }

    @Test func anotherClientsChangeShowsAfterTheLifetimeAndTheKernelIsTold() async throws {
        let f = Fixture()
        let old = f.drive.addFile("a", .bytes([1]))
        #expect(try await f.names() == ["a"])
        let a = try await f.find("a").attributes.inode
        f.drive.remove(old)
        f.drive.addFile("b", .bytes([1]))
        f.time.advance(by: .seconds(59))
        #expect(try await f.names() == ["a"])
        f.time.advance(by: .seconds(1))
        #expect(try await f.names() == ["b"])
        #expect(Set(f.kernel.calls) == [.inode(.root, content: true), .entry("a", .root), .entry("b", .root)])
        await #expect(throws: FSError.noSuchEntry) { try await f.fs.attributes(of: a) }
    }

    @Test func manyWhoWantOneFolderCauseOneListing() async throws {
        let f = Fixture()
        f.drive.addFile("a", .bytes([1]))
        let gate = FakeGate()
        f.drive.script(.list, .hold(gate))
        async let first = f.names()
        async let second = f.find("a")
        async let third = f.names()
        await gate.arrivals(atLeast: 1)
        gate.open()
        #expect(try await first == ["a"])
        #expect(try await third == ["a"])
        #expect(try await second.attributes.size == 1)
        #expect(f.drive.calls(of: .list) == 1)
    }

    @Test func theFirstPagesShowBeforeTheLastHasCome() async throws {
        let f = Fixture()
        for index in 0..<150 { f.drive.addFile(FileName("f\(1000 + index)"), .bytes([1])) }
        let gate = FakeGate()
        f.drive.script(.list, .proceed)
        f.drive.script(.list, .hold(gate))
        let handle = try await f.fs.openDirectory(.root).handle
        var shown = 0
        try await f.fs.readDirectory(handle, after: .start, plus: false) { _ in
            shown += 1
            return true
        }
        // `.`, `..`, and the first page less its last name, which a duplicate on the next page could still follow.
        #expect(shown == 2 + 99)
        #expect(try await f.find("f1003").attributes.size == 1)
        gate.open()
        #expect(try await f.names().count == 150)
        #expect(f.drive.calls(of: .list) == 2)
    }

    @Test func aListingThatTookLongIsBelievedAsLongAgain() async throws {
        let f = Fixture()
        f.drive.addFile("a", .bytes([1]))
        let gate = FakeGate()
        f.drive.script(.list, .hold(gate))
        let first = Task { try await f.fs.prepare() }
        await gate.arrivals(atLeast: 1)
        // Longer than a listing is believed, and than any operation waits.
        await f.time.sleepers(atLeast: 1)
        f.time.advance(by: .seconds(100))
        let outcome = await first.result
        #expect(throws: FSError.timedOut) { try outcome.get() }
        gate.open()
        await f.settled()
        #expect(try await f.names() == ["a"])
        f.time.advance(by: .seconds(99))
        #expect(try await f.names() == ["a"])
        #expect(f.drive.calls(of: .list) == 1)
        f.time.advance(by: .seconds(1))
        #expect(try await f.names() == ["a"])
        #expect(f.drive.calls(of: .list) == 2)
    }

    @Test func aListingAskedForBeforeAnInvalidationIsNotKept() async throws {
        let f = Fixture()
        f.drive.addFile("old", .bytes([1]))
        let gate = FakeGate()
        f.drive.script(.list, .hold(gate))
        async let first = f.names()
        await gate.arrivals(atLeast: 1)
        f.fs.directories.invalidate(.object(f.drive.object(.root)))
        gate.open()
        _ = try await first
        f.drive.addFile("new", .bytes([1]))
        #expect(try await f.names() == ["new", "old"])
        #expect(f.drive.calls(of: .list) == 2)
    }

    @Test func repeatedEntriesTrashAndUploadsAreLeftOut() async throws {
        let f = Fixture()
        f.drive.set { settings in
            settings.listsTrashed = true
            settings.pageLengths = [2, 0, 1]
        }
        for name in ["a", "b", "c", "d"] as [FileName] { f.drive.addFile(name, .bytes([1])) }
        f.drive.trash(f.drive.addFile("bin", .bytes([1])))
        f.drive.update(f.drive.addFile("upload", .bytes([1]))) { $0.isAvailable = false }
        #expect(try await f.names() == ["a", "b", "c", "d"])
    }

    @Test func aStaleMarkerStartsTheListingAgain() async throws {
        let f = Fixture()
        for index in 0..<150 { f.drive.addFile(FileName("f\(1000 + index)"), .bytes([1])) }
        f.drive.script(.list, .proceed)
        let stale = DriveError.staleMarker(Refusal(status: 400, code: "InvalidParameter.Marker", message: ""))
        f.drive.script(.list, .fail(stale))
        #expect(try await f.names().count == 150)
        #expect(f.drive.calls(of: .list) == 4)
    }

    @Test func offlineTheOldListingServesAndTheDriveIsAskedRarely() async throws {
        let f = Fixture()
        f.drive.addFile("a", .bytes([1]))
        #expect(try await f.names() == ["a"])
        f.time.advance(by: .seconds(61))
        f.drive.respond { _ in .fail(DriveError.unreachable("no network")) }
        #expect(try await f.names() == ["a"])
        _ = try await f.find("a")
        #expect(try await f.names() == ["a"])
        #expect(f.drive.calls(of: .list) == 2)
        f.drive.respond(nil)
        f.drive.addFile("b", .bytes([1]))
        f.time.advance(by: .seconds(3))
        #expect(try await f.names() == ["a", "b"])
    }

    @Test func whatWasNeverSeenIsUnreachableOffline() async throws {
        let f = Fixture()
        f.drive.respond { _ in .fail(DriveError.unreachable("no network")) }
        await #expect(throws: FSError.unreachable) { try await f.names() }
        await #expect(throws: FSError.unreachable) { try await f.find("a") }
    }

    @Test func aRemountAnswersFromTheStoreAndCatchesUpBehind() async throws {
        let f = Fixture()
        let folder = f.drive.addFolder("d")
        let old = f.drive.addFile("a", in: folder, .bytes([1]))
        let before = try await f.find("d", "a").attributes
        await f.fs.shutdown()

        let again = Fixture(time: f.time, store: f.store, drive: f.drive)
        f.drive.remove(old)
        f.drive.addFile("b", in: folder, .bytes([1]))
        let gate = FakeGate()
        f.drive.script(.list, times: 2, .hold(gate))
        let after = try await again.find("d", "a").attributes
        #expect(after == before)
        await gate.arrivals(atLeast: 2)
        gate.open()
        await again.settled()
        #expect(try await again.names(again.find("d").attributes.inode) == ["b"])
    }

    @Test func listingsDroppedFromMemoryAreStillThereOffline() async throws {
        let f = Fixture(cachedEntriesMax: 4)
        for name in ["x", "y"] as [FileName] {
            let folder = f.drive.addFolder(name)
            for index in 0..<3 { f.drive.addFile(FileName("\(index)"), in: folder, .bytes([1])) }
        }
        let (x, y) = (try await f.find("x").attributes.inode, try await f.find("y").attributes.inode)
        #expect(try await f.names(x) == ["0", "1", "2"])
        #expect(try await f.names(y) == ["0", "1", "2"])
        // Both were in use just now, so both stay, with the two of the root.
        #expect(f.fs.statistics.entries == 8)
        f.time.advance(by: .seconds(61))
        #expect(try await f.names(y) == ["0", "1", "2"])
        await f.settled()
        #expect(f.fs.statistics.entries <= 5)
        f.drive.respond { _ in .fail(DriveError.unreachable("no network")) }
        #expect(try await f.names(x) == ["0", "1", "2"])
    }

    @Test func aFolderThatIsGoneIsForgottenWithItsName() async throws {
        let f = Fixture()
        let folder = f.drive.addFolder("d")
        let inode = try await f.find("d").attributes.inode
        f.drive.remove(folder)
        await #expect(throws: FSError.noSuchEntry) { try await f.names(inode) }
        #expect(f.kernel.calls.contains(.entry("d", .root)))
        #expect(try await f.names().isEmpty)
    }

    @Test func aFailingStoreIsAnErrorNotACrash() async throws {
        let f = Fixture()
        f.drive.addFile("a", .bytes([1]))
        f.store.fail(with: StoreError("disk full"))
        await #expect(throws: FSError.inputOutput) { try await f.names() }
        f.store.fail(with: nil)
        f.time.advance(by: .seconds(3))
        #expect(try await f.names() == ["a"])
    }
}
