import Basics
import Drive
import MetadataStore
import Testing
import VFS

@testable import RemoteFS

@Suite struct FolderEditsTests {
    private func entry(_ name: FileName, _ id: String, _ inode: UInt64 = 7) -> ListedEntry {
        let object = ObjectID(drive: DriveID("1"), file: FileID(id))
        let file = DriveFile(id: object, parent: .root, name: name, kind: .file, size: 1)
        return ListedEntry(name: name, inode: InodeNumber(inode), view: .object, file: file, size: 1)
    }

    /// A folder made here and then moved away would be seen in both places, and removed from both.
    @Test func whatAFinishedChangeLeftIsNotSeenOnceItsObjectIsHidden() {
        var edits = FolderEdits()
        let made = entry("a", "1")
        edits.show(made, settled: Moment(sinceBoot: .seconds(1)))
        edits.hide(made.file.id, settled: nil)
        #expect(edits.entry(named: "a") == nil && edits.entry(made.inode) == nil && edits.entries.isEmpty)
    }

    @Test func twoUnfinishedChangesOfOneNameAreBothSeen() {
        var edits = FolderEdits()
        let (first, second) = (entry("a", "111111", 7), entry("a", "222222", 8))
        edits.show(first)
        edits.show(second)
        #expect(edits.entry(named: "a") === second)
        #expect(edits.entry(named: "a~111111")?.inode == first.inode && edits.entries.count == 2)
        edits.unshow("a", first.inode)
        #expect(edits.entries.count == 1 && edits.entry(named: "a") === second)
    }

    /// As when two files change names: each comes where the other still is.
    @Test func aDisplacedEntryGoesWhereItIsShownNext() {
        var edits = FolderEdits()
        let (first, second) = (entry("a", "111111", 7), entry("b", "222222", 8))
        edits.show(first)
        edits.show(second)
        edits.unshow("a", first.inode)
        edits.show(entry("b", "111111", 7))
        edits.unshow("b", second.inode)
        edits.show(entry("a", "222222", 8))
        #expect(edits.entries.map(\.name).sorted() == ["a", "b"])
        #expect(edits.entry(named: "a")?.inode == second.inode)
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
