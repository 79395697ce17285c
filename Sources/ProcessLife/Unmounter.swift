import Basics
import Glibc
import SystemPackage

/// Takes a mount of ours away: as root by the system call, else through the setuid helper of FUSE.
public struct Unmounter: Sendable {
    public enum Failure: Error, Hashable, Sendable {
        case busy
        case notOurs(String)
        case failed(String)
    }

    private let time: any TimeSource
    private let environment: [String: String]
    private let isRoot: Bool

    public init(time: any TimeSource, environment: [String: String], isRoot: Bool) {
        self.time = time
        self.environment = environment
        self.isRoot = isRoot
    }

    /// `lazily` takes it out of the tree at once, whoever still uses it.
    public func unmount(_ mountPoint: FilePath, lazily: Bool) async throws(Failure) {
        if isRoot {
            try await unmountAsRoot(mountPoint, lazily: lazily)
        } else {
            try await unmountAsUser(mountPoint, lazily: lazily)
        }
    }

    private func unmountAsRoot(_ mountPoint: FilePath, lazily: Bool) async throws(Failure) {
        let flags = Int32(UMOUNT_NOFOLLOW) | (lazily ? Int32(MNT_DETACH) : 0)
        let error = await Blocking.run(within: .seconds(20), on: time) { () -> Errno? in
            mountPoint.withPlatformString { umount2($0, flags) } == 0 ? nil : Errno(rawValue: errno)
        }
        switch error {
        case nil: throw .failed("it did not answer within 20 s; try 'aliyunfs unmount --force'")
        case .some(nil): return
        case .some(.resourceBusy?): throw .busy
        case .some(let error?): throw .failed(error.words)
        }
    }

    private func unmountAsUser(_ mountPoint: FilePath, lazily: Bool) async throws(Failure) {
        let arguments = (lazily ? ["-u", "-z"] : ["-u"]) + ["--", mountPoint.string]
        do {
            try await Tool(time: time).run("fusermount3", arguments, environment: environment)
        } catch {
            switch error {
            case .notStarted: throw .failed("fusermount3 cannot be run; install the package fuse3")
            case .tooSlow: throw .failed("fusermount3 did not end; try 'aliyunfs unmount --force'")
            case .failed(let words) where words.contains("busy"): throw .busy
            case .failed(let words) where words.contains("not found in") || words.contains("not permitted"):
                throw .notOurs(words)
            case .failed(let words): throw .failed(words)
            }
        }
    }
}

extension Unmounter {
    /// Breaks the connection between the kernel and whoever serves the mount: every call into it fails from now on.
    /// The way out when nobody answers. False where the kernel does not let us.
    public static func abort(_ mount: MountTable.Entry) -> Bool {
        guard let minor = mount.minor else { return false }
        let file = FilePath("/sys/fs/fuse/connections/\(minor)/abort")
        do {
            let control = try FileDescriptor.open(file, .writeOnly, options: [.closeOnExec])
            return try control.closeAfter { try control.writeAll("1".utf8) } == 1
        } catch {
            return false
        }
    }
}
