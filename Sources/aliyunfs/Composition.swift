import Basics
import Glibc
import Mounting
import ProcessLife

/// Where the program is put together: the only place that makes clocks and the mount.
enum Composition {
    static let time: any TimeSource = SystemTime()

    static func mountService() -> any MountService {
        AliyunMount(
            time: time, random: { Double.random(in: 0..<1) },
            stopPoints: getenv(StopPoints.variable).flatMap { Int(String(cString: $0)) }.map { StopPoints(at: $0) })
    }

    /// Such as `3.14.0`; nil when libfuse is not installed.
    static func libfuseVersion() -> String? {
        guard let library = dlopen("libfuse3.so.3", RTLD_LAZY | RTLD_LOCAL) else { return nil }
        guard let symbol = dlsym(library, "fuse_pkgversion") else { return nil }
        let version = unsafeBitCast(symbol, to: (@convention(c) () -> UnsafePointer<CChar>?).self)
        return version().map { String(cString: $0) }
    }
}
