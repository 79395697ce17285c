import Basics
import Drive
import TestSupport
import Testing
import VFS

@testable import RemoteFS

/// What the database is left with when the process ends at a bad moment.
@Suite struct KeptListingTests {
    /// The listing was asked for before, comes in the middle of the end, and is kept after it.
    @Test func aListingThatComesWhileARowEndsKeepsWhatTheRowWas() async throws {
        let f = Fixture()
        f.drive.addFolder("w")
        f.drive.addFile("old", in: f.drive.ids(named: "w")[0], .bytes([1]))
        try await f.fs.recover()
        let folder = try await f.find("w").attributes.inode
        try await f.write("new", [1, 2], in: folder)
        let (listed, ending) = (FakeGate(), FakeGate())
        f.drive.script(.list, for: f.drive.object(f.drive.ids(named: "w")[0]), .hold(listed))
        f.store.holdEnds(at: ending)
        f.time.advance(by: .seconds(61))
        let look = Task { try await f.find("w", "old") }
        await listed.arrivals(atLeast: 1)
        let upload = Task { try await f.stored() }
        await ending.arrivals(atLeast: 1)
        listed.open()
        _ = try await look.value
        await f.settled()
        for _ in 0..<100 { await Task.yield() }
        ending.open()
        try await upload.value
        await f.fs.shutdown()

        f.drive.respond { _ in .fail(DriveError.unreachable("no network")) }
        let next = Fixture(store: f.store, drive: f.drive)
        #expect(try await next.find("w", "new").attributes.size == 2)
        #expect(try await next.find("w", "old").attributes.size == 1)
    }

    /// A move that an earlier run did not finish shows its object where the stored listing has it.
    @Test func whatIsBeingMovedStaysInTheStoredListing() async throws {
        let f = Fixture()
        let from = f.drive.addFolder("a")
        f.drive.addFolder("b")
        f.drive.addFile("x", in: from, .bytes([1]))
        try await f.fs.recover()
        let (a, b) = (try await f.find("a").attributes.inode, try await f.find("b").attributes.inode)
        _ = try await f.find("a", "x")
        f.time.advance(by: .seconds(61))
        let moving = FakeGate()
        f.drive.script(.move, .hold(moving, thenFail: DriveError.unreachable("no network")))
        let move = Task {
            try await f.fs.rename(Place(parent: a, name: "x"), to: Place(parent: b, name: "x"), .replace)
        }
        await moving.arrivals(atLeast: 1)
        #expect(try await f.names(a) == [])
        await f.settled()
        for _ in 0..<100 { await Task.yield() }
        moving.open()
        _ = await move.result
        await f.fs.shutdown()

        f.drive.respond { _ in .fail(DriveError.unreachable("no network")) }
        let next = Fixture(store: f.store, drive: f.drive)
        try await next.fs.recover()
        #expect(try await next.find("a", "x").attributes.size == 1)
        await next.fs.shutdown()
    }

    @Test func aListingThatComesWhileAFolderIsMadeKeepsIt() async throws {
        let f = Fixture()
        f.drive.addFile("old", .bytes([1]))
        _ = try await f.names()
        f.time.advance(by: .seconds(61))
        let listed = FakeGate()
        f.drive.script(.list, .hold(listed))
        let look = Task { try await f.find("old") }
        await listed.arrivals(atLeast: 1)
        let made = Task {
            try await f.fs.makeDirectory(Place(parent: .root, name: "d"), permissions: 0o755, by: Fixture.caller)
        }
        listed.open()
        _ = try await (look.value, made.value)
        await f.fs.shutdown()
        f.drive.respond { _ in .fail(DriveError.unreachable("no network")) }
        let next = Fixture(store: f.store, drive: f.drive)
        #expect(try await next.find("d").attributes.kind == .directory)
    }
}
