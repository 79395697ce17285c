import CFuse
import Glibc

/// The kernel's read-ahead of a mount, which libfuse can lower but not raise: the device's own setting has to be
/// written.
enum ReadAhead {
    /// Returns what stood in the way, or `nil`. Needs root; asks nothing of the mounted filesystem.
    static func raise(_ mountPoint: String, toKiB kibibytes: Int) -> String? {
        var major: UInt32 = 0
        var minor: UInt32 = 0
        let status = cfuse_mounted_device(mountPoint, &major, &minor)
        guard status == 0 else { return errorText(status) }
        let path = "/sys/class/bdi/\(major):\(minor)/read_ahead_kb"
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "\(path): \(errorText(errno))" }
        defer { close(descriptor) }
        let text = Array("\(kibibytes)\n".utf8)
        return write(descriptor, text, text.count) == text.count ? nil : "\(path): \(errorText(errno))"
    }
}
