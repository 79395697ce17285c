import Glibc
import Settings
import SystemPackage

/// The folder that one mount at a time owns: made private, and locked for as long as this value lives.
public final class StateDirectory: Sendable {
    public enum Failure: Error, Hashable, Sendable {
        case cannotBeMade(FilePath, Errno)
        case notAFolder(FilePath)
        case foreign(FilePath)
        /// Others may read it; with its permission bits.
        case open(FilePath, mode: UInt32)
        /// By whom, as the lock's file says.
        case inUse(FilePath, by: Holder?)
    }

    public struct Holder: Hashable, Sendable {
        public var pid: pid_t
        public var mountPoint: String
    }

    public let path: FilePath
    private let lock: FileDescriptor

    /// Makes the folder where it is missing, checks it, and takes its lock or says who has it. Blocks shortly.
    public init(_ path: FilePath, mountPoint: FilePath) throws(Failure) {
        try Self.prepare(path)
        self.path = path
        let file = path.appending("lock")
        do throws(Errno) {
            lock = try Self.open(file)
        } catch {
            throw .cannotBeMade(file, error)
        }
        // From here on whatever is thrown runs `deinit`, which closes.
        guard flock(lock.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            let error = Errno(rawValue: errno)
            let holder = error == .wouldBlock ? Self.holder(in: lock) : nil
            throw error == .wouldBlock ? .inUse(path, by: holder) : .cannotBeMade(file, error)
        }
        do throws(Errno) {
            try Self.note("\(getpid())\n\(mountPoint)\n", in: lock)
        } catch {
            throw .cannotBeMade(file, error)
        }
    }

    /// The file stays, so that two starters never lock two files. Closing alone would leave it locked while a child
    /// that is being started has a copy of the descriptor.
    deinit {
        flock(lock.rawValue, LOCK_UN)
        lock.closeQuietly()
    }

    /// What is wrong with an existing folder; nil when it may be used.
    public static func flaw(of path: FilePath) -> Failure? {
        let status: Stat
        do throws(Errno) { status = try path.stat() } catch { return .cannotBeMade(path, error) }
        if status.type != .directory { return .notAFolder(path) }
        if status.userID.rawValue != geteuid() { return .foreign(path) }
        let others: FilePermissions = [.groupReadWriteExecute, .otherReadWriteExecute]
        return status.permissions.isDisjoint(with: others) ? nil : .open(path, mode: status.permissions.rawValue)
    }

    /// Folders that are made are private. One that is there is not changed: it may be a folder others live in.
    private static func prepare(_ path: FilePath) throws(Failure) {
        var missing: [FilePath] = []
        var folder = path
        while !folder.exists, folder.lastComponent != nil {
            missing.append(folder)
            folder.removeLastComponent()
        }
        for folder in missing.reversed() {
            guard folder.withPlatformString({ mkdir($0, 0o700) }) == 0 || errno == EEXIST else {
                throw .cannotBeMade(folder, Errno(rawValue: errno))
            }
        }
        if let flaw = flaw(of: path) { throw flaw }
    }

    private static func open(_ file: FilePath) throws(Errno) -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                file, .readWrite, options: [.create, .closeOnExec, .noFollow], permissions: .ownerReadWrite)
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }

    private static func note(_ text: String, in file: FileDescriptor) throws(Errno) {
        guard ftruncate(file.rawValue, 0) == 0 else { throw Errno(rawValue: errno) }
        do {
            try file.writeAll(toAbsoluteOffset: 0, text.utf8)
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }

    private static func holder(in file: FileDescriptor) -> Holder? {
        let bytes: [UInt8]
        do throws(Errno) { bytes = try file.readBytes(atMost: 65_536) } catch { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        guard lines.count >= 2, let pid = pid_t(lines[0]) else { return nil }
        // Whole, as it stands in a command to be run; only what could play with a terminal is taken out.
        let place = lines[1].unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : Character($0) }
        return Holder(pid: pid, mountPoint: String(place))
    }
}

extension FilePath {
    /// Follows links; false also where it may not be asked.
    var exists: Bool {
        do throws(Errno) { _ = try stat() } catch { return false }
        return true
    }
}

extension StateDirectory.Failure {
    /// What it is, and what to do.
    public var message: String {
        switch self {
        case .cannotBeMade(let path, let error):
            "\(path): cannot be used for the state (\(error.words)); name another folder with --state-dir"
        case .notAFolder(let path):
            "\(path): is not a folder; name another with --state-dir"
        case .foreign(let path):
            "\(path): belongs to another user; name a folder of your own with --state-dir"
        // A folder that many share, such as /tmp, must not be closed to them.
        case .open(let path, let mode) where mode & 0o1000 != 0:
            "\(path): is a folder that many share; name one of its own with --state-dir"
        case .open(let path, let mode):
            "\(path): others may look into it (mode 0\(String(mode, radix: 8))); run 'chmod 700 \(path)' "
                + "or name another with --state-dir"
        case .inUse(let path, let holder?):
            "\(path): is in use by process \(holder.pid), which serves \(holder.mountPoint); run "
                + "'aliyunfs unmount \(holder.mountPoint)' first, or mount with another --profile"
        case .inUse(let path, nil):
            "\(path): is in use by another aliyunfs; unmount that first, or mount with another --profile"
        }
    }
}
