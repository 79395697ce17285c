import Foundation
import Glibc
import ProcessLife
import Settings
import Status
import SystemPackage

/// Something in a mount that a command is about.
struct Subject: Sendable {
    var mount: MountTable.Entry
    var path: FilePath
}

extension OurMount {
    /// A wait that only its end ends.
    static let forEver = Duration.seconds(3_650 * 86_400)

    /// What the user names; for a symbolic link, which cannot be asked, the folder that it is in.
    static func subject(_ text: String) async throws(MountFailure) -> Subject {
        let mount = try await named(text)
        guard let path = Surroundings.current().path(text, relative: true) else {
            throw MountFailure(.usage, "\(Given.shown(text)): is not a path")
        }
        let isLink = await Blocking.run(within: .seconds(60), on: Composition.time) { () -> Bool in
            var status = stat()
            return path.withPlatformString { lstat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFLNK
        }
        return Subject(mount: mount, path: isLink == true ? path.removingLastComponent() : path)
    }

    /// All mounts of ours as a whole; at least one.
    static func everything() throws(MountFailure) -> [Subject] {
        let mounts = try table().ours
        guard !mounts.isEmpty else {
            throw MountFailure(.negative, "no aliyunfs is mounted; 'aliyunfs mount MOUNTPOINT' mounts one")
        }
        return mounts.map { Subject(mount: $0, path: $0.mountPoint) }
    }

    /// Asks the mount of `subject`, and waits for what was asked to be done.
    static func ask<Answer: Decodable>(
        _ inquiry: Inquiry, about subject: Subject, within limit: Duration, as: Answer.Type = Answer.self
    ) async throws(MountFailure) -> Answer {
        let path = subject.path
        let answer = await MountProbe(time: Composition.time, limit: limit).ask(
            path, for: inquiry.attribute, longest: Inquiry.longestAnswer)
        switch answer {
        case .alive(let bytes):
            do {
                return try StatusReport.decoder().decode(Answer.self, from: Data(bytes))
            } catch {
                throw MountFailure(.software, "\(path): the mount's answer cannot be read; is it of another version?")
            }
        case .aliveWithout(Errno(rawValue: ENODATA)), .aliveWithout(.notSupported):
            throw MountFailure(.cannotCreate, "\(path): its mount does not know how; is it of another version?")
        case .aliveWithout(let error):
            throw MountFailure(isUnreachable(error) ? .unavailable : .negative, "\(path): \(error.words)")
        case .dead:
            throw MountFailure(.cannotCreate, "\(path): the mount is dead, its process is gone; mount it again")
        case .forbidden:
            throw MountFailure(.cannotCreate, "\(path): only who mounted it, or root, may ask this")
        case .silent: throw MountFailure(.cannotCreate, "\(path): the mount does not answer")
        }
    }

    private static func isUnreachable(_ error: Errno) -> Bool {
        [ENETUNREACH, ETIMEDOUT, EIO, EHOSTUNREACH].contains(error.rawValue)
    }

    /// Its report; `nil` when it gives none that can be read.
    static func report(_ mount: MountTable.Entry, within limit: Duration = .seconds(10)) async -> StatusReport? {
        guard case .alive(let bytes) = await ask(mount, within: limit) else { return nil }
        do { return try StatusReport(json: bytes) } catch { return nil }
    }

    /// All unfinished changes of a mount, by id.
    static func changes(_ mount: MountTable.Entry) async throws(MountFailure) -> [StatusReport.Change] {
        let root = Subject(mount: mount, path: mount.mountPoint)
        var all: [StatusReport.Change] = []
        var next: UInt64? = 0
        while let from = next {
            let page: Inquiry.Changes = try await ask(.changes(after: from), about: root, within: .seconds(60))
            all += page.changes
            next = page.next
        }
        return all
    }
}
