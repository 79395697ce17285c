import AsyncHTTPClient
import Drive
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// `HTTPTransport` over AsyncHTTPClient.
///
/// Bodies go through the library's delegate interface with connection and delegate on one event loop wherever an
/// idle connection of that loop can be found or made: each piece is handed on where it was read from the socket,
/// without a hop or a copy. Requests with a long body have a client of their own: what they wait for after their last
/// byte takes longer, as that byte may lie in a full socket.
final class ClientTransport: HTTPTransport {
    /// How much longer than a stall the answer to a long body may take.
    private static let patience: Int64 = 3

    private let client: HTTPClient
    private let uploads: HTTPClient
    private let stall: TimeAmount
    private let loops: [any EventLoop]
    private let roots: TrustedRoots
    private let isDown = Atomic(false)

    /// Throws `.misconfigured` where the certificates to trust cannot be read.
    init(_ configuration: DriveHTTPConfiguration) throws(DriveError) {
        roots = configuration.trustedRoots
        let tls = try Self.tls(roots)
        let group = MultiThreadedEventLoopGroup.singleton
        loops = Array(group.makeIterator())
        var settings = HTTPClient.Configuration()
        settings.timeout = .init(
            connect: TimeAmount(configuration.connectTimeout), read: TimeAmount(configuration.stallTimeout))
        settings.tlsConfiguration = tls
        settings.redirectConfiguration = .disallow
        settings.decompression = .disabled
        settings.httpVersion = .http1Only
        // The service drops idle connections after 60 s (contract 1): be earlier.
        settings.connectionPool.idleTimeout = .seconds(45)
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
        // Bodies are long: few large reads cost less than many small ones.
        settings.http1_1ConnectionDebugInitializer = { channel in
            let sizes = AdaptiveRecvByteBufferAllocator(minimum: 16 << 10, initial: 64 << 10, maximum: 512 << 10)
            return channel.setOption(.recvAllocator, value: sizes)
        }
        // Retries are ours to decide.
        settings.connectionPool.retryConnectionEstablishment = false
        if let proxy = configuration.proxy {
            settings.proxy = .server(host: proxy.host, port: proxy.port)
        }
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: settings)
        stall = TimeAmount(configuration.stallTimeout)
        settings.timeout.read = stall * Self.patience
        uploads = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: settings)
    }

    private static func tls(_ roots: TrustedRoots) throws(DriveError) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        guard case .file = roots else { return tls }
        do {
            tls.trustRoots = try roots.load()
        } catch {
            throw .misconfigured("\(error.words); \(error.mend)")
        }
        return tls
    }

    func exchange(
        _ call: HTTPCall, limit: Int, onSent: @escaping @Sendable () -> Void
    ) async throws(TransportFailure) -> HTTPAnswer {
        let collector = Collector(limit: limit)
        if let source = call.source, source.length > 0 {
            try await send(call, source, collector, onSent)
        } else {
            try await run(call, call.body.map { .bytes($0) }, on: client, Conveyor(receiver: collector, onSent: onSent))
        }
        return try collector.answer()
    }

    func stream(_ call: HTTPCall, into receiver: any AnswerReceiver) async throws(TransportFailure) {
        try await run(call, call.body.map { .bytes($0) }, on: client, Conveyor(receiver: receiver, onSent: {}))
    }

    private func send(
        _ call: HTTPCall, _ source: any BodySource, _ receiver: any AnswerReceiver,
        _ onSent: @escaping @Sendable () -> Void
    ) async throws(TransportFailure) {
        var call = call
        let lane = call.lane ?? 0
        call.lane = lane
        let pump = BodyPump(source, on: loops[lane % loops.count], stall: stall)
        let result: Result<Void, TransportFailure>
        do {
            let conveyor = Conveyor(receiver: receiver, pump: pump, onSent: onSent)
            try await run(call, pump.body, on: uploads, conveyor)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await pump.end()
        try result.get()
    }

    deinit {
        // The library traps when it is let go of unclosed; a forgotten `shutdown` shall not end the process.
        guard !isDown.load(ordering: .acquiring) else { return }
        Task { [client, uploads] in
            await Self.close(client)
            await Self.close(uploads)
        }
    }

    func shutdown() async {
        guard !isDown.exchange(true, ordering: .acquiringAndReleasing) else { return }
        await Self.close(client)
        await Self.close(uploads)
    }

    private static func close(_ client: HTTPClient) async {
        do {
            try await client.shutdown()
        } catch {
            // Requests were under way: they end with an error of their own.
        }
    }

    private func run(
        _ call: HTTPCall, _ body: HTTPClient.Body?, on client: HTTPClient, _ conveyor: Conveyor
    ) async throws(TransportFailure) {
        let request: HTTPClient.Request
        do {
            request = try HTTPClient.Request(
                url: call.url, method: HTTPMethod(rawValue: call.method.rawValue),
                headers: HTTPHeaders(call.headers.map { ($0.name, $0.value) }), body: body)
        } catch {
            throw .badAddress
        }
        let deadline = call.timeout.map { NIODeadline.now() + TimeAmount($0) }
        let place = call.lane.map { HTTPClient.EventLoopPreference.delegate(on: loops[$0 % loops.count]) }
        // Not `delegateAndChannel`: the library closes the connections it makes for that after each use.
        let task = client.execute(
            request: request, delegate: conveyor, eventLoop: place ?? .indifferent, deadline: deadline)
        do {
            try await withTaskCancellationHandler {
                try await task.futureResult.get()
            } onCancel: {
                task.fail(reason: CancellationError())
            }
        } catch is Conveyor.Enough {
            return
        } catch is CancellationError {
            throw .cancelled
        } catch {
            if let words = TLSTrouble.distrust(error, flaw: roots.systemFlaw) {
                throw .untrusted("\(request.host): \(words)")
            }
            throw conveyor.wasSent ? .lost(Self.words(error)) : .unreachable(Self.words(error))
        }
    }

    /// What went wrong, in words that hold no address: errors of the libraries describe themselves by their codes.
    private static func words(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case let error as NIOConnectionError: "no connection (\(error.connectionErrors.count) addresses tried)"
        case let error as NIOSSLError:
            "TLS failed (\(TLSTrouble.reason(error) ?? Redaction.clean(String(describing: error))))"
        case let error as IOError: String(describing: error)
        default: Redaction.clean(String(describing: error))
        }
    }
}

/// Collects a bounded body.
private final class Collector: AnswerReceiver {
    private struct State {
        var status = 0
        var fields = HTTPFields()
        var body: [UInt8] = []
        var isTooLong = false
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    func receive(status: Int, fields: HTTPFields) -> Bool {
        state.withLock {
            $0.status = status
            $0.fields = fields
        }
        return true
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> AnswerAppetite {
        state.withLock { state in
            guard state.body.count + bytes.count <= limit else {
                state.isTooLong = true
                return .enough
            }
            state.body.append(contentsOf: bytes)
            return .more
        }
    }

    func answer() throws(TransportFailure) -> HTTPAnswer {
        let state = state.withLock { $0 }
        if state.isTooLong { throw .tooLong }
        return HTTPAnswer(status: state.status, fields: state.fields, body: state.body)
    }
}
