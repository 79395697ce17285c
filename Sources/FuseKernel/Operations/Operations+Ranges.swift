import Basics
import CFuse
import Glibc
import VFS

/// Ranges of open files: room and holes in them, and copies from one to another.
extension Bridge {
    func allocate(
        _ request: fuse_req_t, _ inode: InodeNumber, _ handle: FileHandle, _ range: ByteRange, _ mode: AllocationMode
    ) {
        serve(.allocate, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.allocate(handle, range, mode)
        } answer: { _, reply, _ in
            reply.error(0)
        }
    }

    func seek(
        _ request: fuse_req_t, _ inode: InodeNumber, _ handle: FileHandle, _ target: SeekTarget, from offset: Int64
    ) {
        serve(.seek, on: inode, request) { bridge throws(FSError) in
            do throws(FSError) {
                return try await bridge.fileSystem.seek(handle, target, from: offset)
            } catch {
                guard error == .notSupported else { throw error }
                return try await bridge.seekWithoutHoles(inode, target, from: offset)
            }
        } answer: { _, reply, offset in
            reply.offset(offset)
        }
    }

    /// As the kernel itself does for a filesystem that knows no holes; telling it so would be for the whole mount.
    private func seekWithoutHoles(
        _ inode: InodeNumber, _ target: SeekTarget, from offset: Int64
    ) async throws(FSError) -> Int64 {
        let size = try await fileSystem.attributes(of: inode).attributes.size
        guard (0..<size).contains(offset) else { throw .noData }
        return target == .data ? offset : size
    }

    func copy(_ request: fuse_req_t, _ source: OpenPlace, to target: OpenPlace, count: Int64) {
        serve(.copy, on: source.inode, and: target.inode, request) { bridge throws(FSError) in
            let copied = try await bridge.fileSystem.copy(
                source.handle, at: source.offset, to: target.handle, at: target.offset, count: count)
            guard (0...count).contains(copied) else { throw .inputOutput }
            return copied
        } answer: { _, reply, copied in
            reply.written(Int(copied))
        }
    }

    /// A position in an open file.
    struct OpenPlace: Sendable {
        var inode: InodeNumber
        var handle: FileHandle
        var offset: Int64
    }

    /// The answer has 32 bits for it, and an application asks again for the rest; whole pages, as it may want them.
    private static let copyBytesMax: Int64 = 0xFFFF_F000
}

extension Bridge {
    static let onAllocate:
        @convention(c) (
            fuse_req_t, fuse_ino_t, Int32, off_t, off_t, UnsafeMutablePointer<fuse_file_info>
        ) -> Void = { request, inode, flags, offset, length, info in
            let bridge = Bridge.of(request)
            guard let mode = AllocationMode(kernelFlags: flags) else {
                return bridge.refuse(.allocate, request, EOPNOTSUPP)
            }
            let (end, overflows) = Int64(offset).addingReportingOverflow(Int64(length))
            guard offset >= 0, length > 0 else { return bridge.refuse(.allocate, request, EINVAL) }
            guard !overflows else { return bridge.refuse(.allocate, request, EFBIG) }
            bridge.allocate(
                request, InodeNumber(inode), FileHandle(info.pointee.fh), ByteRange(Int64(offset), end), mode)
        }

    static let onSeek:
        @convention(c) (fuse_req_t, fuse_ino_t, off_t, Int32, UnsafeMutablePointer<fuse_file_info>) -> Void = {
            request, inode, offset, whence, info in
            let bridge = Bridge.of(request)
            guard let target = SeekTarget(kernelWhence: whence) else { return bridge.refuse(.seek, request, EINVAL) }
            bridge.seek(request, InodeNumber(inode), FileHandle(info.pointee.fh), target, from: Int64(offset))
        }

    static let onCopy:
        @convention(c) (
            fuse_req_t, fuse_ino_t, off_t, UnsafeMutablePointer<fuse_file_info>, fuse_ino_t, off_t,
            UnsafeMutablePointer<fuse_file_info>, Int, Int32
        ) -> Void = { request, source, sourceOffset, sourceInfo, target, targetOffset, targetInfo, length, flags in
            let bridge = Bridge.of(request)
            guard flags == 0 else { return bridge.refuse(.copy, request, EINVAL) }
            bridge.copy(
                request,
                OpenPlace(
                    inode: InodeNumber(source), handle: FileHandle(sourceInfo.pointee.fh), offset: Int64(sourceOffset)),
                to: OpenPlace(
                    inode: InodeNumber(target), handle: FileHandle(targetInfo.pointee.fh), offset: Int64(targetOffset)),
                count: min(Int64(length), Bridge.copyBytesMax))
        }
}
