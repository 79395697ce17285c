import Glibc
import Settings
import SystemPackage

/// Tells the service manager how the service is: one datagram of lines to the socket it named.
public struct ServiceNotifier: Sendable {
    private let address: [UInt8]?

    /// Silent when there is no `NOTIFY_SOCKET`: not started by a manager that wants to hear.
    public init(_ environment: [String: String]) {
        guard let name = environment["NOTIFY_SOCKET"], name.hasPrefix("/") || name.hasPrefix("@"),
            2...SocketAddress.longestPath ~= name.utf8.count
        else {
            address = nil
            return
        }
        // An abstract name begins with a NUL, written as @.
        address = name.hasPrefix("@") ? [0] + name.utf8.dropFirst() : Array(name.utf8)
    }

    /// Such as `READY=1`. A manager that cannot be told is no reason to end: nobody else can do anything about it.
    @discardableResult public func notify(_ state: String) -> Bool {
        guard let address, let socket = DatagramSocket(to: address) else { return false }
        return socket.send(Array(state.utf8))
    }
}

/// A datagram socket with a fixed peer in the file system or the abstract name space.
struct DatagramSocket {
    private let descriptor: FileDescriptor

    /// nil when nobody listens there.
    init?(to path: [UInt8]) {
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return nil }
        descriptor = FileDescriptor(rawValue: number)
        guard SocketAddress.withAddress(path, { connect(number, $0, $1) }) == 0 else {
            descriptor.closeQuietly()
            return nil
        }
    }

    func send(_ bytes: [UInt8]) -> Bool {
        defer { descriptor.closeQuietly() }
        return write(bytes)
    }

    /// Never waits: a full queue loses the message.
    func write(_ bytes: [UInt8]) -> Bool {
        let sent = bytes.withUnsafeBytes {
            Glibc.send(descriptor.rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        return sent == bytes.count
    }
}

enum SocketAddress {
    /// Bytes of `sun_path`, one of them for the NUL that ends a path.
    static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// `path` is at most `longestPath` bytes, and begins with a NUL when it is abstract.
    static func withAddress<Result>(
        _ path: [UInt8], _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.prefix(longestPath)) }
        let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        // An abstract name has no end of its own: its length counts.
        let length = start + path.count + (path.first == 0 ? 0 : 1)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
        }
    }
}
