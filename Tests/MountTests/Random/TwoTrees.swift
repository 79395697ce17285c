import Glibc

/// The same operations on a mount and on an ordinary directory, one after the other, compared at every step.
///
/// Blocks in system calls: it belongs on a thread of its own.
final class TwoTrees {
    enum Side: Int, CaseIterable { case mount, reference }

    /// One file open on both sides.
    struct Handle {
        var descriptors: [Int32]
        var flags: Int32
        subscript(_ side: Side) -> Int32 { descriptors[side.rawValue] }
    }

    struct Difference: Error, CustomStringConvertible {
        var description: String
    }

    let roots: [String]
    let hasAttributes: Bool
    var numbers: SeededNumbers
    var handles: [Handle] = []
    /// Paths that exist or did.
    var known: [String] = ["a"]
    var operations = 0
    private var trace: [String] = []

    static let handlesMax = 8
    static let knownMax = 40
    private static let names = ["a", "b", "c", "d", "ä ö", "e~1.txt", ".f"]

    init(mount: String, reference: String, seed: UInt64) {
        roots = [mount, reference]
        numbers = SeededNumbers(seed: seed)
        hasAttributes = Call.setAttribute(reference, "user.probe", [1], flags: 0) == .number(0)
        _ = Call.removeAttribute(reference, "user.probe")
    }

    func root(_ side: Side) -> String { roots[side.rawValue] }

    // Choices.

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &numbers) < percent }
    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &numbers) }
    func choice<Value>(_ values: [Value]) -> Value { values[number(0...values.count - 1)] }

    /// A path below the root, mostly of something that exists.
    func path() -> String {
        if chance(75) { return choice(known) }
        if chance(1) { return String(repeating: "n", count: choice([255, 256])) }
        let name = choice(Self.names)
        return chance(40) ? name : choice(known) + "/" + name
    }

    func bytes(_ count: Int) -> [UInt8] {
        let (first, step) = (UInt8(number(1...255)), UInt8(number(0...3)))
        return (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) &* step }
    }

    /// Small ones more often than large ones; on and off the borders of pages.
    func offset() -> Int {
        let limit = choice([100, 5000, 5000, 70_000, 300_000])
        let offset = number(0...limit)
        return chance(30) ? offset / 4096 * 4096 : offset
    }

    func noteKnown(_ path: String) {
        if path.split(separator: "/").count > 4 || known.contains(path) { return }
        if known.count < Self.knownMax { known.append(path) } else { known[number(0...known.count - 1)] = path }
    }

    // Comparison.

    /// Does something on both sides, which must come to the same; returns what.
    @discardableResult
    func both(_ what: String, _ body: (Side) -> Came) throws -> Came {
        let came = Side.allCases.map(body)
        note("\(what) → \(came[1])")
        guard came[0] == came[1] else { throw difference("\(what): \(came[0]), but \(came[1]) in a directory") }
        return came[1]
    }

    func note(_ what: String) {
        trace.append("\(operations) \(what)")
        if trace.count > 2000 { trace.removeFirst(1000) }
    }

    func difference(_ what: String) -> Difference {
        Difference(description: "operation \(operations), \(what)\n" + trace.suffix(300).joined(separator: "\n"))
    }

    /// Both have the same attributes of `path`.
    func compareStatus(_ path: String, isFull: Bool = false) throws {
        var found = [stat(), stat()]
        let came = try both("lstat \(path)") { side in
            Came(lstat("\(root(side))/\(path)", &found[side.rawValue]))
        }
        guard came == .number(0) else { return }
        try compare(found[0], found[1], path)
        let kind = found[1].st_mode & S_IFMT
        if kind == S_IFLNK {
            try both("readlink \(path)") { side in Call.target(ofLink: "\(root(side))/\(path)") }
        } else if isFull, hasAttributes {
            for name in Self.attributes {
                try both("getxattr \(path) \(name)") { side in Call.attribute("\(root(side))/\(path)", name) }
            }
        }
    }

    static let attributes = ["user.one", "user.two"]

    func compare(_ mount: stat, _ reference: stat, _ what: String) throws {
        let kind = reference.st_mode & S_IFMT
        guard mount.st_mode == reference.st_mode else {
            throw difference(
                "mode of \(what): \(String(mount.st_mode, radix: 8)) \(String(reference.st_mode, radix: 8))")
        }
        guard mount.st_uid == reference.st_uid, mount.st_gid == reference.st_gid else {
            throw difference(
                "owner of \(what): \(mount.st_uid):\(mount.st_gid) \(reference.st_uid):\(reference.st_gid)")
        }
        if kind == S_IFDIR { return }
        guard mount.st_size == reference.st_size else {
            throw difference("size of \(what): \(mount.st_size) \(reference.st_size)")
        }
        guard mount.st_nlink == reference.st_nlink else {
            throw difference("links of \(what): \(mount.st_nlink) \(reference.st_nlink)")
        }
        // Times that were set lie in the past; all others are of this run, and no clock shows both sides the same.
        let (ours, theirs) = (mount.st_mtim, reference.st_mtim)
        let isSame = ours.tv_sec == theirs.tv_sec && ours.tv_nsec == theirs.tv_nsec
        guard isSame || theirs.tv_sec >= Self.setTimesEnd && ours.tv_sec >= Self.setTimesEnd else {
            throw difference(
                "mtime of \(what): \(ours.tv_sec).\(ours.tv_nsec) \(theirs.tv_sec).\(theirs.tv_nsec)")
        }
    }

    static let setTimesEnd = 1_500_000_000
}
