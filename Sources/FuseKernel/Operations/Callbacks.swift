import CFuse
import Glibc

/// A callback about an inode and an open file or folder.
typealias FileCallback = @convention(c) (fuse_req_t, fuse_ino_t, UnsafeMutablePointer<fuse_file_info>) -> Void
/// A callback about a range of an open file or folder.
typealias RangeCallback =
    @convention(c) (fuse_req_t, fuse_ino_t, Int, off_t, UnsafeMutablePointer<fuse_file_info>) -> Void

extension cfuse_operations {
    /// Every operation of ours; the functions stand with their families in Operations+*.swift.
    ///
    /// What is not here answers ENOSYS and is never asked again: access, as the kernel checks permissions itself,
    /// readlink and flush.
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
            listxattr: Bridge.onListExtendedAttributes
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
            max_background: UInt32(clamping: options.backgroundRequestsMax),
            time_granularity_ns: options.timeGranularityNanoseconds)
        cfuse_configure(connection, &settings)
    }
}
