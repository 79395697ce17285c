import AlipanEmulator
import Foundation
import Testing

// What tests of the write side ask of a rig: when everything is on the drive, and what is there then.
extension Rig {
    /// Waits until nothing is unfinished.
    func drained(limit: Int = 120) async throws {
        let database = "sqlite3 -readonly state/metadata.sqlite"
        let script = """
            for i in $(seq \(limit * 10)); do
                [ "$(\(database) 'SELECT count(*) FROM draft' 2> /dev/null)" = 0 ] && exit 0; sleep 0.1
            done
            \(database) 'SELECT id, CAST(name AS TEXT), phase, is_removed, failure, content, upload FROM draft' >&2
            exit 1
            """
        _ = try await check(script, limit: limit + 30)
    }

    /// What others see on the drive, by path. One of a name, and nothing half made.
    ///
    /// - Parameter isAfterCrash: uploads whose opening nobody was told of are left for the drive to forget.
    func stored(isAfterCrash: Bool = false) -> [String: Entry] {
        let all = emulator.tree().filter { !$0.trashed }
        for entry in all where !isAfterCrash && entry.uploading { Issue.record("left unfinished: \(entry)") }
        let whole = all.filter { !$0.uploading }
        return Dictionary(whole.map { ($0.path, $0) }) { first, second in
            Issue.record("two of one name: \(first) \(second)")
            return first
        }
    }

    /// The drive has at `path` what the local folder has: the same files with the same bytes, the same folders, and
    /// one marked file for each symbolic link.
    func expectOnDrive(_ local: String, at path: String, isAfterCrash: Bool = false) async throws {
        let files = try await check("cd \(local) && find . -type f -print0 | xargs -0 -r sha1sum -z").output
        let others = try await check("cd \(local) && find . -mindepth 1 ! -type f -printf '%y %p\\0'").output
        var wanted: [String: String] = [:]
        for line in files.split(separator: "\0") { wanted[path + line.dropFirst(43)] = line.prefix(40).uppercased() }
        for line in others.split(separator: "\0") { wanted[path + line.dropFirst(3)] = String(line.prefix(1)) }
        var found: [String: String] = [:]
        for entry in stored(isAfterCrash: isAfterCrash).values where entry.path.hasPrefix(path + "/") {
            let isLink = wanted[entry.path] == "l"
            found[entry.path] = entry.isFolder ? "d" : isLink ? "l" : entry.sha1 ?? "no hash"
        }
        for (path, what) in wanted where found[path] != what {
            Issue.record("\(path) is \(found[path] ?? "not there"), not \(what)")
        }
        for (path, what) in found where wanted[path] == nil { Issue.record("\(path) (\(what)) is too much") }
    }

    /// Calls that change the drive, and bodies sent.
    var changes: [String: Int] {
        let names = ["create", "getUploadUrl", "part", "complete", "update", "move", "copy", "trash", "delete"]
        return Dictionary(uniqueKeysWithValues: names.map { ($0, calls($0)) }).filter { $0.value > 0 }
    }

    /// Kills the program as a crash would, and takes the dead mount away.
    func crash() async throws {
        let pid = "getfattr --only-values -n user.aliyun.status mnt | grep -o '\"pid\":[0-9]*' | cut -d: -f2"
        _ = try await check(
            "pid=$(\(pid)); kill -9 $pid; while [ -e /proc/$pid ]; do sleep 0.02; done; fusermount3 -u -z mnt")
    }

    func remount(_ more: String = "") async throws {
        try await unmount()
        try await mount(more)
    }
}
