import Glibc
import NIOCore

/// Keeps a port while nobody listens on it: a socket that is bound and does not listen, so that connections are
/// refused and the system gives the port to no one else meanwhile.
final class PortKeeper: Sendable {
    private let descriptor: Int32

    /// `nil` where the port is already somebody else's; then it may be gone when it is wanted back.
    init?(host: String, port: Int) throws {
        let address = try SocketAddress(ipAddress: host, port: port)
        let family = host.contains(":") ? AF_INET6 : AF_INET
        descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        // Both this and the listener to come say so; then the listener can bind before this is let go.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let status = address.withSockAddr { bind(descriptor, $0, socklen_t($1)) }
        if status != 0 { return nil }
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }
}
