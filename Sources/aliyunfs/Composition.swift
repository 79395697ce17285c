import Basics
import Glibc
import ProcessLife

/// Where the program is put together: the only place that makes clocks and the mount.
enum Composition {
    static let time: any TimeSource = SystemTime()

    // ---- The mount is plugged in here, and nowhere else. ----
    static func mountService() -> any MountService { NotBuiltIn() }

    /// Such as `3.14.0`; nil when libfuse is not installed.
    static func libfuseVersion() -> String? {
        guard let library = dlopen("libfuse3.so.3", RTLD_LAZY | RTLD_LOCAL) else { return nil }
        guard let symbol = dlsym(library, "fuse_pkgversion") else { return nil }
        let version = unsafeBitCast(symbol, to: (@convention(c) () -> UnsafePointer<CChar>?).self)
        return version().map { String(cString: $0) }
    }
}

/// Stands where the mount will be: says so.
private struct NotBuiltIn: MountService {
    func run(
        _ order: MountOrder, ready: @escaping @Sendable () -> Void, stop: StopSignal
    ) async throws(MountFailure) {
        throw MountFailure(.software, "this build cannot mount: the file system is not built in")
    }
}
