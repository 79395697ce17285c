import Basics
import Drive
import TestSupport
import Testing
import VFS

@testable import RemoteFS

/// What a folder that looks empty may still hold on the drive.
@Suite struct EmptyFolderTests {
    let f = Fixture()
    let a: FileID
    let b: FileID

    init() {
        a = f.drive.addFolder("a")
        b = f.drive.addFolder("b")
    }

    private func inode(_ name: String) async throws -> InodeNumber { try await f.find(name).attributes.inode }

    private func content(_ name: FileName, in folder: FileID) -> [UInt8]? {
        f.drive.ids(named: name, in: folder).first.flatMap { f.drive.content(of: $0) }.map {
            $0.bytes(in: ByteRange(0, $0.size))
        }
    }

    @Test func theBytesThatAMovedFileBeganFromAreFetchedFirst() async throws {
        f.drive.addFile("x", in: a, .bytes([1, 2, 3]))
        try await f.fs.recover()
        try await f.append([4], to: f.find("a", "x").attributes.inode)
        let (from, to) = (try await inode("a"), try await inode("b"))
        try await f.fs.rename(Place(parent: from, name: "x"), to: Place(parent: to, name: "x"), .replace)
        try await f.fs.removeDirectory(Place(parent: .root, name: "a"))
        try await f.stored()
        #expect(f.drive.tree().keys.sorted() == ["b", "b/x"])
        #expect(content("x", in: b) == [1, 2, 3, 4])
        await f.fs.shutdown()
    }

    @Test func whileThoseBytesCannotBeHadTheFolderStays() async throws {
        f.drive.addFile("x", in: a, .bytes([1, 2, 3]))
        try await f.fs.recover()
        try await f.append([4], to: f.find("a", "x").attributes.inode)
        let (from, to) = (try await inode("a"), try await inode("b"))
        try await f.fs.rename(Place(parent: from, name: "x"), to: Place(parent: to, name: "x"), .replace)
        let gate = FakeGate()
        f.drive.script(.downloadLinks, .hold(gate))
        let fs = f.fs
        let removal = Task { try await fs.removeDirectory(Place(parent: .root, name: "a")) }
        await gate.arrivals(atLeast: 1)
        f.time.advance(by: .seconds(61))
        await #expect(throws: FSError.busy) { try await removal.value }
        #expect(f.drive.tree()["a/x"] != nil)
        gate.open()
        await f.fs.shutdown()
    }

    @Test func aRemovedFileThatIsOpenGoesOnBeingRead() async throws {
        f.drive.addFile("x", in: a, .bytes([1, 2, 3]))
        try await f.fs.recover()
        let x = try await f.find("a", "x").attributes.inode
        let handle = try await f.fs.open(x, []).handle
        try await f.fs.remove(Place(parent: inode("a"), name: "x"))
        try await f.fs.removeDirectory(Place(parent: .root, name: "a"))
        #expect(try await f.names() == ["b"])
        #expect(try await f.contents(x) == [1, 2, 3])
        f.fs.release(handle)
        try await f.stored()
        #expect(f.drive.tree().keys.sorted() == ["b"])
        await f.fs.shutdown()
    }

    /// Between the end of its upload and the move to where it belongs by now.
    @Test func anUploadThatEndsInTheFolderGetsToItsPlaceFirst() async throws {
        try await f.fs.recover()
        let (from, to) = (try await inode("a"), try await inode("b"))
        let gate = FakeGate()
        f.drive.script(.completeUpload, .holdAnswer(gate))
        try await f.write("new", [1, 2], in: from)
        f.time.advance(by: .seconds(3))
        await gate.arrivals(atLeast: 1)
        try await f.fs.rename(Place(parent: from, name: "new"), to: Place(parent: to, name: "new"), .replace)
        let fs = f.fs
        let removal = Task { try await fs.removeDirectory(Place(parent: .root, name: "a")) }
        for _ in 0..<100 { await Task.yield() }
        gate.open()
        try await removal.value
        try await f.stored()
        #expect(f.drive.tree().keys.sorted() == ["b", "b/new"])
        #expect(f.drive.calls(of: .createFile) == 1)
        await f.fs.shutdown()
    }
}
