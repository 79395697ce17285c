import Foundation
import Glibc

/// A folder like that of a large project: deep, with odd names, old times and links. The same for the same seed.
struct SourceTree {
    private(set) var files = 0
    private(set) var emptyFiles = 0
    private(set) var folders = 0
    private(set) var links = 0
    var objects: Int { files + folders + links }

    private let root: String
    private var numbers: SeededNumbers
    private static let words = [
        "src", "main", "Модель", "照片", "état final", "a", ".hidden", "emoji 😀", "quo\"te", "new\nline", "~tilde",
        "README.md", "file.tar.gz", "dots..", "UPPER", "back\\slash", "100%", "#hash", "和 空格", "ﬁ-ligature",
    ]

    init(at root: String, files count: Int, seed: UInt64) throws {
        self.root = root
        numbers = SeededNumbers(seed: seed)
        guard mkdir(root, 0o755) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        var places = [(path: root, depth: 0)]
        while files < count {
            let place = places[number(0...places.count - 1)]
            if number(0..<100) < 8, place.depth < 14 {
                let path = "\(place.path)/\(name(places.count))_"
                guard mkdir(path, number(0..<4) == 0 ? 0o700 : 0o755) == 0 else { continue }
                folders += 1
                places.append((path, place.depth + 1))
            } else if number(0..<100) < 3 {
                let path = "\(place.path)/\(name(links))@"
                guard symlink(number(0...1) == 0 ? "../nowhere/\(links)" : "./\(links)", path) == 0 else { continue }
                links += 1
                try setTime(path)
            } else {
                try makeFile("\(place.path)/\(name(files))")
            }
        }
        // Deepest first: what is made in a folder changes its time.
        for place in places.reversed() { try setTime(place.path) }
    }

    private mutating func makeFile(_ path: String) throws {
        let size = number(0..<50) == 0 ? 0 : number(8...[300, 3_000, 3_000, 20_000][number(0...3)])
        var bytes = Data()
        while bytes.count < size { withUnsafeBytes(of: numbers.next()) { bytes.append(contentsOf: $0) } }
        try bytes.prefix(size).write(to: URL(fileURLWithPath: path))
        chmod(path, number(0..<5) == 0 ? 0o755 : 0o644)
        try setTime(path)
        files += 1
        if size == 0 { emptyFiles += 1 }
    }

    private mutating func name(_ unique: Int) -> String {
        let word = Self.words[number(0...Self.words.count - 1)]
        return number(0..<200) == 0 ? String(repeating: "长", count: 80) + "\(unique)" : "\(word)-\(unique)"
    }

    /// From 1971 to 2033, in nanoseconds.
    private mutating func setTime(_ path: String) throws {
        let time = timespec(tv_sec: number(40_000_000...2_000_000_000), tv_nsec: number(0...999_999_999))
        guard utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW) == 0 else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &numbers) }
    private mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &numbers) }
}
