import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

/// What came back over the wire.
struct Reply {
    var status: Int
    var headers: HTTPHeaders
    var body: [UInt8]
    /// The line was cut before the body had all that was counted.
    var isCut = false

    var text: String { String(decoding: body, as: UTF8.self) }

    var json: [String: Any] {
        get throws { try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] ?? [:] }
    }

    func string(_ key: String) throws -> String? { try json[key] as? String }
    func number(_ key: String) throws -> Int? { (try json[key] as? NSNumber)?.intValue }
    func flag(_ key: String) throws -> Bool? { try json[key] as? Bool }
    var code: String { get throws { try string("code") ?? "" } }
    var items: [[String: Any]] { get throws { try json["items"] as? [[String: Any]] ?? [] } }
    var names: [String] { get throws { try items.compactMap { $0["name"] as? String } } }
    var marker: String { get throws { try string("next_marker") ?? "" } }

    /// The code of an XML refusal.
    var ossCode: String { text.firstMatch(of: /<Code>(.*?)<\/Code>/).map { String($0.1) } ?? "" }
}

/// Puts the pieces of answers together.
final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTPClientResponsePart

    private struct State {
        var ready: [Reply] = []
        var current: Reply?
        var isClosed = false
        var waiters: [CheckedContinuation<Reply, any Error>] = []
        var counters: [(count: Int, continuation: CheckedContinuation<Void, any Error>)] = []
    }

    private let state = Mutex(State())

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        state.withLock { state in
            switch unwrapInboundIn(data) {
            case .head(let head):
                // 100 Continue is not an answer.
                guard head.status.code >= 200 else { return }
                state.current = Reply(status: Int(head.status.code), headers: head.headers, body: [])
            case .body(let piece): state.current?.body.append(contentsOf: piece.readableBytesView)
            case .end:
                if let reply = state.current { Self.deliver(reply, &state) }
                state.current = nil
            }
            Self.wakeCounters(&state)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        state.withLock { state in
            state.isClosed = true
            if var reply = state.current {
                reply.isCut = true
                Self.deliver(reply, &state)
            }
            for waiter in state.waiters { waiter.resume(throwing: Line.Closed()) }
            for counter in state.counters { counter.continuation.resume(throwing: Line.Closed()) }
            state.waiters = []
            state.counters = []
        }
    }

    func next() async throws -> Reply {
        try await withCheckedThrowingContinuation { continuation in
            state.withLock { state in
                if !state.ready.isEmpty {
                    continuation.resume(returning: state.ready.removeFirst())
                } else if state.isClosed {
                    continuation.resume(throwing: Line.Closed())
                } else {
                    state.waiters.append(continuation)
                }
            }
        }
    }

    /// Until a head and this many bytes have come of the answer under way.
    func wait(for count: Int) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            state.withLock { state in
                if state.isClosed { return continuation.resume(throwing: Line.Closed()) }
                state.counters.append((count, continuation))
                Self.wakeCounters(&state)
            }
        }
    }

    private static func deliver(_ reply: Reply, _ state: inout State) {
        if state.waiters.isEmpty {
            state.ready.append(reply)
        } else {
            state.waiters.removeFirst().resume(returning: reply)
        }
    }

    private static func wakeCounters(_ state: inout State) {
        guard let have = state.current?.body.count ?? state.ready.last?.body.count else { return }
        for counter in state.counters where counter.count <= have { counter.continuation.resume() }
        state.counters.removeAll { $0.count <= have }
    }
}

/// A connection that sends exactly what it is told to, and adds no header of its own but Host.
final class Line: Sendable {
    struct Closed: Error {}

    let channel: any Channel
    private let collector: Collector
    private let authority: String

    init(_ url: String) async throws {
        let parts = try #require(URLComponents(string: url))
        let host = parts.host ?? ""
        authority = "\(host):\(parts.port ?? 80)"
        let collector = Collector()
        self.collector = collector
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(collector)
                }
            }
            .connect(host: host, port: parts.port ?? 80).get()
    }

    static func path(_ url: String) -> String {
        guard let range = url.range(of: "://"), let slash = url[range.upperBound...].firstIndex(of: "/") else {
            return "/"
        }
        return String(url[slash...])
    }

    /// Sends a request; `body` may be shorter than the Content-Length in `headers`.
    func send(
        _ method: String, _ url: String, _ headers: [String: String] = [:], body: [UInt8]? = nil, end: Bool = true
    ) {
        var fields = HTTPHeaders([("host", authority)])
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) { fields.replaceOrAdd(name: name, value: value) }
        if let body, !fields.contains(name: "content-length"), !fields.contains(name: "transfer-encoding") {
            fields.add(name: "content-length", value: String(body.count))
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: .init(rawValue: method), uri: Self.path(url), headers: fields)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if let body { channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil) }
        if end { channel.write(HTTPClientRequestPart.end(nil), promise: nil) }
        channel.flush()
    }

    /// The next whole answer; throws if the line is cut before a head.
    func receive() async throws -> Reply { try await collector.next() }

    /// Waits until a head and this many bytes of a body have come.
    func receive(atLeast count: Int) async throws { try await collector.wait(for: count) }

    func close() async throws { if channel.isActive { try await channel.close().get() } }
}

/// One request on a connection of its own.
func fetch(
    _ method: String, _ url: String, _ headers: [String: String] = [:], body: [UInt8]? = nil
) async throws -> Reply {
    let line = try await Line(url)
    line.send(method, url, headers, body: body)
    let reply: Reply
    do {
        reply = try await line.receive()
    } catch {
        try await line.close()
        throw error
    }
    try await line.close()
    return reply
}
