import Basics
import Drive
import Synchronization
import VFS

/// An open file. What it reads is what the inode stands for at that moment: bytes of a draft, or an object of the drive
/// that is opened when it is first needed.
final class Handle: Sendable {
    let inode: InodeNumber
    let flags: OpenFlags
    private struct Stored {
        var object: ObjectID
        var file: any OpenFile
    }
    private let stored = Mutex<Stored?>(nil)

    init(inode: InodeNumber, flags: OpenFlags) {
        self.inode = inode
        self.flags = flags
    }

    var isWriter: Bool { flags.contains(.write) }

    /// The opened object behind `entry`; opened anew when the inode stands for another one than before.
    func file(
        of entry: ListedEntry, _ open: (ListedEntry) throws(FSError) -> any OpenFile
    ) throws(FSError) -> any OpenFile {
        let known = stored.withLock { stored in stored.flatMap { $0.object == entry.file.id ? $0.file : nil } }
        if let known { return known }
        let opened = try open(entry)
        let (file, unused) = stored.withLock { stored -> (any OpenFile, (any OpenFile)?) in
            if let other = stored, other.object == entry.file.id { return (other.file, opened) }
            let old = stored?.file
            stored = Stored(object: entry.file.id, file: opened)
            return (opened, old)
        }
        unused?.close()
        return file
    }

    func close() {
        let stored = stored.withLock { stored in
            defer { stored = nil }
            return stored
        }
        stored?.file.close()
    }
}
