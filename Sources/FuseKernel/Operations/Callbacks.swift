import CFuse
import Glibc

/// A callback about an inode and an open file or folder.
typealias FileCallback = @convention(c) (fuse_req_t, fuse_ino_t, UnsafeMutablePointer<fuse_file_info>) -> Void
/// A callback about a name in a folder.
typealias NameCallback = @convention(c) (fuse_req_t, fuse_ino_t, UnsafePointer<CChar>) -> Void
/// A callback about a name to be made in a folder, with its mode.
typealias MakeCallback = @convention(c) (fuse_req_t, fuse_ino_t, UnsafePointer<CChar>, mode_t) -> Void
/// A callback about a file or folder whose bytes shall survive.
typealias SynchronizeCallback =
    @convention(c) (fuse_req_t, fuse_ino_t, Int32, UnsafeMutablePointer<fuse_file_info>) -> Void
/// A callback about a range of an open file or folder.
typealias RangeCallback =
    @convention(c) (fuse_req_t, fuse_ino_t, Int, off_t, UnsafeMutablePointer<fuse_file_info>) -> Void

extension cfuse_operations {
    /// Every operation of ours; the functions stand with their families in Operations+*.swift.
    ///
    /// What is not here answers ENOSYS and is never asked again: access, as the kernel checks permissions itself, and
    /// locks, as it keeps them itself.
    static var ofBridge: cfuse_operations {
        cfuse_operations(
            init: Bridge.onInit,
            lookup: Bridge.onLookup,
            forget: Bridge.onForget,
            forget_multi: Bridge.onForgetMulti,
            getattr: Bridge.onGetAttributes,
            open: Bridge.onOpen,
            read: Bridge.onRead,
            release: Bridge.onRelease,
            opendir: Bridge.onOpenDirectory,
            readdir: Bridge.onReadDirectory,
            readdirplus: Bridge.onReadDirectoryPlus,
            releasedir: Bridge.onReleaseDirectory,
            statfs: Bridge.onStatistics,
            getxattr: Bridge.onGetExtendedAttribute,
            listxattr: Bridge.onListExtendedAttributes,
            setattr: Bridge.onSetAttributes,
            create: Bridge.onCreate,
            mknod: Bridge.onMakeNode,
            mkdir: Bridge.onMakeDirectory,
            symlink: Bridge.onMakeSymbolicLink,
            readlink: Bridge.onReadSymbolicLink,
            link: Bridge.onLink,
            unlink: Bridge.onRemove,
            rmdir: Bridge.onRemoveDirectory,
            rename: Bridge.onRename,
            write: Bridge.onWrite,
            flush: Bridge.onFlush,
            fsync: Bridge.onSynchronize,
            fsyncdir: Bridge.onSynchronizeDirectory,
            fallocate: Bridge.onAllocate,
            lseek: Bridge.onSeek,
            copy_file_range: Bridge.onCopy,
            setxattr: Bridge.onSetExtendedAttribute,
            removexattr: Bridge.onRemoveExtendedAttribute
        )
    }
}

extension Bridge {
    fileprivate static let onInit:
        @convention(c) (UnsafeMutableRawPointer, UnsafeMutablePointer<fuse_conn_info>) -> Void = {
            userdata, connection in
            Unmanaged<Bridge>.fromOpaque(userdata).takeUnretainedValue().configure(connection)
        }

    private func configure(_ connection: UnsafeMutablePointer<fuse_conn_info>) {
        var settings = cfuse_connection_settings(
            max_read_bytes: UInt32(FuseOptions.readBytesMax),
            max_write_bytes: UInt32(FuseOptions.writeBytesMax),
            max_background: UInt32(clamping: options.backgroundRequestsMax),
            time_granularity_ns: options.timeGranularityNanoseconds)
        cfuse_configure(connection, &settings)
    }
}
