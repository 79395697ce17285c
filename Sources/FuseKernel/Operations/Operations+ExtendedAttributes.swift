import Basics
import CFuse
import Glibc
import VFS

extension Bridge {
    func extendedAttribute(_ request: fuse_req_t, _ inode: InodeNumber, _ name: FileName, sizeBytes: Int) {
        let caller = Caller(of: request)
        serve(.extendedAttribute, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.extendedAttribute(name, of: inode, by: caller)
        } answer: { _, reply, value in
            Self.answer(reply, value, sizeBytes: sizeBytes)
        }
    }

    func extendedAttributeNames(_ request: fuse_req_t, _ inode: InodeNumber, sizeBytes: Int) {
        serve(.extendedAttributeNames, on: inode, request) { bridge throws(FSError) in
            let names = try await bridge.fileSystem.extendedAttributeNames(of: inode)
            return names.filter(\.isKernelName).flatMap { $0.bytes + [0] }
        } answer: { _, reply, list in
            Self.answer(reply, list, sizeBytes: sizeBytes)
        }
    }

    /// Size 0 asks how long the value is; a size that is too small gets ERANGE.
    private static func answer(_ reply: consuming Reply, _ value: [UInt8], sizeBytes: Int) -> Delivery {
        if sizeBytes == 0 { return reply.length(value.count) }
        if value.count > sizeBytes { return reply.error(ERANGE) }
        return reply.bytes(value)
    }

    func setExtendedAttribute(
        _ request: fuse_req_t, _ inode: InodeNumber, _ name: FileName, to value: [UInt8], _ mode: AttributeSetMode
    ) {
        serve(.setExtendedAttribute, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.setExtendedAttribute(name, of: inode, to: value, mode)
        } answer: { _, reply, _ in
            reply.error(0)
        }
    }

    func removeExtendedAttribute(_ request: fuse_req_t, _ inode: InodeNumber, _ name: FileName) {
        serve(.removeExtendedAttribute, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.removeExtendedAttribute(name, of: inode)
        } answer: { _, reply, _ in
            reply.error(0)
        }
    }
}

extension Bridge {
    static let onGetExtendedAttribute: @convention(c) (fuse_req_t, fuse_ino_t, UnsafePointer<CChar>, Int) -> Void = {
        request, inode, name, size in
        Bridge.of(request).extendedAttribute(
            request, InodeNumber(inode), FileName(kernelName: name), sizeBytes: size)
    }

    static let onListExtendedAttributes: @convention(c) (fuse_req_t, fuse_ino_t, Int) -> Void = {
        request, inode, size in
        Bridge.of(request).extendedAttributeNames(request, InodeNumber(inode), sizeBytes: size)
    }

    static let onSetExtendedAttribute:
        @convention(c) (fuse_req_t, fuse_ino_t, UnsafePointer<CChar>, UnsafePointer<CChar>, Int, Int32) -> Void = {
            request, inode, name, value, size, flags in
            let bridge = Bridge.of(request)
            guard let mode = AttributeSetMode(kernelFlags: flags) else {
                return bridge.refuse(.setExtendedAttribute, request, EINVAL)
            }
            bridge.setExtendedAttribute(
                request, InodeNumber(inode), FileName(kernelName: name),
                to: Array(UnsafeRawBufferPointer(start: value, count: size)), mode)
        }

    static let onRemoveExtendedAttribute: NameCallback = { request, inode, name in
        Bridge.of(request).removeExtendedAttribute(request, InodeNumber(inode), FileName(kernelName: name))
    }
}
