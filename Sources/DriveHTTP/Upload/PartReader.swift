import Basics
import Drive
import NIOCore
import NIOPosix
import Synchronization

/// Reads a part of a local file while it is sent, a piece at a time, no faster than the bandwidth allows.
final class PartReader: BodySource {
    /// Small enough that a slow line moves one within the stall limit, large enough not to count.
    static let longestPiece = 128 * 1_024

    private struct State {
        var position: Int64
        var failure: UploadSourceError?
    }

    private let range: ByteRange
    private let source: any UploadSource
    private let bandwidth: Bandwidth?
    private let time: any TimeSource
    private let onProgress: @Sendable (Int) -> Void
    private let state: Mutex<State>

    init(
        _ range: ByteRange, of source: any UploadSource, bandwidth: Bandwidth?, time: any TimeSource,
        onProgress: @escaping @Sendable (Int) -> Void
    ) {
        self.range = range
        self.source = source
        self.bandwidth = bandwidth
        self.time = time
        self.onProgress = onProgress
        state = Mutex(State(position: range.lower))
    }

    var length: Int64 { range.count }

    /// Why the local bytes could not be had.
    var failure: UploadSourceError? { state.withLock { $0.failure } }

    func next() async throws -> ByteBuffer? {
        let offset = state.withLock { $0.position }
        let count = min(Int(clamping: range.upper - offset), Self.longestPiece, bandwidth?.piece ?? .max)
        guard count > 0 else { return nil }
        try await pause()
        let piece: ByteBuffer
        do {
            piece = try await Self.read(source, at: offset, count)
        } catch let error as UploadSourceError {
            state.withLock { $0.failure = error }
            throw error
        }
        state.withLock { $0.position = offset + Int64(count) }
        return piece
    }

    func written(_ count: Int) {
        _ = bandwidth?.pause(after: count, now: time.now())
        onProgress(count)
    }

    /// Waits until what has gone so far is within the bandwidth.
    private func pause() async throws {
        guard let bandwidth else { return }
        while case let wait = bandwidth.pause(after: 0, now: time.now()), wait > .zero {
            try await time.sleep(for: wait)
        }
    }

    /// Reads `count` bytes on a thread that may block.
    static func read(_ source: any UploadSource, at offset: Int64, _ count: Int) async throws -> ByteBuffer {
        try await NIOThreadPool.singleton.runIfActive {
            var piece = ByteBufferAllocator().buffer(capacity: count)
            try piece.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
                try source.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: room[..<count]))
                return count
            }
            return piece
        }
    }
}
