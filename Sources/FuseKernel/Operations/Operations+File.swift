import Basics
import CFuse
import VFS

extension Bridge {
    func open(_ request: fuse_req_t, _ inode: InodeNumber, _ flags: OpenFlags) {
        serve(.open, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.open(inode, flags)
        } answer: { bridge, reply, opened in
            // Who only reads changes nothing that a flush could make last.
            let flushes = !flags.isDisjoint(with: [.write, .truncate])
            let delivery = reply.open(opened.kernelInfo(flushes: flushes))
            // Nobody will ever close what nobody got.
            if delivery != .delivered { bridge.fileSystem.release(opened.handle) }
            return delivery
        }
    }

    func read(
        _ request: fuse_req_t, _ inode: InodeNumber, _ handle: FileHandle, at offset: Int64, sizeBytes: Int
    ) {
        serve(.read, on: inode, request) { bridge throws(FSError) in
            let lease = try await bridge.buffers.borrow(for: sizeBytes)
            let buffer = ReadBuffer(lease.buffer(sizeBytes))
            let count = try await bridge.fileSystem.read(handle, at: offset, into: buffer)
            guard (0...sizeBytes).contains(count) else { throw .inputOutput }
            return (lease, count)
        } answer: { bridge, reply, filled in
            let (lease, count) = filled
            let delivery = reply.bytes(UnsafeRawBufferPointer(lease.buffer(count)))
            if delivery == .delivered { bridge.counters.bytesRead.add(UInt64(count), ordering: .relaxed) }
            return delivery
        }
    }

    func release(_ request: fuse_req_t, _ handle: FileHandle) {
        note(.release)
        fileSystem.release(handle)
        count(Reply(request).error(0))
    }
}

extension Bridge {
    static let onOpen: FileCallback = { request, inode, info in
        Bridge.of(request).open(request, InodeNumber(inode), OpenFlags(kernelFlags: info.pointee.flags))
    }

    static let onRead: RangeCallback = { request, inode, size, offset, info in
        Bridge.of(request).read(
            request, InodeNumber(inode), FileHandle(info.pointee.fh), at: Int64(offset), sizeBytes: size)
    }

    static let onRelease: FileCallback = { request, _, info in
        Bridge.of(request).release(request, FileHandle(info.pointee.fh))
    }
}
