import Basics
import Drive
import TestSupport
import Testing
import VFS

@testable import RemoteFS

/// Sizes and offsets at the ends of what numbers hold.
@Suite struct SizeTests {
    @Test func seekingFromBeforeTheStartFindsNothing() async throws {
        let f = Fixture()
        f.drive.addFile("stored", .bytes([1]))
        try await f.fs.recover()
        for inode in [try await f.find("stored").attributes.inode, try await f.write("pending", [1])] {
            let handle = try await f.fs.open(inode, []).handle
            for target in [SeekTarget.data, .hole] {
                await #expect(throws: FSError.noData) { try await f.fs.seek(handle, target, from: -1) }
            }
            f.fs.release(handle)
        }
        await f.fs.shutdown()
    }

    @Test func noFileGrowsBeyondWhatAFileMayHave() async throws {
        let f = Fixture()
        try await f.fs.recover()
        let inode = try await f.write("a", [1])
        for size in [Int64.max, FileSize.max + 1] {
            await #expect(throws: FSError.fileTooLarge) {
                try await f.fs.setAttributes(of: inode, to: AttributeChange(size: size), through: nil)
            }
        }
        let handle = try await f.fs.open(inode, .write).handle
        for offset in [Int64.max, Int64.max - 1, FileSize.max] {
            await #expect(throws: FSError.fileTooLarge) { try await f.write([1, 2], at: offset, through: handle) }
        }
        for mode in [AllocationMode.allocate(keepSize: false), .allocate(keepSize: true), .zero(keepSize: false)] {
            await #expect(throws: FSError.fileTooLarge) {
                try await f.fs.allocate(handle, ByteRange(1, Int64.max), mode)
            }
        }
        try await f.fs.allocate(handle, ByteRange(1, Int64.max), .punchHole)
        try await f.close(handle)
        #expect(try await f.contents(inode) == [1])
        await f.fs.shutdown()
    }

    @Test func aSizeOfAnyKindHasBlocks() {
        var shown = Attributes(
            inode: .root, kind: .file, size: .max, permissions: 0, userID: 0, groupID: 0, accessed: .epoch,
            modified: .epoch, changed: .epoch)
        #expect(shown.blocks == Int64.max / 512 + 1)
        shown.size = 512
        #expect(shown.blocks == 1)
    }
}
