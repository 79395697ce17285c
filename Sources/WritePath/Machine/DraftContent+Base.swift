import Basics
import MetadataStore

// What a content takes from its base.
extension DraftContent {
    /// The stored object that this is, byte for byte, when the spool has nothing of its own.
    var whole: BaseContent? {
        guard let base, present.isEmpty, size == base.size, baseEnd >= size, base.hash != nil, size > 0
        else { return nil }
        return base
    }

    /// What the spool does not have and the base does.
    var missing: [ByteRange] {
        guard let base else { return [] }
        let end = min(size, min(baseEnd, base.size))
        guard end > 0 else { return [] }
        return RangeSet(present).pieces(of: ByteRange(0, end)).filter { !$0.isPresent }.map(\.range)
    }
}
