import Basics
import Drive
import TestSupport
import Testing
import VFS

@testable import RemoteFS

/// What was changed here, as it is seen here.
@Suite struct OwnChangesTests {
    let f = Fixture()

    @Test func whatOthersMakeOfAFileWrittenHereIsSeen() async throws {
        try await f.fs.recover()
        let inode = try await f.write("a", [1, 2])
        try await f.stored()
        f.drive.remove(f.drive.ids(named: "a")[0])
        f.drive.addFile("a", .bytes([3]))
        #expect(try await f.find("a").attributes.inode == inode)
        f.time.advance(by: .seconds(61))
        let now = try await f.find("a").attributes
        #expect(now.inode != inode && now.size == 1)
        await #expect(throws: FSError.noSuchEntry) { try await f.fs.attributes(of: inode) }
        await f.fs.shutdown()
    }

    @Test func aFileWrittenHereThatProvesGoneIsLookedForAnew() async throws {
        try await f.fs.recover()
        let inode = try await f.write("a", [1, 2])
        try await f.stored()
        f.drive.remove(f.drive.ids(named: "a")[0])
        f.drive.addFile("a", .bytes([3]))
        await #expect(throws: FSError.stale) { try await f.contents(inode) }
        #expect(try await f.contents(f.find("a").attributes.inode) == [3])
        await f.fs.shutdown()
    }

    @Test func whatWasWrittenHereIsSeenWhileTheDriveCannotBeAsked() async throws {
        try await f.fs.recover()
        try await f.write("a", [1, 2])
        try await f.stored()
        f.time.advance(by: .seconds(61))
        f.drive.respond { _ in .fail(DriveError.unreachable("no network")) }
        #expect(try await f.find("a").attributes.size == 2)
        await f.fs.shutdown()
    }

    @Test func oneOfTwoOfOneNameKeepsItsNameWhileItIsWritten() async throws {
        f.drive.addFile("x.txt", id: FileID("aaaaaa11"), .bytes([1])) { $0.updatedAt = UnixTime(seconds: 5) }
        f.drive.addFile("x.txt", id: FileID("bbbbbb22"), .bytes([2])) { $0.updatedAt = UnixTime(seconds: 9) }
        try await f.fs.recover()
        #expect(try await f.names().sorted() == ["x.txt", "x~aaaaaa.txt"])
        try await f.append([5], to: f.find("x~aaaaaa.txt").attributes.inode)
        #expect(try await f.names().sorted() == ["x.txt", "x~aaaaaa.txt"])
        #expect(try await f.contents(f.find("x.txt").attributes.inode) == [2])
        #expect(try await f.contents(f.find("x~aaaaaa.txt").attributes.inode) == [1, 5])
        await f.fs.shutdown()
    }

    @Test func aNameThatIsTooLongStaysAsItIsShownWhileTheFileIsWritten() async throws {
        f.drive.addFile(FileName(String(repeating: "a", count: 300)), .bytes([1]))
        try await f.fs.recover()
        let name = try #require(try await f.names().first)
        let inode = try await f.find(name).attributes.inode
        try await f.append([2], to: inode)
        #expect(try await f.names() == [name])
        #expect(try await f.contents(f.find(name).attributes.inode) == [1, 2])
        try await f.stored()
        #expect(try await f.find(name).attributes.inode == inode)
        await f.fs.shutdown()
    }

    /// The kernel keeps what is read with all that it knows to have changed before the first read.
    @Test func aFolderIsReadAsItIsAtTheFirstRead() async throws {
        f.drive.addFile("old", .bytes([1]))
        try await f.fs.recover()
        _ = try await f.names()
        let handle = try await f.fs.openDirectory(.root).handle
        try await f.write("new", [1])
        var names: [String] = []
        try await f.fs.readDirectory(handle, after: .start, plus: false) { entry in
            names.append(entry.name.text)
            return true
        }
        #expect(Set(names) == [".", "..", "old", "new"])
        f.fs.releaseDirectory(handle)
        await f.fs.shutdown()
    }

    @Test func pagesOfAMappingGoToTheirOffset() async throws {
        try await f.fs.recover()
        let inode = try await f.write("a", [1, 2, 3])
        let handle = try await f.fs.open(inode, [.write, .append]).handle
        try await f.write([9], at: 1, through: handle, isMapped: true)
        try await f.write([4], at: 0, through: handle)
        try await f.close(handle)
        #expect(try await f.contents(inode) == [1, 9, 3, 4])
        await f.fs.shutdown()
    }

    @Test func aRemovalThatFailedMayHaveBeenDone() async throws {
        f.drive.addFile("a", .bytes([1]))
        try await f.fs.recover()
        _ = try await f.find("a")
        f.drive.script(.remove, times: 4, .lose(.change(.uncertain("the answer was lost"))))
        await #expect(throws: FSError.inputOutput) { try await f.fs.remove(Place(parent: .root, name: "a")) }
        #expect(try await f.names() == [])
        await f.fs.shutdown()
    }

    @Test func aFolderThatTakesTheDriveLongToRemoveIsNotWaitedForForEver() async throws {
        f.drive.addFolder("d")
        f.drive.set { $0.folderTasks = true }
        try await f.fs.recover()
        _ = try await f.find("d")
        let fs = f.fs
        let removal = Task { try await fs.removeDirectory(Place(parent: .root, name: "d")) }
        await f.time.sleepers(atLeast: 1)
        while f.drive.calls(of: .taskState) == 0 { await Task.yield() }
        f.time.advance(by: .seconds(61))
        await #expect(throws: FSError.timedOut) { try await removal.value }
        await f.fs.shutdown()
    }

    @Test func aLinkThatCannotBeMadeLeavesNothing() async throws {
        try await f.fs.recover()
        _ = try await f.names()
        f.drive.set { $0.space = SpaceInfo(used: 10, total: 10) }
        _ = try await f.fs.statistics()
        await #expect(throws: FSError.noSpace) {
            try await f.fs.makeSymbolicLink(
                Place(parent: .root, name: "l"), to: Array("target".utf8), by: Fixture.caller)
        }
        try await f.stored()
        #expect(try await f.names() == [])
        #expect(f.fs.statistics.lookups == 0 && f.fs.statistics.unfinished == 0)
        #expect(try await f.store.localAttributes().values.allSatisfy { $0.linkTarget == nil })
        await f.fs.shutdown()
    }

    @Test func onlyRootAndWhoMountedAreToldTheStatus() async throws {
        for user in [UInt32(0), 1] {
            let caller = Caller(userID: user, groupID: 9)
            #expect(try await f.fs.extendedAttribute("user.aliyun.status", of: .root, by: caller) == Array("{}".utf8))
        }
        await #expect(throws: FSError.permissionDenied) {
            try await f.fs.extendedAttribute(
                "user.aliyun.status", of: .root, by: Caller(userID: 5, groupID: 2))
        }
    }

    @Test func whatAReplacedFileHadOfLocalAttributesGoesWithIt() async throws {
        f.drive.addFile("old", .bytes([1]))
        try await f.fs.recover()
        let old = try await f.find("old").attributes.inode
        _ = try await f.fs.setAttributes(of: old, to: AttributeChange(permissions: 0o600), through: nil)
        try await f.write("new", [2])
        try await f.fs.rename(Place(parent: .root, name: "new"), to: Place(parent: .root, name: "old"), .replace)
        try await f.stored()
        #expect(try await f.store.localAttributes()[old.rawValue] == nil)
        #expect(f.drive.tree().count == 1)
        await f.fs.shutdown()
    }
}
