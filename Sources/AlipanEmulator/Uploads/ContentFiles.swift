#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import FoundationEssentials

/// The directory where uploaded bytes lie: `content/` by SHA-1, `uploads/` while they come in.
struct ContentFiles: Sendable {
    let root: String

    init(root: String) throws {
        self.root = root
        for directory in ["content", "uploads"] {
            try FileManager.default.createDirectory(
                atPath: root + "/" + directory, withIntermediateDirectories: true)
        }
    }

    func uploadPath(_ id: String) -> String { root + "/uploads/" + id }
    func contentPath(_ hash: ContentHash) -> String { root + "/content/" + hash.text }

    /// Moves a finished upload to its place by hash. The bytes are there afterwards whether or not they were before.
    func adopt(_ path: String, hash: ContentHash, size: Int64) throws(ContentError) -> Content {
        let target = contentPath(hash)
        guard rename(path, target) == 0 else { throw ContentError(path: path, errno: errno) }
        return Content(size: size, hash: hash, source: .file(path: target))
    }

    /// What earlier runs have left.
    func stored() throws -> [Content] {
        try FileManager.default.contentsOfDirectory(atPath: root + "/content").compactMap { name in
            var info = stat()
            guard let hash = ContentHash(name), stat(contentPath(hash), &info) == 0 else { return nil }
            return Content(size: Int64(info.st_size), hash: hash, source: .file(path: contentPath(hash)))
        }
    }
}
