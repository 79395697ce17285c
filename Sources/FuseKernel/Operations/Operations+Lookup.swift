import Basics
import CFuse
import Glibc
import VFS

extension Bridge {
    func lookup(_ request: fuse_req_t, _ parent: InodeNumber, _ name: FileName) {
        serve(.lookup, on: parent, request) { bridge throws(FSError) in
            try await bridge.fileSystem.lookup(name, in: parent)
        } answer: { bridge, reply, found in
            switch found {
            case .found(let entry): bridge.answer(reply, entry)
            case .absent(let validFor): bridge.answerAbsent(reply, validFor)
            }
        }
    }

    /// Hands out an entry. One that does not arrive was never credited in the kernel's eyes: it is taken back.
    func answer(_ reply: consuming Reply, _ entry: Entry) -> Delivery {
        let delivery = reply.entry(entry.kernelEntry(blockSizeBytes: options.blockSizeBytes))
        if delivery != .delivered { fileSystem.forget(entry.attributes.inode, lookups: 1) }
        return delivery
    }

    /// Inode 0 is an absent name that may be remembered; ENOENT one that may not.
    private func answerAbsent(_ reply: consuming Reply, _ validFor: Duration) -> Delivery {
        guard validFor > .zero else { return reply.error(ENOENT) }
        var absent = fuse_entry_param()
        absent.entry_timeout = validFor.kernelSeconds
        return reply.entry(absent)
    }

    func forget(_ request: fuse_req_t, _ inode: InodeNumber, _ lookups: UInt64) {
        note(.forget)
        fileSystem.forget(inode, lookups: lookups)
        Reply(request).nothing()
    }

    func forget(_ request: fuse_req_t, _ forgets: UnsafeBufferPointer<fuse_forget_data>) {
        note(.forget, times: UInt64(forgets.count))
        for forget in forgets { fileSystem.forget(InodeNumber(forget.ino), lookups: forget.nlookup) }
        Reply(request).nothing()
    }
}

// What libfuse calls. The arguments die with the callback, so they are copied out here.
extension Bridge {
    static let onLookup: NameCallback = { request, parent, name in
        Bridge.of(request).lookup(request, InodeNumber(parent), FileName(kernelName: name))
    }

    static let onForget: @convention(c) (fuse_req_t, fuse_ino_t, UInt64) -> Void = { request, inode, lookups in
        Bridge.of(request).forget(request, InodeNumber(inode), lookups)
    }

    static let onForgetMulti: @convention(c) (fuse_req_t, Int, UnsafeMutablePointer<fuse_forget_data>) -> Void = {
        request, count, forgets in
        Bridge.of(request).forget(request, UnsafeBufferPointer(start: forgets, count: count))
    }
}
