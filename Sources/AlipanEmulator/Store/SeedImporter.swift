import Crypto
import FoundationEssentials
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Takes a local directory as the first content of a drive. Its files are referred to, not copied.
///
/// A directory `X.livp` that holds a picture (jpeg, jpg or heic) and a mov becomes a live photo with those parts;
/// a plain file `X.livp` stays an ordinary object. Links and special files are left out.
struct SeedImporter {
    let root: String
    let drive: String

    func run(_ state: inout State, now: Milliseconds) throws {
        guard let target = state.tree.roots[drive] else { return }
        try importDirectory(root, into: target, &state, now: now)
    }

    private func importDirectory(_ path: String, into folder: ItemID, _ state: inout State, now: Milliseconds) throws {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        } catch {
            throw StartError.seed(path: path, reason: String(describing: error))
        }
        for name in names {
            let full = path + "/" + name
            var info = stat()
            guard lstat(full, &info) == 0 else { throw StartError.seed(path: full, reason: "errno \(errno)") }
            switch info.st_mode & S_IFMT {
            case S_IFDIR:
                if name.hasSuffix(".livp"), let streams = try liveStreams(full) {
                    state.insertLivePhoto(Name(name), into: folder, streams: streams, now: now)
                } else {
                    let id = state.insertFolder(Name(name), into: folder, now: now)
                    try importDirectory(full, into: id, &state, now: now)
                }
            case S_IFREG:
                let content = try fileContent(full, size: Int64(info.st_size))
                let modified = Milliseconds(info.st_mtim.tv_sec) * 1000 + Milliseconds(info.st_mtim.tv_nsec) / 1_000_000
                state.insertFile(
                    Name(name), into: folder, content: content, localModified: Timestamp.text(modified), now: now)
            default: break
            }
        }
    }

    private func fileContent(_ path: String, size: Int64) throws -> Content {
        var content = Content(size: size, hash: nil, source: .file(path: path))
        content.hash = try content.computeHash()
        return content
    }

    /// Nil if the directory is not a live photo after all.
    private func liveStreams(_ path: String) throws -> [Item.Stream]? {
        var streams: [Item.Stream] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: path).sorted() {
            let ending = Name(name).fileExtension
            guard ["jpeg", "jpg", "heic", "mov"].contains(ending) else { return nil }
            var info = stat()
            guard stat(path + "/" + name, &info) == 0 else { return nil }
            let content = try fileContent(path + "/" + name, size: Int64(info.st_size))
            streams.append(.init(fileExtension: ending == "jpg" ? "jpeg" : ending, content: content))
        }
        let endings = Set(streams.map(\.fileExtension))
        return endings.contains("mov") && endings.count == 2 ? streams : nil
    }
}
