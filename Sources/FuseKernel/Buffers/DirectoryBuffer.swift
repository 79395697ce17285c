import Basics
import CFuse
import Glibc
import VFS

/// One answer to readdir or readdirplus: entries packed until the next does not fit.
///
/// `@unchecked Sendable`: it belongs to one request's task, which fills it and then sends it.
final class DirectoryBuffer: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    private let request: fuse_req_t
    private let plus: Bool
    private let blockSizeBytes: Int64
    /// A name with its closing NUL.
    private var scratch = [CChar](repeating: 0, count: 256)
    private(set) var usedBytes = 0
    private(set) var lastCookie: DirectoryCookie?
    /// The inodes that this answer credits, one lookup each.
    private(set) var credited: [InodeNumber] = []
    /// Credited by the filesystem, but not in the answer, since the kernel cannot take the name.
    private(set) var leftOut: [InodeNumber] = []
    private(set) var namesLeftOut: UInt64 = 0

    init(_ request: fuse_req_t, sizeBytes: Int, plus: Bool, blockSizeBytes: Int64) {
        self.request = request
        self.plus = plus
        self.blockSizeBytes = blockSizeBytes
        memory = .allocate(byteCount: min(sizeBytes, FuseOptions.readBytesMax), alignment: 8)
    }

    deinit { memory.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory)[..<usedBytes].rebased }

    /// Takes an entry, or says that it does not fit.
    func append(_ entry: DirectoryEntry) -> Bool {
        guard entry.name.isKernelName else {
            namesLeftOut += 1
            if let inode = entry.entry?.attributes.inode { leftOut.append(inode) }
            return true
        }
        let needed = write(entry)
        guard needed <= memory.count - usedBytes else { return false }
        usedBytes += needed
        lastCookie = entry.cookie
        if plus, let inode = entry.entry?.attributes.inode { credited.append(inode) }
        return true
    }

    /// Returns how many bytes it takes; writes them only when they fit.
    private func write(_ entry: DirectoryEntry) -> Int {
        let name = entry.name.bytes
        for (index, byte) in name.enumerated() { scratch[index] = CChar(truncatingIfNeeded: byte) }
        scratch[name.count] = 0
        let room = memory.count - usedBytes
        let place = memory.baseAddress?.advanced(by: usedBytes).assumingMemoryBound(to: CChar.self)
        let next = off_t(Int64(bitPattern: entry.cookie.rawValue))
        guard plus else {
            var brief = stat()
            brief.st_ino = numericCast(entry.inode.rawValue)
            brief.st_mode = entry.kind.modeBits
            return fuse_add_direntry(request, place, room, scratch, &brief, next)
        }
        // Node number 0 tells the kernel that the entry is only a name: it links nothing, and counts no lookup.
        var full = entry.entry?.kernelEntry(blockSizeBytes: blockSizeBytes) ?? fuse_entry_param()
        if entry.entry == nil {
            full.attr.st_ino = numericCast(entry.inode.rawValue)
            full.attr.st_mode = entry.kind.modeBits
        }
        return fuse_add_direntry_plus(request, place, room, scratch, &full, next)
    }
}

extension UnsafeRawBufferPointer.SubSequence {
    fileprivate var rebased: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self) }
}
