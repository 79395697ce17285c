import Basics
import Foundation
import Glibc
import Logging
import ProcessLife
import Settings
import Status
import SystemPackage

/// The mount point and FUSE, made sure of before mounting.
struct MountPlace: Sendable {
    let time: any TimeSource
    let surroundings: Surroundings

    /// Clears a dead mount of ours from the mount point, then checks that it can be mounted on.
    func prepare(_ settings: MountSettings, _ logger: Logger) async throws(MountFailure) {
        let mountPoint = settings.mountPoint
        guard let place = mountPoint.placeResolved() else {
            throw MountFailure(.cannotCreate, Self.missing(mountPoint))
        }
        try await clear(place, logger)
        try check(mountPoint)
        for check in FuseChecks(surroundings: surroundings).all(allowOther: settings.allowOther || settings.allowRoot) {
            if check.verdict == .fail { throw MountFailure(.cannotCreate, check.line) }
        }
    }

    private func clear(_ place: FilePath, _ logger: Logger) async throws(MountFailure) {
        let table: MountTable
        do throws(Errno) { table = try .current() } catch {
            throw MountFailure(.cannotCreate, "/proc/self/mountinfo: \(error.words); is /proc mounted?")
        }
        guard let there = table.mount(at: place), there.type == MountTable.ourType else { return }
        let answer = await MountProbe(time: time).ask(
            place, for: StatusReport.attribute, longest: StatusReport.longestJSON)
        switch answer {
        case .dead:
            let unmounter = Unmounter(
                time: time, environment: surroundings.environment, isRoot: surroundings.isRoot)
            do throws(Unmounter.Failure) {
                try await unmounter.unmount(place, lazily: true)
            } catch {
                throw MountFailure(
                    .cannotCreate,
                    "\(place): holds a dead mount that cannot be cleared (\(error.words)); "
                        + "run 'fusermount3 -u -z \(place)'"
                )
            }
            logger.notice("cleared a dead mount", metadata: ["mount_point": "\(place)"])
        case .alive, .aliveWithout, .forbidden:
            throw MountFailure(
                .cannotCreate, "\(place): is mounted already; see 'aliyunfs status \(place)', or unmount it first")
        case .silent:
            throw MountFailure(
                .cannotCreate,
                "\(place): is mounted already and does not answer; run 'aliyunfs unmount --force \(place)' first")
        }
    }

    private func check(_ mountPoint: FilePath) throws(MountFailure) {
        let status: Stat
        do throws(Errno) {
            status = try mountPoint.stat()
        } catch .noSuchFileOrDirectory {
            throw MountFailure(.cannotCreate, Self.missing(mountPoint))
        } catch {
            throw MountFailure(.cannotCreate, "\(mountPoint): \(error.words); choose another mount point")
        }
        guard status.type == .directory else {
            throw MountFailure(.cannotCreate, "\(mountPoint): is not a folder; choose another mount point")
        }
        // The setuid helper mounts only where the user could write.
        if !surroundings.isRoot, mountPoint.withPlatformString({ access($0, W_OK) }) != 0 {
            throw MountFailure(
                .cannotCreate, "\(mountPoint): you may not write here; choose a folder of your own as mount point")
        }
    }

    private static func missing(_ mountPoint: FilePath) -> String {
        "\(mountPoint): does not exist; make it with 'mkdir -p \(mountPoint)'"
    }
}

extension Unmounter.Failure {
    var words: String {
        switch self {
        case .busy: "it is in use"
        case .notOurs(let words), .failed(let words): words
        }
    }
}
