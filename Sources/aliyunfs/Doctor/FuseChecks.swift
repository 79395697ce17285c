import Glibc
import Settings
import SystemPackage

/// What this machine needs for FUSE.
struct FuseChecks: Sendable {
    let surroundings: Surroundings
    var device: FilePath = "/dev/fuse"
    var configuration: FilePath = "/etc/fuse.conf"

    func all(allowOther: Bool) -> [Finding] { [deviceFinding(), helperFinding(), sharingFinding(allowOther)] }

    private func deviceFinding() -> Finding {
        let name = "fuse device"
        guard isThere(device) else {
            return .fail(
                name, "\(device) is missing",
                mend:
                    "run 'modprobe fuse' as root; in a container, start it with --device /dev/fuse --cap-add SYS_ADMIN")
        }
        // Others have it opened by the setuid helper.
        guard surroundings.isRoot else { return .ok(name, "\(device) is there") }
        do {
            try FileDescriptor.open(device, .readWrite, options: [.closeOnExec]).close()
            return .ok(name, "\(device) can be opened")
        } catch {
            let words = (error as? Errno)?.words ?? "unknown error"
            return .fail(
                name, "\(device) cannot be opened (\(words))",
                mend: "run 'modprobe fuse'; in a container, start it with --device /dev/fuse --cap-add SYS_ADMIN")
        }
    }

    private func helperFinding() -> Finding {
        let name = "fusermount3"
        let folders = (surroundings.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map(String.init)
        let found = folders.map { FilePath($0).appending("fusermount3") }.first(where: isThere)
        let mend = "install it with 'apt install fuse3'"
        if surroundings.isRoot {
            return found.map { .ok(name, "\($0), not needed for root") }
                ?? .warn(name, "fusermount3 is not installed; only root can mount", mend: mend)
        }
        guard let found else { return .fail(name, "fusermount3 is not installed", mend: mend) }
        do throws(Errno) {
            let status = try found.stat()
            guard status.userID.rawValue == 0, status.permissions.contains(.setUserID) else {
                return .fail(name, "\(found) is not setuid root", mend: "run 'chmod u+s \(found)' as root")
            }
        } catch {
            return .fail(name, "\(found): \(error.words)", mend: mend)
        }
        return .ok(name, "\(found) is setuid root")
    }

    private func sharingFinding(_ allowOther: Bool) -> Finding {
        let name = "fuse.conf"
        if surroundings.isRoot { return .ok(name, "root may always let others in") }
        let text: String
        do throws(Errno) { text = try configuration.readText(atMost: 1 << 20) } catch { text = "" }
        let lines = text.split(whereSeparator: \.isNewline).map { $0.filter { !$0.isWhitespace } }
        if lines.contains("user_allow_other") { return .ok(name, "\(configuration) has user_allow_other") }
        let mend = "add the line user_allow_other to \(configuration)"
        guard allowOther else { return .ok(name, "user_allow_other is not set, and not needed") }
        return .fail(name, "--allow-other and --allow-root need user_allow_other in \(configuration)", mend: mend)
    }

    private func isThere(_ path: FilePath) -> Bool {
        do throws(Errno) { _ = try path.stat() } catch { return false }
        return true
    }
}
