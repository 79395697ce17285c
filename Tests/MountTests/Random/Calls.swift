import Glibc

/// What a system call came to.
enum Came: Equatable, CustomStringConvertible {
    case number(Int)
    case bytes([UInt8])
    case text(String)
    case failed(Int32)

    init<Status: SignedInteger>(_ status: Status) { self = status < 0 ? .failed(errno) : .number(Int(status)) }

    var description: String {
        switch self {
        case .number(let number): "\(number)"
        case .bytes(let bytes): "\(bytes.count) bytes: \(bytes.prefix(8))"
        case .text(let text): text
        case .failed(let code): String(cString: strerror(code))
        }
    }
}

/// System calls that Swift's Glibc leaves out.
enum Call {
    static func rename(_ old: String, _ new: String, flags: UInt32) -> Came {
        typealias Function =
            @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
        return Came(named("renameat2", Function.self)(AT_FDCWD, old, AT_FDCWD, new, flags))
    }

    static func allocate(_ descriptor: Int32, mode: Int32, _ offset: Int, _ length: Int) -> Came {
        typealias Function = @convention(c) (Int32, Int32, off_t, off_t) -> Int32
        return Came(named("fallocate", Function.self)(descriptor, mode, offset, length))
    }

    /// Goes on until nothing more comes.
    static func copy(_ source: Int32, at offset: Int, to target: Int32, at targetOffset: Int, count: Int) -> Came {
        typealias Function =
            @convention(c) (Int32, UnsafeMutablePointer<off_t>, Int32, UnsafeMutablePointer<off_t>, Int, UInt32) -> Int
        var (from, to, done) = (offset, targetOffset, 0)
        while done < count {
            let copied = named("copy_file_range", Function.self)(source, &from, target, &to, count - done, 0)
            if copied < 0, done == 0 { return Came(copied) }
            if copied <= 0 { break }
            done += copied
        }
        return .number(done)
    }

    static func setAttribute(_ path: String, _ name: String, _ value: [UInt8], flags: Int32) -> Came {
        typealias Function =
            @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer, Int, Int32) -> Int32
        return Came(named("setxattr", Function.self)(path, name, value, value.count, flags))
    }

    static func attribute(_ path: String, _ name: String) -> Came {
        typealias Function =
            @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer, Int) -> Int
        var value = [UInt8](repeating: 0, count: 4096)
        let count = named("getxattr", Function.self)(path, name, &value, value.count)
        return count < 0 ? .failed(errno) : .bytes(Array(value.prefix(count)))
    }

    static func removeAttribute(_ path: String, _ name: String) -> Came {
        typealias Function = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>) -> Int32
        return Came(named("removexattr", Function.self)(path, name))
    }

    static func read(_ descriptor: Int32, _ count: Int, at offset: Int) -> Came {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + done, count - done, offset + done)
            }
            if got < 0 { return .failed(errno) }
            if got == 0 { break }
            done += got
        }
        return .bytes(Array(bytes.prefix(done)))
    }

    static func target(ofLink path: String) -> Came {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &bytes, bytes.count)
        return count < 0 ? .failed(errno) : .bytes(bytes.prefix(count).map { UInt8(bitPattern: $0) })
    }

    private static func named<Function>(_ name: String, _ type: Function.Type) -> Function {
        let address = dlsym(nil, name)
        precondition(address != nil, "the C library has \(name)")
        return unsafeBitCast(address, to: type)
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
