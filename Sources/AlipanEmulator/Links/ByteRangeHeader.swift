/// What the object store makes of a Range header (contract 6.3).
enum RangeAnswer: Equatable {
    /// 200 and everything.
    case whole
    case part(from: Int64, through: Int64)
    /// Only in the mode that answers 416.
    case unsatisfiable

    init(header: String?, size: Int64, strict416: Bool) {
        guard let header else {
            self = .whole
            return
        }
        let outside: RangeAnswer = strict416 ? .unsatisfiable : .whole
        guard size > 0, let match = header.wholeMatch(of: /bytes=(\d*)-(\d*)/) else {
            self = .whole
            return
        }
        let first = match.output.1
        let last = match.output.2
        switch (first.isEmpty, last.isEmpty) {
        case (true, true): self = .whole
        case (true, false):
            guard let suffix = Int64(last), suffix > 0, suffix <= size else {
                self = outside
                return
            }
            self = .part(from: size - suffix, through: size - 1)
        case (false, true):
            guard let from = Int64(first), from < size else {
                self = outside
                return
            }
            self = .part(from: from, through: size - 1)
        case (false, false):
            guard let from = Int64(first), let through = Int64(last), from <= through, through < size else {
                self = outside
                return
            }
            self = .part(from: from, through: through)
        }
    }
}
