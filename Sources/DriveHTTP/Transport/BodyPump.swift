import AsyncHTTPClient
import NIOCore
import Synchronization

/// Feeds one long body to the library, one piece at a time: the next is read when the last has been written to the
/// socket.
///
/// The library's own back-pressure is not relied upon: its promise is dropped unkept when a request ends while it
/// is being held back. So nothing is written unless everything before it has left, and nothing after a refusal.
final class BodyPump: Sendable {
    /// The exchange is over, or the rest of the body is not wanted.
    private struct Stopped: Error {}

    /// No piece left for as long as a connection may say nothing.
    struct Stalled: Error, CustomStringConvertible {
        var description: String { "the connection takes no more bytes" }
    }

    private struct State {
        var isStopped = false
        /// Kept when the piece under way has been written.
        var piece: EventLoopPromise<Void>?
        /// Tells the library that the body has ended.
        var done: EventLoopPromise<Void>?
        var task: Task<Void, Never>?
    }

    private let source: any BodySource
    private let loop: any EventLoop
    private let stall: TimeAmount
    private let state = Mutex(State())

    init(_ source: any BodySource, on loop: any EventLoop, stall: TimeAmount) {
        self.source = source
        self.loop = loop
        self.stall = stall
    }

    /// The body, with its exact length: no chunked coding.
    var body: HTTPClient.Body { .stream(contentLength: source.length, start) }

    /// The piece under way has been written.
    func wrote() { state.withLock { $0.piece.take() }?.succeed() }

    /// No more is to be written.
    func stop() {
        let piece = state.withLock { state in
            state.isStopped = true
            return state.piece.take()
        }
        piece?.fail(Stopped())
    }

    /// Returns when the source is no longer in use.
    func end() async {
        stop()
        let task = state.withLock { $0.task }
        task?.cancel()
        await task?.value
        finish(.failure(Stopped()))
    }

    @Sendable private func start(_ writer: HTTPClient.Body.StreamWriter) -> EventLoopFuture<Void> {
        let done = loop.makePromise(of: Void.self)
        state.withLock { $0.done = done }
        let task = Task { await run(writer) }
        state.withLock { $0.task = task }
        return done.futureResult
    }

    private func run(_ writer: HTTPClient.Body.StreamWriter) async {
        var missing = source.length
        do {
            while let piece = try await source.next() {
                missing -= Int64(piece.readableBytes)
                try await write(piece, isLast: missing == 0, to: writer)
                source.written(piece.readableBytes)
            }
            finish(.success(()))
        } catch is Stopped {
            // The answer says why. A body that ended here would be too short, which ends the exchange without it; and
            // the library does not watch over an answer that comes ahead of the body's end.
            loop.scheduleTask(in: stall) { self.finish(.failure(Stalled())) }
        } catch {
            finish(.failure(error))
        }
    }

    private func finish(_ result: Result<Void, any Error>) {
        state.withLock { $0.done.take() }?.completeWith(result)
    }

    private func write(_ bytes: ByteBuffer, isLast: Bool, to writer: HTTPClient.Body.StreamWriter) async throws {
        let piece = loop.makePromise(of: Void.self)
        let isStopped = state.withLock { state in
            if !state.isStopped { state.piece = piece }
            return state.isStopped
        }
        if isStopped { piece.fail(Stopped()) }
        loop.execute {
            // Asked on the thread that would be told of a refusal.
            guard !self.state.withLock({ $0.isStopped }) else { return }
            writer.write(.byteBuffer(bytes)).cascadeFailure(to: piece)
            // At once, so that the answer finds the request ended and the connection fit for the next.
            if isLast { self.finish(.success(())) }
        }
        let watch = loop.scheduleTask(in: stall) { piece.fail(Stalled()) }
        defer { watch.cancel() }
        try await piece.futureResult.get()
    }
}
