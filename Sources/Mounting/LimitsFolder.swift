import DriveHTTP
import Foundation
import Glibc

/// Where the mounts of one account on this machine meet to share the service's limits (contract 10: per user).
enum LimitsFolder {
    /// In the machine's folder for running things, which a reboot empties; by the account, which only the token
    /// names. A token that names none shares with nobody but its own state directory.
    static func path(tokenPath: String, stateDir: String) async -> String {
        guard let tag = await HTTPDrive.accountTag(at: tokenPath) else { return stateDir + "/limits" }
        if getuid() == 0 { return "/run/aliyunfs/limits-" + tag }
        if let runtime = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/") {
            return runtime + "/aliyunfs/limits-" + tag
        }
        // Beside the state directories of all profiles; never in a folder that others can write to.
        return URL(fileURLWithPath: stateDir).deletingLastPathComponent().path + "/limits-" + tag
    }
}
