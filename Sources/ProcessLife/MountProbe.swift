import Basics
import CLibc
import Glibc
import SystemPackage

/// Asks a mount whether somebody serves it.
public struct MountProbe: Sendable {
    public enum Answer: Hashable, Sendable {
        /// Somebody answered, with the value of the attribute.
        case alive([UInt8])
        /// Somebody answered, but has no such attribute to give.
        case aliveWithout(Errno)
        /// The serving process is gone.
        case dead
        /// Somebody serves it, but not us: a mount of another user.
        case forbidden
        /// Nobody answered in time.
        case silent
    }

    private let time: any TimeSource
    private let limit: Duration

    public init(time: any TimeSource, limit: Duration = .seconds(10)) {
        self.time = time
        self.limit = limit
    }

    /// Reads an extended attribute of the mount's root, which no cache answers.
    public func ask(_ mountPoint: FilePath, for attribute: String, longest: Int) async -> Answer {
        let result = await Blocking.run(within: limit, on: time) {
            Result { () throws(Errno) in try ExtendedAttribute.read(attribute, of: mountPoint, longest: longest) }
        }
        switch result {
        case nil: return .silent
        case .success(let bytes): return .alive(bytes)
        case .failure(.socketNotConnected), .failure(.connectionAbort): return .dead
        case .failure(.permissionDenied), .failure(.notPermitted): return .forbidden
        case .failure(let error): return .aliveWithout(error)
        }
    }
}

enum ExtendedAttribute {
    /// `ERANGE` when it is longer than `longest`. Blocks.
    static func read(_ name: String, of path: FilePath, longest: Int) throws(Errno) -> [UInt8] {
        var size = min(65_536, longest)
        while true {
            var buffer = [UInt8](repeating: 0, count: size)
            let count = path.withPlatformString { path in
                buffer.withUnsafeMutableBytes { getxattr(path, name, $0.baseAddress, $0.count) }
            }
            if count >= 0 { return Array(buffer.prefix(count)) }
            let error = Errno(rawValue: errno)
            guard error == .outOfRange, size < longest else { throw error }
            size = min(size * 4, longest)
        }
    }
}
