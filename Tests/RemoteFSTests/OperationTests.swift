import Basics
import Drive
import TestSupport
import Testing
import VFS

@testable import RemoteFS

@Suite struct OperationTests {
    @Test func attributesAreThoseOfTheDrive() async throws {
        let f = Fixture()
        f.drive.addFile("a", .bytes(Array(repeating: 1, count: 1000))) { file in
            file.localModifiedAt = UnixTime(seconds: 5, nanoseconds: 6)
            file.createdAt = UnixTime(seconds: 7)
            file.updatedAt = UnixTime(seconds: 8)
        }
        f.drive.addFile("b", .bytes([])) { $0.createdAt = UnixTime(seconds: 7) }
        f.drive.addFolder("d")
        let a = try await f.find("a").attributes
        #expect(a.size == 1000 && a.blocks == 2 && a.linkCount == 1 && a.permissions == 0o644)
        #expect(a.modified == UnixTime(seconds: 5, nanoseconds: 6) && a.changed == UnixTime(seconds: 8))
        #expect(a.userID == 1 && a.groupID == 2)
        #expect(try await f.find("b").attributes.modified == UnixTime(seconds: 7))
        let d = try await f.find("d").attributes
        #expect(d.kind == .directory && d.linkCount == 2 && d.permissions == 0o755)
        #expect(try await f.fs.attributes(of: d.inode).attributes == d)
    }

    @Test func theLedgerIsEmptyWhenTheKernelHasGivenAllBack() async throws {
        let f = Fixture()
        f.drive.addFile("a", .bytes([1]))
        let inode = try await f.find("a").attributes.inode
        _ = try await f.find("a")
        #expect(f.fs.inodes.lookups == 2)
        let handle = try await f.fs.open(inode, []).handle
        f.fs.forget(inode, lookups: 2)
        #expect(try f.fs.inodes.node(inode).isOpen)
        f.fs.release(handle)
        #expect(throws: FSError.stale) { _ = try f.fs.inodes.node(inode) }
        #expect(f.fs.inodes.lookups == 0)
    }

    @Test func anAbsentNameIsKnowledge() async throws {
        let f = Fixture()
        f.drive.addFile("a", .bytes([1]))
        let reply = try await f.fs.lookup("nope", in: .root)
        #expect(reply == .absent(validFor: .seconds(60)))
        #expect(f.drive.totalCalls == 1)
        await #expect(throws: FSError.nameTooLong) {
            try await f.fs.lookup(FileName(String(repeating: "a", count: 256)), in: .root)
        }
    }

    @Test func filesAreReadWholeWithOneLink() async throws {
        let f = Fixture()
        let bytes = (0..<5000).map { UInt8($0 % 251) }
        f.drive.addFile("a", .bytes(bytes))
        f.drive.addFile("empty", .bytes([]))
        #expect(try await f.contents(f.find("a").attributes.inode) == bytes)
        #expect(try await f.contents(f.find("a").attributes.inode, piece: 77) == bytes)
        #expect(try await f.contents(f.find("empty").attributes.inode) == [])
        #expect(f.drive.calls(of: .downloadLinks) == 1)
    }

    @Test func whatTheDriveWithholdsIsRefusedAtOpen() async throws {
        let f = Fixture()
        f.drive.addFile("a", .bytes([1])) { $0.punishFlag = 103 }
        let inode = try await f.find("a").attributes.inode
        await #expect(throws: FSError.accessDenied) { try await f.fs.open(inode, []) }
        #expect(f.drive.calls(of: .downloadLinks) == 0)
    }

    @Test func foldersAreNotOpenedAsFiles() async throws {
        let f = Fixture()
        f.drive.addFile("a", .bytes([1]))
        f.drive.addFolder("d")
        let (a, d) = (try await f.find("a").attributes.inode, try await f.find("d").attributes.inode)
        await #expect(throws: FSError.isADirectory) { try await f.fs.open(d, []) }
        await #expect(throws: FSError.isADirectory) { try await f.fs.open(d, .write) }
        await #expect(throws: FSError.notADirectory) { try await f.fs.openDirectory(a) }
        let nothing = ReadBuffer(UnsafeMutableRawBufferPointer(start: nil, count: 0))
        await #expect(throws: FSError.badHandle) { try await f.fs.read(FileHandle(99), at: 0, into: nothing) }
    }

    @Test func aFileReplacedBehindTheMountIsStaleAndThenFoundAnew() async throws {
        let f = Fixture()
        let old = f.drive.addFile("a", .bytes([1, 2, 3]))
        let inode = try await f.find("a").attributes.inode
        f.drive.remove(old)
        f.drive.addFile("a", .bytes([4, 5]))
        await #expect(throws: FSError.stale) { try await f.contents(inode) }
        #expect(f.kernel.calls.contains(.entry("a", .root)))
        let now = try await f.find("a").attributes
        #expect(now.inode != inode && now.size == 2)
        #expect(try await f.contents(now.inode) == [4, 5])
    }

    @Test func extendedAttributesTellWhatTheDriveKnows() async throws {
        let f = Fixture()
        let id = f.drive.addFile("a/b", .bytes([1]))
        let inode = try await f.find("a／b").attributes.inode
        func value(_ name: FileName) async throws -> String {
            String(decoding: try await f.fs.extendedAttribute(name, of: inode), as: UTF8.self)
        }
        #expect(try await value("user.aliyun.name") == "a/b")
        #expect(try await value("user.aliyun.file_id") == id.rawValue)
        #expect(try await value("user.aliyun.drive_id") == "drive-1")
        #expect(try await value("user.aliyun.state") == "clean")
        #expect(try await value("user.aliyun.sha1") == "bf8b4530d8d246dd74ac53a13471bba17941dff7")
        await #expect(throws: FSError.noSuchAttribute) { try await value("user.other") }
        #expect(try await f.fs.extendedAttributeNames(of: inode).count == 5)
        #expect(try await f.fs.extendedAttributeNames(of: .root) == [])
        #expect(try await f.fs.extendedAttribute("user.aliyun.status", of: .root) == Array("{}".utf8))
    }

    @Test func spaceIsAskedForOnceAMinuteAndKeptOffline() async throws {
        let f = Fixture()
        f.drive.set { $0.space = SpaceInfo(used: 30, total: 20) }
        let space = try await f.fs.statistics()
        #expect(space.totalBytes == 20 && space.freeBytes == 0)
        _ = try await f.fs.statistics()
        #expect(f.drive.calls(of: .space) == 1)
        f.time.advance(by: .seconds(61))
        f.drive.respond { _ in .fail(DriveError.unreachable("no network")) }
        #expect(try await f.fs.statistics().totalBytes == 20)
    }
}
