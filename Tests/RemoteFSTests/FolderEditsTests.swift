import Basics
import Drive
import MetadataStore
import Testing
import VFS

@testable import RemoteFS

@Suite struct FolderEditsTests {
    private func entry(_ name: FileName, _ id: String) -> ListedEntry {
        let object = ObjectID(drive: DriveID("1"), file: FileID(id))
        let file = DriveFile(id: object, parent: .root, name: name, kind: .file, size: 1)
        return ListedEntry(name: name, inode: InodeNumber(7), view: .object, file: file, size: 1)
    }

    /// A folder made here and then moved away would be seen in both places, and removed from both.
    @Test func whatAFinishedChangeLeftIsNotSeenOnceItsObjectIsHidden() {
        var edits = FolderEdits()
        let made = entry("a", "1")
        edits.show(made, settled: Moment(sinceBoot: .seconds(1)))
        edits.hide(made.file.id, settled: nil)
        #expect(edits.entry(named: "a") == nil && edits.entry(made.inode) == nil && edits.entries.isEmpty)
    }

    /// A file that is written anew is seen by its unfinished change while its stored version is hidden.
    @Test func anUnfinishedChangeGoesOnShowingItsObject() {
        var edits = FolderEdits()
        let changed = entry("a", "1")
        edits.show(changed)
        edits.hide(changed.file.id, settled: nil)
        #expect(edits.entry(named: "a") === changed)
        #expect(!edits.shows(changed))
    }
}
