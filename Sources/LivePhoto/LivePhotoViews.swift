import Basics
import Drive

/// How live photos are shown (`--livp`).
public enum LivePhotoMode: String, Sendable, CaseIterable {
    /// The still, by the extension of what the drive holds: `jpeg` or `heic`.
    case jpeg
    /// The movie.
    case mov
    /// Both, as two files.
    case both
    /// The photo as one `.livp`, a ZIP of its streams.
    case zip
}

/// One file by which a live photo is shown.
public struct LivePhotoView: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case stream(StreamInfo)
        case archive
    }

    public let name: FileName
    public let content: Content
    /// Exact length in bytes.
    public let size: Int64
}

/// Decides by which files a live photo is shown (semantics 8, contract 6.6).
public enum LivePhotoViews {
    /// Whether `file` is called like a live photo. Only the drive's streams tell whether it is one.
    public static func isCandidate(_ file: DriveFile) -> Bool {
        file.kind == .file && stem(of: file.name) != nil
    }

    /// Whether the drive has to be asked for the streams: a live photo has no content hash, and a listing may leave
    /// its streams out.
    public static func needsStreams(_ file: DriveFile) -> Bool {
        isCandidate(file) && file.streams.isEmpty && file.contentHash == nil
    }

    /// The views of `file`; empty where it is an ordinary object, to be shown as it is.
    public static func views(of file: DriveFile, mode: LivePhotoMode) -> [LivePhotoView] {
        guard file.kind == .file, !file.streams.isEmpty, let stem = stem(of: file.name) else { return [] }
        let movies = file.streams.filter { $0.name.lowercased() == "mov" }
        let stills = file.streams.filter { $0.name.lowercased() != "mov" }.prefix(1)
        // A photo that lacks the part asked for is still shown, by the part it has.
        switch mode {
        case .jpeg: return (stills.isEmpty ? movies : Array(stills)).map { view(of: $0, stem: stem) }
        case .mov: return (movies.isEmpty ? Array(stills) : movies).map { view(of: $0, stem: stem) }
        case .both: return (stills + movies).map { view(of: $0, stem: stem) }
        case .zip:
            guard let layout = ArchiveLayout(photo: file) else { return [] }
            return [LivePhotoView(name: file.name, content: .archive, size: layout.size)]
        }
    }

    private static func view(of stream: StreamInfo, stem: [UInt8]) -> LivePhotoView {
        let name = FileName(bytes: stem + [UInt8(ascii: ".")] + Array(stream.name.utf8))
        return LivePhotoView(name: name, content: .stream(stream), size: stream.size)
    }

    /// The name without `.livp`, whatever its case; `nil` for any other name, and for `.livp` alone.
    static func stem(of name: FileName) -> [UInt8]? {
        let suffix = Array(".livp".utf8)
        guard name.bytes.count > suffix.count else { return nil }
        let end = name.bytes.suffix(suffix.count).map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
        return end == suffix ? Array(name.bytes.dropLast(suffix.count)) : nil
    }
}
