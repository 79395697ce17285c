#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import NIOCore
import NIOHTTP1
import Synchronization

/// One request and its answer on a connection. Used by the one task that runs the connection.
///
/// Writes go straight to the channel, because only its futures tell when bytes have left.
final class Exchange {
    /// The line was cut on purpose, or the peer is gone.
    struct Cut: Error {}
    struct BodyTooLarge: Error {}

    let channel: any Channel
    /// What has to happen should the peer leave meanwhile.
    let closeWatch: CloseWatch
    private var inbound: NIOAsyncChannelInboundStream<RequestPart>.AsyncIterator
    private(set) var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
    private var bodyEnded = true
    /// The peer holds its body back until it is told to go on.
    private(set) var awaitsContinue = false

    init(
        channel: any Channel, inbound: NIOAsyncChannelInboundStream<RequestPart>.AsyncIterator, isEncrypted: Bool
    ) {
        self.channel = channel
        self.isEncrypted = isEncrypted
        closeWatch = CloseWatch(channel)
        self.inbound = inbound
    }

    var keepAlive: Bool { head.isKeepAlive }
    /// What is sent has to go through memory.
    let isEncrypted: Bool

    /// False at the end of the connection; one that stays silent for too long is ended here.
    func nextRequest(idleMilliseconds: Int) async throws -> Bool {
        let channel = self.channel
        let timer = channel.eventLoop.scheduleTask(in: .milliseconds(Int64(idleMilliseconds))) {
            channel.close(promise: nil)
        }
        defer { timer.cancel() }
        while let part = try await inbound.next() {
            if case .head(let head) = part {
                self.head = head
                bodyEnded = false
                awaitsContinue = head.headers.first(name: "expect")?.lowercased() == "100-continue"
                return true
            }
        }
        return false
    }

    /// The next piece of the request's body, or nil at its end.
    func nextBodyPiece() async throws -> ByteBuffer? {
        if bodyEnded { return nil }
        if awaitsContinue {
            awaitsContinue = false
            let go = HTTPResponseHead(version: head.version, status: .continue)
            try await channel.writeAndFlush(ResponsePart.head(go)).get()
        }
        switch try await inbound.next() {
        case .body(let piece): return piece
        case .end:
            bodyEnded = true
            return nil
        case .head, nil: throw Cut()
        }
    }

    func collectBody(limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try await nextBodyPiece() {
            if bytes.count + piece.readableBytes > limit { throw BodyTooLarge() }
            bytes.append(contentsOf: piece.readableBytesView)
        }
        return bytes
    }

    /// Reads the rest of a body nobody wanted, so that the next request can be found.
    func skipBody() async throws {
        // Whoever still waits for our word has sent nothing yet, and after a final answer sends nothing.
        if awaitsContinue { throw Cut() }
        while try await nextBodyPiece() != nil {}
    }

    /// Queues the head; it leaves with the first piece that is flushed.
    func writeHead(status: Int, headers: HTTPHeaders) async throws {
        var headers = headers
        if !keepAlive { headers.replaceOrAdd(name: "connection", value: "close") }
        let head = HTTPResponseHead(
            version: self.head.version, status: HTTPResponseStatus(statusCode: status), headers: headers)
        channel.write(ResponsePart.head(head), promise: nil)
    }

    /// Queues and flushes; the future tells when the kernel has it.
    func enqueue(_ data: IOData) -> EventLoopFuture<Void> { channel.writeAndFlush(ResponsePart.body(data)) }

    func flush() async throws { try await channel.writeAndFlush(ResponsePart.body(.byteBuffer(ByteBuffer()))).get() }
    func writeEnd() async throws { try await channel.writeAndFlush(ResponsePart.end(nil)).get() }

    /// Head, body and end in one go.
    func reply(status: Int, headers: HTTPHeaders, body: [UInt8]) async throws {
        var headers = headers
        headers.replaceOrAdd(name: "content-length", value: String(body.count))
        try await writeHead(status: status, headers: headers)
        if !body.isEmpty, head.method != .HEAD {
            channel.write(ResponsePart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        }
        try await writeEnd()
    }

    /// Waits, but not longer than the connection lives.
    func pause(milliseconds: Int) async throws {
        guard milliseconds > 0 else { return }
        let wake = channel.eventLoop.makePromise(of: Void.self)
        let timer = channel.eventLoop.scheduleTask(in: .milliseconds(Int64(milliseconds))) { wake.succeed() }
        let watch = closeWatch.add {
            timer.cancel()
            wake.succeed()
        }
        try await wake.futureResult.get()
        closeWatch.remove(watch)
        guard channel.isActive else { throw Cut() }
    }

    /// Ends the connection with a reset rather than a polite end.
    func cut() async throws -> Never {
        if let socket = channel as? any SocketOptionProvider {
            try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        channel.cut()
        throw Cut()
    }
}

/// Runs what is registered when a connection closes; at once if it is closed already.
final class CloseWatch: Sendable {
    private struct State {
        var closed = false
        var nextID = 0
        var actions: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    init(_ channel: any Channel) {
        channel.closeFuture.whenComplete { [weak self] _ in self?.fire() }
    }

    func add(_ action: @escaping @Sendable () -> Void) -> Int {
        let (id, now) = state.withLock { state -> (Int, Bool) in
            state.nextID += 1
            if !state.closed { state.actions[state.nextID] = action }
            return (state.nextID, state.closed)
        }
        if now { action() }
        return id
    }

    func remove(_ id: Int) { state.withLock { $0.actions[id] = nil } }

    private func fire() {
        let due = state.withLock { state in
            state.closed = true
            defer { state.actions = [:] }
            return Array(state.actions.values)
        }
        for action in due { action() }
    }
}

extension HTTPRequestHead {
    /// The path without its query, as it came.
    var path: String { String(uri.prefix { $0 != "?" }) }

    /// The query, decoded.
    var query: [(name: String, value: String)] {
        guard let mark = uri.firstIndex(of: "?") else { return [] }
        return Form.decode(uri[uri.index(after: mark)...])
    }
}

/// `a=1&b=2`, in a query or in a body.
enum Form {
    static func decode(_ text: some StringProtocol) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (unescape(halves[0]), halves.count > 1 ? unescape(halves[1]) : "")
        }
    }

    static func escape(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: out.append(Character(UnicodeScalar(byte)))
            default: out += "%" + Hex.padded(UInt64(byte), 2).uppercased()
            }
        }
        return out
    }

    private static func unescape(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = Hex.decode(String(Substring(rest.prefix(2)))), value.count == 1 {
                bytes.append(value[0])
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
