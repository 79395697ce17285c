import Basics

/// How a name of the drive is written so that Linux can hold it (semantics 1).
///
/// Only what is impossible is replaced. A name that holds the replacement itself stays as it is: full-width
/// characters are common in Chinese names. Should both meet in one folder, they are told apart like duplicates; the
/// drive's own name is always told by `user.aliyun.name`.
enum NameEncoding {
    static let lengthMax = 255

    /// The name as shown, not yet cut to length.
    static func shown(_ name: FileName) -> FileName {
        switch name.bytes {
        case []: return FileName("␀")
        case [dot]: return FileName("．")
        case [dot, dot]: return FileName("．．")
        default: break
        }
        guard name.bytes.contains(where: { $0 == slash || $0 == 0 }) else { return name }
        return FileName(
            bytes: name.bytes.flatMap { byte -> [UInt8] in
                switch byte {
                case slash: Array("／".utf8)
                case 0: Array("␀".utf8)
                default: [byte]
                }
            })
    }

    /// `name` with `mark` before its extension, cut at a character boundary so that it fits.
    static func marked(_ name: FileName, with mark: [UInt8]) -> FileName {
        let (stem, suffix) = split(name)
        let room = max(0, lengthMax - mark.count - suffix.count)
        return FileName(bytes: Array(cut(stem, to: room)) + mark + suffix)
    }

    /// The stem and the extension with its dot. What is longer than an extension ever is, or starts the name, is
    /// none.
    private static func split(_ name: FileName) -> (stem: ArraySlice<UInt8>, suffix: ArraySlice<UInt8>) {
        let bytes = name.bytes[...]
        guard let at = bytes.lastIndex(of: dot), at > 0, bytes.count - at <= 17 else { return (bytes, []) }
        return (bytes[..<at], bytes[at...])
    }

    /// At most `count` bytes from the start, never half a UTF-8 character.
    private static func cut(_ bytes: ArraySlice<UInt8>, to count: Int) -> ArraySlice<UInt8> {
        guard bytes.count > count else { return bytes }
        var end = bytes.startIndex + count
        while end > bytes.startIndex, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return bytes[..<end]
    }

    private static let dot = UInt8(ascii: ".")
    private static let slash = UInt8(ascii: "/")
}
