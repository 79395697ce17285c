import Basics
import CFuse
import Glibc
import VFS

/// What changes an open file, or says that it is to last.
extension Bridge {
    func write(
        _ request: fuse_req_t, _ inode: InodeNumber, _ handle: FileHandle, at offset: Int64, _ bytes: WriteCopy,
        isMapped: Bool
    ) {
        serve(.write, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.write(handle, at: offset, WriteBytes(bytes.bytes, isMapped: isMapped))
            return bytes
        } answer: { bridge, reply, bytes in
            let count = bytes.bytes.count
            let delivery = reply.written(count)
            if delivery == .delivered { bridge.counters.bytesWritten.add(UInt64(count), ordering: .relaxed) }
            return delivery
        }
    }

    func flush(_ request: fuse_req_t, _ inode: InodeNumber, _ handle: FileHandle) {
        serve(.flush, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.flush(handle)
        } answer: { _, reply, _ in
            reply.error(0)
        }
    }

    func synchronize(_ request: fuse_req_t, _ inode: InodeNumber, _ handle: FileHandle) {
        serve(.synchronize, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.synchronize(handle)
        } answer: { _, reply, _ in
            reply.error(0)
        }
    }

    func synchronizeDirectory(_ request: fuse_req_t, _ inode: InodeNumber, _ handle: DirectoryHandle) {
        serve(.synchronizeDirectory, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.synchronizeDirectory(handle)
        } answer: { _, reply, _ in
            reply.error(0)
        }
    }
}

extension Bridge {
    static let onWrite:
        @convention(c) (
            fuse_req_t, fuse_ino_t, UnsafePointer<CChar>, Int, off_t, UnsafeMutablePointer<fuse_file_info>
        ) -> Void = { request, inode, bytes, size, offset, info in
            let bridge = Bridge.of(request)
            guard let copy = bridge.writeBuffers.copy(UnsafeRawBufferPointer(start: bytes, count: size)) else {
                bridge.counters.writesRefused.add(1, ordering: .relaxed)
                return bridge.refuse(.write, request, ENOMEM)
            }
            bridge.write(
                request, InodeNumber(inode), FileHandle(info.pointee.fh), at: Int64(offset), copy,
                isMapped: info.pointee.writepage != 0)
        }

    static let onFlush: FileCallback = { request, inode, info in
        Bridge.of(request).flush(request, InodeNumber(inode), FileHandle(info.pointee.fh))
    }

    static let onSynchronize: SynchronizeCallback = { request, inode, _, info in
        Bridge.of(request).synchronize(request, InodeNumber(inode), FileHandle(info.pointee.fh))
    }

    static let onSynchronizeDirectory: SynchronizeCallback = { request, inode, _, info in
        Bridge.of(request).synchronizeDirectory(request, InodeNumber(inode), DirectoryHandle(info.pointee.fh))
    }
}
