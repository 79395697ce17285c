import Basics
import CFuse
import Glibc
import VFS

extension Bridge {
    func attributes(_ request: fuse_req_t, _ inode: InodeNumber) {
        serve(.attributes, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.attributes(of: inode)
        } answer: { bridge, reply, answer in
            bridge.answer(reply, answer)
        }
    }

    func setAttributes(
        _ request: fuse_req_t, _ inode: InodeNumber, to change: AttributeChange, through handle: FileHandle?
    ) {
        serve(.setAttributes, on: inode, request) { bridge throws(FSError) in
            try await bridge.fileSystem.setAttributes(of: inode, to: change, through: handle)
        } answer: { bridge, reply, answer in
            bridge.answer(reply, answer)
        }
    }

    private func answer(_ reply: consuming Reply, _ answer: AttributesReply) -> Delivery {
        let attributes = answer.attributes.kernelAttributes(blockSizeBytes: options.blockSizeBytes)
        return reply.attributes(attributes, seconds: answer.validFor.kernelSeconds)
    }

    func statistics(_ request: fuse_req_t) {
        serve(.statistics, on: .root, request) { bridge throws(FSError) in
            try await bridge.fileSystem.statistics()
        } answer: { bridge, reply, statistics in
            reply.statistics(statistics.kernelStatistics(blockSizeBytes: bridge.options.blockSizeBytes))
        }
    }
}

extension Bridge {
    static let onGetAttributes: @convention(c) (fuse_req_t, fuse_ino_t, UnsafeMutablePointer<fuse_file_info>?) -> Void =
        { request, inode, _ in
            Bridge.of(request).attributes(request, InodeNumber(inode))
        }

    static let onSetAttributes:
        @convention(c) (
            fuse_req_t, fuse_ino_t, UnsafeMutablePointer<stat>, Int32, UnsafeMutablePointer<fuse_file_info>?
        ) -> Void = { request, inode, attributes, toSet, info in
            Bridge.of(request).setAttributes(
                request, InodeNumber(inode), to: AttributeChange(attributes.pointee, toSet: toSet),
                through: (info?.pointee.fh).map { FileHandle($0) })
        }

    static let onStatistics: @convention(c) (fuse_req_t, fuse_ino_t) -> Void = { request, _ in
        Bridge.of(request).statistics(request)
    }
}
