import CFuse
import Glibc
import VFS

/// Whether an answer reached the kernel.
enum Delivery: Equatable {
    case delivered
    /// Nobody waits any more: the connection was cut, or the kernel gave the request up. Ordinary.
    case requestGone
    /// The kernel did not take the answer, with this errno: a bug of ours or its last moments.
    case failed(Int32)

    fileprivate init(status: Int32) {
        self = switch status {
        case 0: .delivered
        case -ENOENT: .requestGone
        default: .failed(-status)
        }
    }
}

/// The right to answer one request, once; the only caller of `fuse_reply_*`.
///
/// Dropped unused it answers EIO, so no path leaves a process waiting. Made inside the request's task. After the
/// answer the request's memory is gone.
struct Reply: ~Copyable {
    private let request: fuse_req_t

    init(_ request: fuse_req_t) { self.request = request }

    deinit { fuse_reply_err(request, EIO) }

    consuming func error(_ code: Int32) -> Delivery { finish { fuse_reply_err($0, code) } }
    /// For what is told rather than asked.
    consuming func nothing() {
        fuse_reply_none(request)
        discard self
    }

    consuming func entry(_ entry: fuse_entry_param) -> Delivery {
        finish { request in withUnsafePointer(to: entry) { fuse_reply_entry(request, $0) } }
    }

    /// `seconds`: how long the kernel may go on believing them.
    consuming func attributes(_ attributes: stat, seconds: Double) -> Delivery {
        finish { request in withUnsafePointer(to: attributes) { fuse_reply_attr(request, $0, seconds) } }
    }

    consuming func open(_ info: fuse_file_info) -> Delivery {
        finish { request in withUnsafePointer(to: info) { fuse_reply_open(request, $0) } }
    }

    /// A new file, and it opened.
    consuming func create(_ entry: fuse_entry_param, _ info: fuse_file_info) -> Delivery {
        finish { request in
            withUnsafePointer(to: entry) { entry in
                withUnsafePointer(to: info) { fuse_reply_create(request, entry, $0) }
            }
        }
    }

    /// How many bytes were written or copied.
    consuming func written(_ count: Int) -> Delivery { finish { fuse_reply_write($0, count) } }

    consuming func offset(_ offset: Int64) -> Delivery { finish { fuse_reply_lseek($0, off_t(offset)) } }

    /// The target of a symbolic link; no NUL inside.
    consuming func target(_ target: [UInt8]) -> Delivery {
        let text = target.map { CChar(bitPattern: $0) } + [0]
        return finish { fuse_reply_readlink($0, text) }
    }

    consuming func bytes(_ bytes: UnsafeRawBufferPointer) -> Delivery {
        finish { fuse_reply_buf($0, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count) }
    }

    consuming func bytes(_ bytes: [UInt8]) -> Delivery {
        finish { request in
            bytes.withUnsafeBytes {
                fuse_reply_buf(request, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
            }
        }
    }

    consuming func statistics(_ statistics: statvfs) -> Delivery {
        finish { request in withUnsafePointer(to: statistics) { fuse_reply_statfs(request, $0) } }
    }

    /// How long an extended attribute, or the list of them, is.
    consuming func length(_ count: Int) -> Delivery { finish { fuse_reply_xattr($0, count) } }

    private consuming func finish(_ send: (fuse_req_t) -> Int32) -> Delivery {
        let status = send(request)
        discard self
        return Delivery(status: status)
    }
}
