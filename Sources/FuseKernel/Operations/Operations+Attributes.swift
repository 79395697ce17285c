import Basics
import CFuse
import Glibc
import VFS

extension Bridge {
    func attributes(_ request: fuse_req_t, _ inode: InodeNumber) {
        serve(.attributes, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.attributes(of: inode)
        } answer: { bridge, reply, answer in
            let attributes = answer.attributes.kernelAttributes(blockSizeBytes: bridge.options.blockSizeBytes)
            return reply.attributes(attributes, seconds: answer.validFor.kernelSeconds)
        }
    }

    func statistics(_ request: fuse_req_t) {
        serve(.statistics, on: .root, request) { bridge throws(FSError) in
            try await bridge.fileSystem.statistics()
        } answer: { bridge, reply, statistics in
            reply.statistics(statistics.kernelStatistics(blockSizeBytes: bridge.options.blockSizeBytes))
        }
    }

    func extendedAttribute(_ request: fuse_req_t, _ inode: InodeNumber, _ name: FileName, sizeBytes: Int) {
        serve(.extendedAttribute, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.extendedAttribute(name, of: inode)
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
}

extension Bridge {
    static let onGetAttributes: @convention(c) (fuse_req_t, fuse_ino_t, UnsafeMutablePointer<fuse_file_info>?) -> Void =
        { request, inode, _ in
            Bridge.of(request).attributes(request, InodeNumber(inode))
        }

    static let onStatistics: @convention(c) (fuse_req_t, fuse_ino_t) -> Void = { request, _ in
        Bridge.of(request).statistics(request)
    }

    static let onGetExtendedAttribute: @convention(c) (fuse_req_t, fuse_ino_t, UnsafePointer<CChar>, Int) -> Void = {
        request, inode, name, size in
        Bridge.of(request).extendedAttribute(
            request, InodeNumber(inode), FileName(kernelName: name), sizeBytes: size)
    }

    static let onListExtendedAttributes: @convention(c) (fuse_req_t, fuse_ino_t, Int) -> Void = {
        request, inode, size in
        Bridge.of(request).extendedAttributeNames(request, InodeNumber(inode), sizeBytes: size)
    }
}
