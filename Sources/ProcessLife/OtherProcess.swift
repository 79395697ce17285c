import Basics
import Glibc
import Settings
import SystemPackage

/// Another process, told apart from a later one that got the same number.
public struct OtherProcess: Hashable, Sendable {
    public let pid: pid_t
    /// In ticks since boot, as `/proc` tells it.
    private let startedAt: String

    /// nil when there is no such process.
    public init?(pid: pid_t) {
        guard pid > 0, let startedAt = Self.startTime(of: pid) else { return nil }
        self.pid = pid
        self.startedAt = startedAt
    }

    /// A zombie counts as ended: its work is done.
    public var isRunning: Bool { Self.startTime(of: pid) == startedAt }

    /// As the kernel names it; at most 15 bytes.
    public var name: String {
        do throws(Errno) {
            let text = try FilePath("/proc/\(pid)/comm").readBytes(atMost: 4_096)
            return Given.shown(String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        } catch {
            return "?"
        }
    }

    /// The file it was started from; nil when it may not be asked.
    public var program: FilePath? { FilePath("/proc/\(pid)/exe").linkTarget() }

    /// Whether it ended in time.
    public func ends(within limit: Duration, on time: any TimeSource) async -> Bool {
        let deadline = time.now() + limit
        while isRunning {
            guard time.now() < deadline else { return false }
            do { try await time.sleep(for: .milliseconds(50)) } catch { return !isRunning }
        }
        return true
    }

    /// `4711 (name) S 1 …`: the name may hold anything, so the fields are counted from its closing bracket.
    private static func startTime(of pid: pid_t) -> String? {
        do throws(Errno) {
            let bytes = try FilePath("/proc/\(pid)/stat").readBytes(atMost: 16_384)
            guard let bracket = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
            let fields = bytes[(bracket + 1)...].split(separator: UInt8(ascii: " "))
            guard fields.count > 19, fields[0] != [UInt8(ascii: "Z")], fields[0] != [UInt8(ascii: "X")] else {
                return nil
            }
            return String(decoding: fields[19], as: UTF8.self)
        } catch {
            return nil
        }
    }
}

extension OtherProcess {
    /// Who keeps a mount busy: whose working directory, root, program or open file lies in it. Only what `/proc`
    /// shows this user; at most `count`.
    public static func holding(_ mountPoint: FilePath, atMost count: Int) -> [OtherProcess] {
        var holders: [OtherProcess] = []
        for pid in FilePath("/proc").names().compactMap({ pid_t($0) }).sorted() where pid != getpid() {
            if holders.count == count { break }
            if holds(pid, mountPoint), let holder = OtherProcess(pid: pid) { holders.append(holder) }
        }
        return holders
    }

    private static func holds(_ pid: pid_t, _ mountPoint: FilePath) -> Bool {
        let folder = FilePath("/proc/\(pid)")
        let open = folder.appending("fd")
        let links = ["cwd", "root", "exe"].map { folder.appending($0) } + open.names().map { open.appending($0) }
        return links.contains { $0.linkTarget()?.starts(with: mountPoint) == true }
    }
}

extension FilePath {
    /// What a symbolic link says; nil when it is none or may not be read.
    func linkTarget() -> FilePath? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = withPlatformString { path in
            buffer.withUnsafeMutableBytes {
                readlink(path, $0.assumingMemoryBound(to: CChar.self).baseAddress!, $0.count)
            }
        }
        return count > 0 ? FilePath(bytes: Array(buffer.prefix(count))) : nil
    }

    /// The names in a folder, without `.` and `..`; none when it cannot be read.
    func names() -> [String] {
        guard let folder = withPlatformString({ opendir($0) }) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
