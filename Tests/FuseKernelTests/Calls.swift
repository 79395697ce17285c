import Glibc

/// What a system call failed with.
struct CallError: Error, Hashable {
    var code: Int32
    init(_ code: Int32) { self.code = code }
}

/// Runs system calls on a thread of its own, where they may block, and returns or throws what they did.
@discardableResult
func calling<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await onThread { Result { try body() } }.get()
}

/// System calls that throw; those that Swift's Glibc leaves out are looked up by name.
enum Call {
    static let seekData: Int32 = 3
    static let seekHole: Int32 = 4
    static let now = timespec(tv_sec: 0, tv_nsec: (1 << 30) - 1)
    static let omit = timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2)

    static func open(_ path: String, _ flags: Int32, _ mode: mode_t = 0o666) throws -> Int32 {
        try check(Glibc.open(path, flags | O_CLOEXEC, mode))
    }

    static func close(_ descriptor: Int32) throws { try check(Glibc.close(descriptor)) }

    /// Opens, and closes whatever happens; the error of closing counts where the body has none.
    @discardableResult
    static func with<Value>(
        _ path: String, _ flags: Int32, _ mode: mode_t = 0o666, _ body: (Int32) throws -> Value
    ) throws -> Value {
        let descriptor = try open(path, flags, mode)
        let value: Value
        do {
            value = try body(descriptor)
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
        try close(descriptor)
        return value
    }

    /// All at once; a short write is a failure. Without an offset it writes where the descriptor stands.
    static func write(_ descriptor: Int32, _ bytes: [UInt8], at offset: Int? = nil) throws {
        let count = offset.map { pwrite(descriptor, bytes, bytes.count, $0) }
            ?? Glibc.write(descriptor, bytes, bytes.count)
        guard try check(count) == bytes.count else { throw CallError(EIO) }
    }

    static func write(_ descriptor: Int32, _ text: String, at offset: Int? = nil) throws {
        try write(descriptor, Array(text.utf8), at: offset)
    }

    static func read(_ descriptor: Int32, _ count: Int, at offset: Int = 0) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try check(pread(descriptor, &bytes, count, offset))
        return Array(bytes.prefix(got))
    }

    static func rename(_ old: String, _ new: String, flags: UInt32) throws {
        typealias Function =
            @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
        let function = named("renameat2", Function.self)
        try check(function(AT_FDCWD, old, AT_FDCWD, new, flags))
    }

    static func allocate(_ descriptor: Int32, mode: Int32, _ offset: Int, _ length: Int) throws {
        typealias Function = @convention(c) (Int32, Int32, off_t, off_t) -> Int32
        try check(named("fallocate", Function.self)(descriptor, mode, offset, length))
    }

    static func copy(
        _ source: Int32, at offset: Int, to target: Int32, at targetOffset: Int, count: Int
    ) throws -> Int {
        typealias Function =
            @convention(c) (Int32, UnsafeMutablePointer<off_t>, Int32, UnsafeMutablePointer<off_t>, Int, UInt32) -> Int
        var (from, to) = (offset, targetOffset)
        return try check(named("copy_file_range", Function.self)(source, &from, target, &to, count, 0))
    }

    static func setAttribute(_ path: String, _ name: String, _ value: [UInt8], flags: Int32 = 0) throws {
        typealias Function =
            @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer, Int, Int32) -> Int32
        try check(named("setxattr", Function.self)(path, name, value, value.count, flags))
    }

    static func attribute(_ path: String, _ name: String) throws -> [UInt8] {
        typealias Function =
            @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer, Int) -> Int
        var value = [UInt8](repeating: 0, count: 65_536)
        let count = try check(named("getxattr", Function.self)(path, name, &value, value.count))
        return Array(value.prefix(count))
    }

    static func removeAttribute(_ path: String, _ name: String) throws {
        typealias Function = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>) -> Int32
        try check(named("removexattr", Function.self)(path, name))
    }

    static func status(_ path: String) throws -> stat {
        var answer = stat()
        try check(lstat(path, &answer))
        return answer
    }

    /// What a call returned, or its errno.
    @discardableResult
    static func check<Status: SignedInteger>(_ status: Status) throws -> Status {
        guard status >= 0 else { throw CallError(errno) }
        return status
    }

    private static func named<Function>(_ name: String, _ type: Function.Type) -> Function {
        let address = dlsym(nil, name)
        precondition(address != nil, "the C library has \(name)")
        return unsafeBitCast(address, to: type)
    }
}
