import Basics

/// By which names the parts of ordinary `.livp` files are looked up.
public enum StoredLivePhotoNames {
    /// What `name` asks for where no entry has it: the part, and how the photo may be called, likeliest first. `nil`
    /// where the mode has no such view.
    public static func photos(of name: FileName, mode: LivePhotoMode) -> (stream: String, names: [FileName])? {
        let stream = streams(mode).first { stream in
            let ending = Array(".\(stream)".utf8)
            return name.bytes.count > ending.count && name.bytes.suffix(ending.count).elementsEqual(ending)
        }
        guard let stream else { return nil }
        let stem = name.bytes.dropLast(stream.utf8.count)
        return (stream, spellings.map { FileName(bytes: stem + $0) })
    }

    /// The names by which parts of the photo `name` may have been looked up; empty for what is no photo's name.
    public static func views(of name: FileName, mode: LivePhotoMode) -> [FileName] {
        guard let stem = LivePhotoViews.stem(of: name) else { return [] }
        return streams(mode).map { FileName(bytes: stem + [UInt8(ascii: ".")] + Array($0.utf8)) }
    }

    private static func streams(_ mode: LivePhotoMode) -> [String] {
        switch mode {
        case .jpeg: ["jpeg", "heic"]
        case .mov: ["mov"]
        case .both: ["jpeg", "heic", "mov"]
        case .zip: []
        }
    }

    /// `livp` in every mixture of cases, none and all capitals first.
    private static let spellings: [[UInt8]] = ([0, 15] + Array(1..<15)).map { (capitals: Int) in
        "livp".utf8.enumerated().map { index, letter in capitals >> index & 1 == 1 ? letter & ~0x20 : letter }
    }
}
