import Basics
import MetadataStore
import Synchronization
import VFS

/// The attributes that only this machine knows, all of them in memory; the database keeps them. May be used from any
/// thread.
final class LocalOverlay: Sendable {
    private let rows = Mutex<[UInt64: LocalAttributes]>([:])

    func load(_ all: [UInt64: LocalAttributes]) { rows.withLock { $0 = all } }

    subscript(_ inode: InodeNumber) -> LocalAttributes? { rows.withLock { $0[inode.rawValue] } }

    /// Changes what is known; returns whether that is anything else than before.
    @discardableResult
    func change(_ inode: InodeNumber, _ body: (inout LocalAttributes) -> Void) -> Bool {
        rows.withLock { rows in
            let before = rows[inode.rawValue] ?? LocalAttributes()
            var after = before
            body(&after)
            rows[inode.rawValue] = after.isEmpty ? nil : after
            return before != after
        }
    }

    func forget(_ inode: InodeNumber) { rows.withLock { $0[inode.rawValue] = nil } }

    /// What the database is to hold of `inodes`.
    func rows(_ inodes: [InodeNumber]) -> [UInt64: LocalAttributes] {
        rows.withLock { rows in
            Dictionary(inodes.map { ($0.rawValue, rows[$0.rawValue] ?? LocalAttributes()) }) { first, _ in first }
        }
    }
}
