import Basics
import Drive
import LivePhoto
import ReadPath
import VFS

/// An open file of whatever kind: bytes of one version, at any offset.
protocol OpenFile: Sendable {
    var inode: InodeNumber { get }
    /// Fills `buffer` from `offset`; fewer bytes only at the end of the file, 0 beyond it.
    func read(at offset: Int64, into buffer: ReadBuffer, until deadline: Moment) async throws(FSError) -> Int
    func close()
}

/// A file without bytes: the drive is never asked for it.
struct EmptyFile: OpenFile {
    let inode: InodeNumber
    func read(at offset: Int64, into buffer: ReadBuffer, until deadline: Moment) async throws(FSError) -> Int { 0 }
    func close() {}
}

/// A file of the drive, or one stream of a live photo.
struct StoredFile: OpenFile {
    let inode: InodeNumber
    let content: OpenContent

    func read(at offset: Int64, into buffer: ReadBuffer, until deadline: Moment) async throws(FSError) -> Int {
        do throws(ReadError) {
            return try await content.read(at: offset, into: ReadTarget(buffer.bytes), until: deadline)
        } catch {
            throw FSError(error)
        }
    }

    func close() { content.close() }
}

extension ReadBuffer {
    /// The part of the buffer that starts at `position`, `count` bytes long.
    func part(from position: Int, count: Int) -> ReadBuffer {
        ReadBuffer(UnsafeMutableRawBufferPointer(rebasing: bytes[position..<position + count]))
    }
}
