import Basics
import Drive
import LivePhoto
import MetadataStore

/// One entry of a folder with the name by which it is shown, before it has an inode number.
struct NamedFile: Hashable, Sendable {
    var name: FileName
    var key: NodeKey
    var file: DriveFile
    /// Exact readable length, of the view where it is one.
    var size: Int64
}

/// Gives every object of one folder its name, in the order in which the listing brings them (by name).
///
/// The names given never change while more pages come, so a huge folder can be shown before its end is known; and
/// the same objects in the same order always get the same names. Objects of one name are held back until the next
/// name arrives, since only then it is known which of them was updated last.
struct NameAssigner {
    private let mode: LivePhotoMode
    private var taken: Set<FileName> = []
    private var held: [DriveFile] = []

    init(mode: LivePhotoMode) { self.mode = mode }

    /// Takes the next object; returns those whose names are now settled.
    mutating func add(_ file: DriveFile) -> [NamedFile] {
        defer { held.append(file) }
        return held.first.map { $0.name != file.name } == true ? settle() : []
    }

    /// Settles the last name.
    mutating func finish() -> [NamedFile] { settle() }

    private mutating func settle() -> [NamedFile] {
        defer { held.removeAll(keepingCapacity: true) }
        guard held.count > 1 else { return held.flatMap { entries(for: $0, plain: true) } }
        let winner = held.max { ($0.recency, $0.id.file.rawValue) < ($1.recency, $1.id.file.rawValue) }
        let others = held.filter { $0.id != winner?.id }.sorted { $0.id.file.rawValue < $1.id.file.rawValue }
        return (winner.map { entries(for: $0, plain: true) } ?? []) + others.flatMap { entries(for: $0, plain: false) }
    }

    private mutating func entries(for file: DriveFile, plain: Bool) -> [NamedFile] {
        let views = LivePhotoViews.views(of: file, mode: mode)
        if views.isEmpty {
            let name = claim(NameEncoding.shown(file.name), for: file, plain: plain)
            return [NamedFile(name: name, key: NodeKey(file.id), file: file, size: file.size)]
        }
        return views.map { view in
            let name = claim(NameEncoding.shown(view.name), for: file, plain: plain)
            return NamedFile(name: name, key: NodeKey(file.id, view: view.key), file: file, size: view.size)
        }
    }

    /// The wanted name if it is free, short enough and not another's by right; else one marked by the file's id, as
    /// much of it as it takes.
    private mutating func claim(_ wanted: FileName, for file: DriveFile, plain: Bool) -> FileName {
        if plain, wanted.bytes.count <= NameEncoding.lengthMax, taken.insert(wanted).inserted { return wanted }
        let id = Self.markable(file.id.file)
        var length = min(6, id.count)
        var round = 1
        while true {
            let again = round == 1 ? [] : Array("-\(round)".utf8)
            let name = NameEncoding.marked(wanted, with: [UInt8(ascii: "~")] + id.prefix(length) + again)
            if taken.insert(name).inserted { return name }
            if length < min(id.count, 64) { length += 1 } else { round += 1 }
        }
    }

    /// The name that an object shows by when somebody else has its own.
    static func marked(_ name: FileName, _ id: FileID) -> FileName {
        NameEncoding.marked(name, with: [UInt8(ascii: "~")] + markable(id).prefix(6))
    }

    /// The id in characters that any name can hold; ids are opaque, so a strange one is written in hex.
    private static func markable(_ id: FileID) -> [UInt8] {
        let bytes = Array(id.rawValue.utf8)
        let isPlain = bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                true
            default: false
            }
        }
        let digits = Array("0123456789abcdef".utf8)
        return isPlain ? bytes : bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }
}

extension DriveFile {
    fileprivate var recency: UnixTime { updatedAt ?? createdAt ?? .epoch }
}

extension LivePhotoView {
    fileprivate var key: NodeKey.View {
        switch content {
        case .archive: .archive
        case .stream(let stream): .stream(stream.name)
        }
    }
}
