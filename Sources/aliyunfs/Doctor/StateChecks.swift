import Foundation
import Glibc
import ProcessLife
import Settings
import SystemPackage

/// The state directory and the login in it.
struct StateChecks: Sendable {
    let settings: MountSettings

    func all() -> [Finding] { [folder(), space(), token()] }

    private func folder() -> Finding {
        let name = "state"
        let path = settings.stateDir
        guard isThere(path) else {
            let above = existing(above: path)
            guard above.withPlatformString({ access($0, W_OK) }) == 0 else {
                return .fail(
                    name, "\(path) does not exist, and \(above) cannot be written to",
                    mend: "name another folder with --state-dir")
            }
            return .ok(name, "\(path) will be made at the first mount")
        }
        if let flaw = StateDirectory.flaw(of: path) {
            let parts = flaw.message.split(separator: ";", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            return .fail(name, parts[0], mend: parts.count > 1 ? parts[1] : "name another folder with --state-dir")
        }
        guard path.withPlatformString({ access($0, W_OK | X_OK) }) == 0 else {
            return .fail(
                name, "\(path) cannot be written to", mend: "run 'chmod 700 \(path)', or name another with --state-dir")
        }
        return .ok(name, "\(path) is private and writable")
    }

    private func space() -> Finding {
        let name = "disk"
        let path = existing(above: settings.stateDir)
        var room = statvfs()
        guard path.withPlatformString({ statvfs($0, &room) }) == 0 else {
            return .warn(name, "\(path): free space is not known", mend: "check the disk")
        }
        let free = Int(clamping: UInt64(room.f_bavail) * UInt64(room.f_frsize))
        let text = "\(free >> 20) MiB free at \(path)"
        let mend = "make room: the token and the database are kept there"
        if free < 16 << 20 { return .fail(name, text, mend: mend) }
        return free < 256 << 20 ? .warn(name, text, mend: mend) : .ok(name, text)
    }

    private func token() -> Finding {
        let name = "login"
        let file = settings.tokenFile
        let mend = "give a token with 'aliyunfs mount --refresh-token-file FILE'; https://api.oplist.org hands them out"
        do throws(Errno) {
            let status = try file.stat()
            guard status.userID.rawValue == geteuid() else {
                return .fail(
                    name, "\(file) belongs to another user", mend: "mount as its owner, or with another --profile")
            }
            guard status.permissions.isDisjoint(with: [.groupReadWriteExecute, .otherReadWriteExecute]) else {
                return .fail(name, "\(file) can be read by others", mend: "run 'chmod 600 \(file)'")
            }
            return try Self.stored(in: file, mend: mend)
        } catch .noSuchFileOrDirectory {
            return .fail(name, "no login is stored for profile \(settings.profile)", mend: mend)
        } catch {
            return .fail(name, "\(file): \(error.words)", mend: mend)
        }
    }

    private struct StoredLogin: Decodable {
        var refresh_token: String
    }

    private static func stored(in file: FilePath, mend: String) throws(Errno) -> Finding {
        let bytes = try file.readBytes(atMost: 1 << 16)
        let text: String
        do { text = try JSONDecoder().decode(StoredLogin.self, from: Data(bytes)).refresh_token } catch {
            return .fail("login", "\(file) is not a stored login", mend: mend)
        }
        do throws(RefreshToken.Flaw) { _ = try RefreshToken(text) } catch {
            return .fail("login", "the token in \(file) \(error.explanation)", mend: mend)
        }
        return .ok("login", "\(file) holds a token of the right shape, for its owner alone")
    }

    private func isThere(_ path: FilePath) -> Bool {
        do throws(Errno) { _ = try path.stat() } catch { return error != .noSuchFileOrDirectory }
        return true
    }

    private func existing(above path: FilePath) -> FilePath {
        var path = path
        while !isThere(path), path.removeLastComponent() {}
        return path
    }
}
