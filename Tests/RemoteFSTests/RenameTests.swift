import Basics
import Drive
import TestSupport
import Testing
import VFS

@testable import RemoteFS

/// What is seen after a rename that failed.
@Suite struct RenameTests {
    private func rename(_ fixture: Fixture, _ old: String, _ new: String, in folder: InodeNumber = .root) async throws {
        let (from, to) = (Place(parent: .root, name: FileName(old)), Place(parent: folder, name: FileName(new)))
        do {
            try await fixture.fs.rename(from, to: to, .replace)
            Issue.record("no error")
        } catch {
            return
        }
    }

    /// The drive cannot be reached: both are there as before, at once.
    @Test func bothStayVisible() async throws {
        let fixture = Fixture()
        fixture.drive.addFile("a", .bytes([1]))
        fixture.drive.addFile("b", .bytes([2, 2]))
        #expect(try await fixture.names() == ["a", "b"])
        fixture.drive.script(.rename, .fail(.unreachable("no route")))
        try await rename(fixture, "a", "b")
        #expect(try await fixture.names() == ["a", "b"])
        #expect(try await fixture.find("b").attributes.size == 2)
    }

    /// So it is when the target is open.
    @Test func anOpenTargetStaysVisible() async throws {
        let fixture = Fixture()
        fixture.drive.addFile("a", .bytes([1]))
        fixture.drive.addFile("b", .bytes([2, 2]))
        let handle = try await fixture.fs.open(try await fixture.find("b").attributes.inode, []).handle
        fixture.drive.script(.rename, .fail(.unreachable("no route")))
        try await rename(fixture, "a", "b")
        fixture.fs.release(handle)
        #expect(try await fixture.names() == ["a", "b"])
        #expect(try await fixture.find("b").attributes.size == 2)
    }

    /// The folder is gone: the file stays with all that only this machine knows of it.
    @Test func whatCannotBeMovedKeepsItsAttributes() async throws {
        let fixture = Fixture()
        fixture.drive.addFile("a", .bytes([1]))
        let folder = fixture.drive.addFolder("d")
        let file = try await fixture.find("a").attributes.inode
        let target = try await fixture.find("d").attributes.inode
        _ = try await fixture.fs.setAttributes(of: file, to: AttributeChange(permissions: 0o640), through: nil)
        fixture.drive.remove(folder)
        try await rename(fixture, "a", "a", in: target)
        #expect(try await fixture.find("a").attributes.permissions == 0o640)
    }
}
