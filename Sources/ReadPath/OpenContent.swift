import Basics
import Synchronization

/// One opening of a content. Several openings of the same bytes share what is in memory and under way, and each
/// has its own guesses about what is read next.
///
/// May be used from any thread, by several reads at once. To be closed exactly once it is no longer needed; the
/// end of its life closes it otherwise.
public final class OpenContent: Sendable {
    public let source: ContentSource
    private let reader: ContentReader
    private let handle: HandleID

    init(source: ContentSource, reader: ContentReader, handle: HandleID) {
        self.source = source
        self.reader = reader
        self.handle = handle
    }

    deinit { reader.close(handle) }

    /// Fills `target` from `offset`; returns how many bytes, fewer than asked only at the end of the content.
    ///
    /// Does not suspend while the bytes are in memory. Else waits for them at most until `deadline`, at most until
    /// the task is cancelled; the fetch goes on for whoever else wants it.
    public func read(at offset: Int64, into target: ReadTarget, until deadline: Moment) async throws(ReadError) -> Int {
        guard let range = self.range(offset, target.count) else { return 0 }
        var position = range.lower
        var step = reader.beginRead(handle, range, until: deadline)
        while true {
            var held: BlockPool.Index?
            switch step {
            case .done: return Int(range.count)
            case .failed(let error): throw error
            case .copy(let block, let slot):
                held = slot
                let room = UnsafeMutableRawBufferPointer(rebasing: target.bytes[Int(position - offset)...])
                room.copyMemory(from: block.bytes)
                position += Int64(block.bytes.count)
            case .wait(let id):
                switch await reader.wait(id) {
                case .ready(let slot): held = slot
                case .again: break
                case .failed(let error): throw error
                }
            }
            step = reader.step(handle, ByteRange(position, range.upper), releasing: held, until: deadline)
        }
    }

    /// Gives up the opening. Reads under way end with `.interrupted`.
    public func close() { reader.close(handle) }

    private func range(_ offset: Int64, _ count: Int) -> ByteRange? {
        guard offset >= 0, offset < source.size, count > 0 else { return nil }
        return ByteRange(offset, offset + min(Int64(count), source.size - offset))
    }
}
