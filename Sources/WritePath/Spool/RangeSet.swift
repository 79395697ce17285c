import Basics

/// Byte ranges of one file, kept sorted, apart and never empty. A value.
struct RangeSet: Hashable, Sendable {
    private(set) var ranges: [ByteRange] = []

    init() {}

    init(_ ranges: some Sequence<ByteRange>) { for range in ranges { insert(range) } }

    init(_ ranges: some Sequence<ByteRange>, below end: Int64) {
        self.init(ranges)
        cut(at: end)
    }

    mutating func insert(_ new: ByteRange) {
        if new.isEmpty { return }
        // The usual case: writes go on where the last one ended.
        if let last = ranges.last, last.upper == new.lower {
            ranges[ranges.count - 1] = ByteRange(last.lower, new.upper)
            return
        }
        let first = index(ofFirstEndingAtOrAfter: new.lower)
        var end = first
        var merged = new
        while end < ranges.count, ranges[end].lower <= merged.upper {
            merged = ByteRange(min(merged.lower, ranges[end].lower), max(merged.upper, ranges[end].upper))
            end += 1
        }
        ranges.replaceSubrange(first..<end, with: [merged])
    }

    /// Takes away everything from `offset` on.
    mutating func cut(at offset: Int64) {
        while let last = ranges.last, last.upper > offset {
            ranges.removeLast()
            if last.lower < offset { ranges.append(ByteRange(last.lower, offset)) }
        }
    }

    mutating func remove(_ range: ByteRange) {
        if range.isEmpty { return }
        ranges = ranges.flatMap { old in
            [
                ByteRange(old.lower, max(old.lower, min(old.upper, range.lower))),
                ByteRange(min(old.upper, max(old.lower, range.upper)), old.upper),
            ]
        }.filter { !$0.isEmpty }
    }

    /// `range` cut into pieces that are all in the set or all outside of it, in order.
    func pieces(of range: ByteRange) -> [(range: ByteRange, isPresent: Bool)] {
        var pieces: [(range: ByteRange, isPresent: Bool)] = []
        var offset = range.lower
        var index = index(ofFirstEndingAtOrAfter: range.lower + 1)
        while offset < range.upper {
            guard index < ranges.count, ranges[index].lower < range.upper else {
                pieces.append((ByteRange(offset, range.upper), false))
                break
            }
            let next = ranges[index]
            if offset < next.lower { pieces.append((ByteRange(offset, next.lower), false)) }
            let end = min(next.upper, range.upper)
            pieces.append((ByteRange(max(offset, next.lower), end), true))
            offset = end
            index += 1
        }
        return pieces
    }

    private func index(ofFirstEndingAtOrAfter offset: Int64) -> Int {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upper < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
