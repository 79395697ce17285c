/// Memory for bytes on their way from one place to another.
///
/// `@unchecked Sendable`: one task has it, and lends it to one call at a time.
final class PieceBuffer: @unchecked Sendable {
    private let bytes: UnsafeMutableRawBufferPointer
    var count: Int { bytes.count }

    init(count: Int) { bytes = .allocate(byteCount: count, alignment: 4_096) }
    deinit { bytes.deallocate() }

    func first(_ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
    }
}
