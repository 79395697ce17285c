import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small HTTP server on 127.0.0.1 that does as it is told, right or wrong.
final class LoopbackServer: Sendable {
    struct Request: Sendable {
        var head: HTTPRequestHead
        var body: [UInt8]
        /// The numbers of `Range: bytes=a-b`.
        var range: (Int, Int)? {
            guard let field = head.headers.first(name: "range"), field.hasPrefix("bytes=") else { return nil }
            let bounds = field.dropFirst(6).split(separator: "-").compactMap { Int($0) }
            return bounds.count == 2 ? (bounds[0], bounds[1]) : nil
        }
    }

    indirect enum Step: Sendable {
        case head(Int, [(String, String)])
        case bytes([UInt8])
        case end
        /// Breaks the connection off.
        case cut
        /// Says nothing more, and leaves the connection open.
        case stall
        /// A moment later.
        case late([Step])
        /// Reads no more of what the client sends.
        case deafen
    }

    typealias Script = @Sendable (Request) -> [Step]

    private let channel: any Channel
    private let opened: Counter
    private let closed: Counter
    private let log: Log

    /// How many connections were opened or have ended.
    final class Counter: Sendable {
        private let value = Atomic(0)
        func add() { value.add(1, ordering: .relaxed) }
        var count: Int { value.load(ordering: .relaxed) }
    }

    /// `atHead` is played when the head of a request has come, its body not yet.
    init(atHead: @escaping Script = { _ in [] }, _ script: @escaping Script) async throws {
        let (opened, closed) = (Counter(), Counter())
        let log = Log()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                opened.add()
                channel.closeFuture.whenComplete { _ in closed.add() }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(atHead: atHead, script: script, log: log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        (self.opened, self.closed) = (opened, closed)
        self.log = log
    }

    final class Log: Sendable {
        private let requests = Mutex<[Request]>([])
        func add(_ request: Request) { requests.withLock { $0.append(request) } }
        var all: [Request] { requests.withLock { $0 } }
    }

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
    var requests: [Request] { log.all }
    var connections: Int { opened.count }
    var closedConnections: Int { closed.count }

    func stop() async { try? await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let atHead: Script
        private let script: Script
        private let log: Log
        private var request: Request?

        init(atHead: @escaping Script, script: @escaping Script, log: Log) {
            self.atHead = atHead
            self.script = script
            self.log = log
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                let begun = Request(head: head, body: [])
                request = begun
                for step in atHead(begun) { play(step, context) }
                context.flush()
            case .body(let bytes): request?.body.append(contentsOf: bytes.readableBytesView)
            case .end:
                guard let request else { return }
                log.add(request)
                for step in script(request) { play(step, context) }
                context.flush()
            }
        }

        private func play(_ step: Step, _ context: ChannelHandlerContext) {
            switch step {
            case .head(let status, let fields):
                let head = HTTPResponseHead(
                    version: .http1_1, status: .init(statusCode: status), headers: HTTPHeaders(fields))
                context.write(wrapOutboundOut(.head(head)), promise: nil)
            case .bytes(let bytes):
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
            case .end: context.write(wrapOutboundOut(.end(nil)), promise: nil)
            case .cut:
                context.flush()
                context.close(promise: nil)
            case .stall: context.flush()
            case .late(let steps):
                let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
                context.eventLoop.scheduleTask(in: .milliseconds(50)) {
                    let (handler, context) = bound.value
                    for step in steps { handler.play(step, context) }
                    context.flush()
                }
            case .deafen: context.channel.setOption(.autoRead, value: false).whenFailure { _ in }
            }
        }
    }
}
