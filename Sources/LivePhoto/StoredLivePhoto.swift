import Basics
import Drive

/// One part of a live photo that is an ordinary `.livp` file, a ZIP: where its bytes lie in that file.
public struct StoredPart: Hashable, Sendable {
    /// As the drive would call the stream: `jpeg`, `heic` or `mov`.
    public let stream: String
    public let range: ByteRange

    public init(stream: String, range: ByteRange) {
        self.stream = stream
        self.range = range
    }
}

/// Finds the still and the movie in a ZIP, as far as a mode shows them: uncompressed, one of each kind. A value: it
/// says which bytes of the file it wants next and is given them. At most two reads find the directory, and one more
/// each part.
public struct StoredLivePhoto: Hashable, Sendable {
    public enum Step: Hashable, Sendable {
        /// Wants exactly these bytes of the file.
        case read(ByteRange)
        /// What there is; empty for what is no such photo.
        case done([StoredPart])
    }

    /// Files that are larger are not looked into, in bytes.
    public static let sizeMax: Int64 = 1 << 30

    public private(set) var step: Step
    private let mode: LivePhotoMode
    private var directory: ZipDirectory
    /// Parts whose place is not known yet.
    private var left: [Wanted] = []
    private var found: [StoredPart] = []

    private struct Wanted: Hashable, Sendable {
        var stream: String
        var entry: ZipEntry
    }

    /// - Parameter size: of the file, in bytes.
    public init(size: Int64, mode: LivePhotoMode) {
        self.mode = mode
        directory = ZipDirectory(size: size)
        step = .done([])
        if mode != .zip, size <= Self.sizeMax { follow(directory.step) }
    }

    /// Takes the bytes that `step` wants.
    public mutating func received(_ bytes: [UInt8]) {
        guard case .read = step else { return }
        if case .read = directory.step {
            directory.received(bytes)
            follow(directory.step)
            return
        }
        let part = left.removeFirst()
        if let range = part.entry.range(header: bytes) { found.append(StoredPart(stream: part.stream, range: range)) }
        step = next
    }

    private mutating func follow(_ directory: ZipDirectory.Step) {
        switch directory {
        case .read(let range): step = .read(range)
        case .refused: step = .done([])
        case .done(let entries):
            left = wanted(of: entries)
            step = next
        }
    }

    private var next: Step { left.first.map { .read($0.entry.header) } ?? .done(found) }

    private func wanted(of entries: [ZipEntry]) -> [Wanted] {
        let parts = entries.compactMap { entry in
            Self.stream(of: entry.name).map { Wanted(stream: $0, entry: entry) }
        }
        let stills = mode == .mov ? [] : parts.filter { $0.stream != "mov" }
        let movies = mode == .jpeg ? [] : parts.filter { $0.stream == "mov" }
        // Which of two is meant would be a guess.
        return [stills, movies].filter { $0.count == 1 }.flatMap { $0 }
            .filter { $0.entry.isStored && $0.entry.size > 0 }
    }

    /// Which part a name in the archive stands for. What macOS adds on its own is none.
    private static func stream(of name: [UInt8]) -> String? {
        let lowered = name.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
        let path = lowered.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let last = path.last, !last.starts(with: Array("._".utf8)) else { return nil }
        guard path.first.map({ $0.elementsEqual(Array("__macosx".utf8)) }) != true else { return nil }
        let endings = [(".jpg", "jpeg"), (".jpeg", "jpeg"), (".heic", "heic"), (".mov", "mov")]
        return endings.first { ending, _ in
            last.count > ending.utf8.count && last.suffix(ending.utf8.count).elementsEqual(ending.utf8)
        }?.1
    }
}
