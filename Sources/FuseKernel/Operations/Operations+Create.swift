import Basics
import CFuse
import Glibc
import VFS

/// What comes into being.
extension Bridge {
    func create(
        _ request: fuse_req_t, _ place: Place, permissions: UInt32, _ flags: OpenFlags, exclusive: Bool
    ) {
        let caller = Caller(of: request)
        serve(.create, on: place.parent, request) { bridge throws(FSError) in
            try await bridge.fileSystem.create(
                place, permissions: permissions, flags, exclusive: exclusive, by: caller)
        } answer: { bridge, reply, made in
            let entry = made.entry.kernelEntry(blockSizeBytes: bridge.options.blockSizeBytes)
            let delivery = reply.create(entry, made.opened.kernelInfo(flushes: true))
            if delivery != .delivered {
                bridge.fileSystem.release(made.opened.handle)
                bridge.fileSystem.forget(made.entry.attributes.inode, lookups: 1)
            }
            return delivery
        }
    }

    func makeFile(_ request: fuse_req_t, _ place: Place, permissions: UInt32) {
        let caller = Caller(of: request)
        make(.makeFile, request, in: place.parent) { fileSystem throws(FSError) in
            try await fileSystem.makeFile(place, permissions: permissions, by: caller)
        }
    }

    func makeDirectory(_ request: fuse_req_t, _ place: Place, permissions: UInt32) {
        let caller = Caller(of: request)
        make(.makeDirectory, request, in: place.parent) { fileSystem throws(FSError) in
            try await fileSystem.makeDirectory(place, permissions: permissions, by: caller)
        }
    }

    func makeSymbolicLink(_ request: fuse_req_t, _ place: Place, to target: [UInt8]) {
        let caller = Caller(of: request)
        make(.makeSymbolicLink, request, in: place.parent) { fileSystem throws(FSError) in
            try await fileSystem.makeSymbolicLink(place, to: target, by: caller)
        }
    }

    private func make(
        _ kind: RequestKind, _ request: fuse_req_t, in parent: InodeNumber,
        _ operation: @escaping @Sendable (any FileSystem) async throws(FSError) -> Entry
    ) {
        serve(kind, on: parent, request) { bridge throws(FSError) in
            try await operation(bridge.fileSystem)
        } answer: { bridge, reply, entry in
            bridge.answer(reply, entry)
        }
    }

    func readSymbolicLink(_ request: fuse_req_t, _ inode: InodeNumber) {
        serve(.readSymbolicLink, on: inode, request) { bridge throws(FSError) in
            let target = try await bridge.fileSystem.target(ofSymbolicLink: inode)
            // What the kernel cannot take would arrive cut, or not at all.
            guard (1..<Int(PATH_MAX)).contains(target.count), !target.contains(0) else { throw .inputOutput }
            return target
        } answer: { _, reply, target in
            reply.target(target)
        }
    }
}

extension Bridge {
    static let onCreate:
        @convention(c) (
            fuse_req_t, fuse_ino_t, UnsafePointer<CChar>, mode_t, UnsafeMutablePointer<fuse_file_info>
        ) -> Void = { request, parent, name, mode, info in
            let flags = info.pointee.flags
            Bridge.of(request).create(
                request, Place(kernelParent: parent, name), permissions: mode.permissions,
                OpenFlags(kernelFlags: flags), exclusive: flags & O_EXCL != 0)
        }

    /// Devices, sockets and pipes have no place on the drive.
    static let onMakeNode: @convention(c) (fuse_req_t, fuse_ino_t, UnsafePointer<CChar>, mode_t, dev_t) -> Void = {
        request, parent, name, mode, _ in
        let bridge = Bridge.of(request)
        guard mode & S_IFMT == S_IFREG else { return bridge.refuse(.makeFile, request, EPERM) }
        bridge.makeFile(request, Place(kernelParent: parent, name), permissions: mode.permissions)
    }

    static let onMakeDirectory: MakeCallback = { request, parent, name, mode in
        Bridge.of(request).makeDirectory(
            request, Place(kernelParent: parent, name), permissions: mode.permissions)
    }

    static let onMakeSymbolicLink:
        @convention(c) (fuse_req_t, UnsafePointer<CChar>, fuse_ino_t, UnsafePointer<CChar>) -> Void = {
            request, target, parent, name in
            let bytes = UnsafeRawBufferPointer(start: target, count: strlen(target))
            Bridge.of(request).makeSymbolicLink(request, Place(kernelParent: parent, name), to: Array(bytes))
        }

    static let onReadSymbolicLink: @convention(c) (fuse_req_t, fuse_ino_t) -> Void = { request, inode in
        Bridge.of(request).readSymbolicLink(request, InodeNumber(inode))
    }

    /// A file has one name. Unanswered it would be ENOSYS, which older kernels hand on to the application.
    static let onLink: @convention(c) (fuse_req_t, fuse_ino_t, fuse_ino_t, UnsafePointer<CChar>) -> Void = {
        request, _, _, _ in
        Bridge.of(request).refuse(.link, request, EPERM)
    }
}
