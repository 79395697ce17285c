/// A half-open range of byte offsets in a file: `lower ..< upper`, never negative, possibly empty.
public struct ByteRange: Hashable, Codable, Sendable {
    public let lower: Int64
    public let upper: Int64

    /// Traps when the bounds are negative or crossed: whoever computes a range owns its sense.
    public init(_ lower: Int64, _ upper: Int64) {
        precondition(0 <= lower && lower <= upper, "a byte range runs forward from 0")
        self.lower = lower
        self.upper = upper
    }

    public var count: Int64 { upper - lower }
    public var isEmpty: Bool { lower == upper }
    public func contains(_ offset: Int64) -> Bool { lower <= offset && offset < upper }

    /// The part of this range that lies inside `0 ..< size`; empty when it lies beyond.
    public func clamped(to size: Int64) -> ByteRange {
        ByteRange(min(lower, size), min(upper, size))
    }
}
