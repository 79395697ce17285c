import Basics
import CFuse
import VFS

extension Bridge {
    func openDirectory(_ request: fuse_req_t, _ inode: InodeNumber) {
        serve(.openDirectory, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.openDirectory(inode)
        } answer: { bridge, reply, opened in
            var info = fuse_file_info()
            info.fh = opened.handle.rawValue
            info.cache_readdir = opened.mayCache ? 1 : 0
            // Without it the kernel drops the cached listing at every opendir.
            info.keep_cache = info.cache_readdir
            let delivery = reply.open(info)
            if delivery != .delivered { bridge.fileSystem.releaseDirectory(opened.handle) }
            return delivery
        }
    }

    func readDirectory(
        _ request: fuse_req_t, _ inode: InodeNumber, _ handle: DirectoryHandle, after cookie: DirectoryCookie,
        sizeBytes: Int, plus: Bool
    ) {
        let buffer = DirectoryBuffer(
            request, sizeBytes: sizeBytes, plus: plus, blockSizeBytes: options.blockSizeBytes)
        serve(.readDirectory, on: inode, request) { bridge throws(FSError) in
            if let error = bridge.heldErrors.take(handle, at: cookie) { throw error }
            try await bridge.fill(buffer, handle, after: cookie, plus: plus)
            return buffer
        } answer: { bridge, reply, buffer in
            let delivery = reply.bytes(buffer.bytes)
            if delivery != .delivered {
                for inode in buffer.credited { bridge.fileSystem.forget(inode, lookups: 1) }
            }
            return delivery
        }
    }

    /// An error after the first entry must wait: the entries before it are credited, so they have to be delivered.
    private func fill(
        _ buffer: DirectoryBuffer, _ handle: DirectoryHandle, after cookie: DirectoryCookie, plus: Bool
    ) async throws(FSError) {
        defer { leaveOut(buffer) }
        do throws(FSError) {
            try await fileSystem.readDirectory(handle, after: cookie, plus: plus) { buffer.append($0) }
        } catch {
            guard let last = buffer.lastCookie else { throw error }
            // Who gave up needs no second telling.
            if error != .interrupted { heldErrors.hold(error, for: handle, after: last) }
        }
    }

    /// Not inside `emit`, where the filesystem may hold a lock that `forget` takes.
    private func leaveOut(_ buffer: DirectoryBuffer) {
        guard buffer.namesLeftOut > 0 else { return }
        counters.namesLeftOut.add(buffer.namesLeftOut, ordering: .relaxed)
        for inode in buffer.leftOut { fileSystem.forget(inode, lookups: 1) }
    }

    func releaseDirectory(_ request: fuse_req_t, _ handle: DirectoryHandle) {
        note(.releaseDirectory)
        heldErrors.release(handle)
        fileSystem.releaseDirectory(handle)
        count(Reply(request).error(0))
    }
}

extension Bridge {
    static let onOpenDirectory: FileCallback = { request, inode, _ in
        Bridge.of(request).openDirectory(request, InodeNumber(inode))
    }

    static let onReadDirectory: RangeCallback = { request, inode, size, offset, info in
        Bridge.of(request).readDirectory(
            request, InodeNumber(inode), DirectoryHandle(info.pointee.fh),
            after: DirectoryCookie(kernelOffset: offset), sizeBytes: size, plus: false)
    }

    static let onReadDirectoryPlus: RangeCallback = { request, inode, size, offset, info in
        Bridge.of(request).readDirectory(
            request, InodeNumber(inode), DirectoryHandle(info.pointee.fh),
            after: DirectoryCookie(kernelOffset: offset), sizeBytes: size, plus: true)
    }

    static let onReleaseDirectory: FileCallback = { request, _, info in
        Bridge.of(request).releaseDirectory(request, DirectoryHandle(info.pointee.fh))
    }
}

extension DirectoryCookie {
    fileprivate init(kernelOffset: off_t) { self.init(UInt64(bitPattern: Int64(kernelOffset))) }
}
