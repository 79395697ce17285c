import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

typealias RequestPart = HTTPServerRequestPart
typealias ResponsePart = HTTPPart<HTTPResponseHead, IOData>
typealias Connection = NIOAsyncChannel<RequestPart, ResponsePart>

/// Something that answers requests, one after the other on each connection.
protocol Service: Sendable {
    /// Returns false if the connection has to end after this exchange.
    func serve(_ exchange: Exchange) async throws -> Bool
}

/// One listening port. It can vanish and come back on the same port without the process ending.
final class Listener: Sendable {
    private struct State {
        var port: Int
        var channel: (any Channel)?
        var accepting: Task<Void, Never>?
        var connections: [ObjectIdentifier: any Channel] = [:]
        var accepted = 0
        var mostAtOnce = 0
        /// While it is away.
        var keeper: PortKeeper?
    }

    private let host: String
    private let group: any EventLoopGroup
    private let service: any Service
    private let idleMilliseconds: Int
    /// What makes it speak TLS.
    private let encryption: NIOSSLContext?
    private let state: Mutex<State>

    init(
        host: String, port: Int, group: any EventLoopGroup, service: any Service, idleMilliseconds: Int,
        encryption: NIOSSLContext? = nil
    ) {
        self.host = host
        self.group = group
        self.service = service
        self.idleMilliseconds = idleMilliseconds
        self.encryption = encryption
        state = Mutex(State(port: port))
    }

    var isOpen: Bool { state.withLock { $0.channel != nil } }
    var port: Int { state.withLock { $0.port } }
    var address: String {
        "\(encryption == nil ? "http" : "https")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
    /// Connections accepted so far, open now, and the most that were open at once.
    var connectionCounts: (accepted: Int, open: Int, most: Int) {
        state.withLock { ($0.accepted, $0.connections.count, $0.mostAtOnce) }
    }

    func open() async throws {
        let encryption = encryption
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .bind(host: host, port: port) { channel in
                self.enter(channel)
                return channel.eventLoop.makeCompletedFuture {
                    if let encryption {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: encryption))
                    }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: true)
                    return try Connection(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: false))
                }
            }
        let accepting = Task {
            // A server channel that fails has been closed; there is nobody to tell.
            do {
                try await server.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask { await self.run(connection) }
                        }
                    }
                }
            } catch {}
        }
        state.withLock { state in
            state.port = server.channel.localAddress?.port ?? state.port
            state.channel = server.channel
            state.accepting = accepting
            state.keeper = nil
        }
    }

    /// Goes away for a while: refuses new connections, cuts those that are open, and keeps the port.
    func vanish() async throws {
        await close()
        let keeper = try PortKeeper(host: host, port: port)
        state.withLock { $0.keeper = keeper }
    }

    /// Refuses new connections and cuts those that are open.
    func close() async {
        let (accepting, channel, connections) = state.withLock { state in
            defer {
                state.accepting = nil
                state.channel = nil
            }
            return (state.accepting, state.channel, Array(state.connections.values))
        }
        guard let accepting, let channel else { return }
        channel.close(promise: nil)
        for connection in connections { connection.cut() }
        accepting.cancel()
        await accepting.value
        // Only now is the port free for its keeper.
        do { try await channel.closeFuture.get() } catch {}
    }

    /// Comes back on its port, which a connection that is still being torn down may hold for a moment.
    func comeBack() async throws {
        for _ in 0..<100 {
            do {
                return try await open()
            } catch let error as IOError where error.errnoCode == EADDRINUSE {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        try await open()
    }

    /// Cuts every open connection; new ones are welcome.
    func cutConnections() {
        for channel in state.withLock({ Array($0.connections.values) }) { channel.cut() }
    }

    private func run(_ connection: Connection) async {
        let channel = connection.channel
        do {
            try await connection.executeThenClose { inbound, _ in
                let exchange = Exchange(
                    channel: channel, inbound: inbound.makeAsyncIterator(), isEncrypted: encryption != nil)
                while try await exchange.nextRequest(idleMilliseconds: idleMilliseconds) {
                    let goOn = try await service.serve(exchange)
                    guard goOn, exchange.keepAlive else { break }
                    try await exchange.skipBody()
                }
            }
        } catch {
            // The peer left, or a fault cut the line: both are ordinary here.
            channel.cut()
        }
    }

    /// Before it has carried a byte, so that who sees it fail finds it counted.
    private func enter(_ channel: any Channel) {
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { $0.connections[ObjectIdentifier(channel)] = nil }
        }
        state.withLock { state in
            state.connections[ObjectIdentifier(channel)] = channel
            state.accepted += 1
            state.mostAtOnce = max(state.mostAtOnce, state.connections.count)
        }
    }
}
