import Basics
import Glibc
import MetadataStore

/// The folder of unsent bytes: for each draft `ID.data`, a sparse file as long as the file itself, and, while some of
/// its bytes are only in the stored object it began from, `ID.ranges`, the log of which are here.
///
/// Calls block for the disk. May be used from any thread.
public final class Spool: Sendable {
    let path: String

    /// Makes the folder, for its owner only, if it is not there.
    public init(path: String) throws(SpoolError) {
        self.path = path
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw SpoolError("cannot make the spool \(path)", code: errno) }
        if chmod(path, 0o700) != 0 { throw SpoolError("cannot protect the spool \(path)", code: errno) }
    }

    func file(_ id: DraftID) -> SpoolFile { SpoolFile(path: "\(path)/\(id.rawValue)") }

    /// The names of new files are on the disk when this returns.
    func synchronizeNames() throws(SpoolError) {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw SpoolError("cannot open the spool \(path)", code: errno) }
        defer { close(folder) }
        if fsync(folder) != 0 { throw SpoolError("cannot sync the spool \(path)", code: errno) }
    }

    /// What is here and belongs to none of `kept`; left by a crash between a file and its row, or after its row.
    func removeStrays(keeping kept: Set<DraftID>) throws(SpoolError) -> Int {
        var removed = 0
        for name in try names() {
            let parts = name.split(separator: ".")
            guard parts.count == 2, parts[1] == "data" || parts[1] == "ranges", let number = UInt64(parts[0]),
                !kept.contains(DraftID(number))
            else { continue }
            if unlink("\(path)/\(name)") != 0, errno != ENOENT {
                throw SpoolError("cannot remove \(path)/\(name)", code: errno)
            }
            removed += 1
        }
        return removed
    }

    /// Bytes that anybody but us may still put on this disk.
    func freeBytes() throws(SpoolError) -> Int64 {
        var answer = statvfs()
        guard statvfs(path, &answer) == 0 else { throw SpoolError("cannot look at the spool's disk", code: errno) }
        return Int64(clamping: UInt64(answer.f_bavail) * UInt64(answer.f_frsize))
    }

    private func names() throws(SpoolError) -> [String] {
        guard let folder = opendir(path) else { throw SpoolError("cannot list the spool \(path)", code: errno) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names
    }
}
