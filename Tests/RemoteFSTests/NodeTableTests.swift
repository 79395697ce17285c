import Basics
import Drive
import Testing
import VFS

@testable import RemoteFS

@Suite struct NodeTableTests {
    private func entry(_ file: String, size: Int64) -> ListedEntry {
        let id = ObjectID(drive: DriveID("1"), file: FileID(file))
        let file = DriveFile(id: id, parent: .root, name: "a", kind: .file, size: size)
        return ListedEntry(name: "a", inode: InodeNumber(7), view: .object, file: file, size: size)
    }

    /// A folder that was opened before an upload ended still shows the file as it was then: that must not make the
    /// inode stand for it again.
    @Test func whatIsOlderDoesNotComeBack() {
        let folder = FolderID.object(ObjectID(drive: DriveID("1"), file: .root))
        var table = NodeTable()
        let old = entry("local:1", size: 0)
        let new = entry("f", size: 5)
        table.credit(old, parent: .root, folder: folder)
        table.update(new, in: folder, folder)
        table.credit(old, parent: .root, folder: folder)
        #expect(table[InodeNumber(7)]?.entry === new)
        #expect(table.lookups == 2)
        table.forget(InodeNumber(7), lookups: 2)
        table.credit(old, parent: .root, folder: folder)
        #expect(table[InodeNumber(7)]?.entry === old)
    }
}
