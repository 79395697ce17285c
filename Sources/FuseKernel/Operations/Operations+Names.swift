import Basics
import CFuse
import Glibc
import VFS

/// Names that go or change.
extension Bridge {
    func remove(_ request: fuse_req_t, _ place: Place) {
        serve(.remove, on: place.parent, request) { bridge throws(FSError) in
            try await bridge.fileSystem.remove(place)
        } answer: { _, reply, _ in
            reply.error(0)
        }
    }

    func removeDirectory(_ request: fuse_req_t, _ place: Place) {
        serve(.removeDirectory, on: place.parent, request) { bridge throws(FSError) in
            try await bridge.fileSystem.removeDirectory(place)
        } answer: { _, reply, _ in
            reply.error(0)
        }
    }

    func rename(_ request: fuse_req_t, _ old: Place, to new: Place, _ mode: RenameMode) {
        serve(.rename, on: old.parent, and: new.parent, request) { bridge throws(FSError) in
            try await bridge.fileSystem.rename(old, to: new, mode)
        } answer: { _, reply, _ in
            reply.error(0)
        }
    }
}

extension Bridge {
    static let onRemove: NameCallback = { request, parent, name in
        Bridge.of(request).remove(request, Place(kernelParent: parent, name))
    }

    static let onRemoveDirectory: NameCallback = { request, parent, name in
        Bridge.of(request).removeDirectory(request, Place(kernelParent: parent, name))
    }

    static let onRename:
        @convention(c) (
            fuse_req_t, fuse_ino_t, UnsafePointer<CChar>, fuse_ino_t, UnsafePointer<CChar>, UInt32
        ) -> Void = { request, parent, name, newParent, newName, flags in
            let bridge = Bridge.of(request)
            guard let mode = RenameMode(kernelFlags: flags) else { return bridge.refuse(.rename, request, EINVAL) }
            bridge.rename(
                request, Place(kernelParent: parent, name), to: Place(kernelParent: newParent, newName), mode)
        }
}

extension Place {
    /// Copies a name that dies with its callback.
    init(kernelParent: fuse_ino_t, _ name: UnsafePointer<CChar>) {
        self.init(parent: InodeNumber(kernelParent), name: FileName(kernelName: name))
    }
}
