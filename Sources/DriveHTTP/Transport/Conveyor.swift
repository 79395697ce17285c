import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// Hands what the library reads to an `AnswerReceiver`, on the event loop.
final class Conveyor: HTTPClientResponseDelegate {
    typealias Response = Void

    /// Ends an exchange because the receiver has had enough: the library closes the connection.
    struct Enough: Error {}

    private let receiver: any AnswerReceiver
    private let pump: BodyPump?
    private let onSent: @Sendable () -> Void
    private let sent = Atomic(false)

    init(receiver: any AnswerReceiver, pump: BodyPump? = nil, onSent: @escaping @Sendable () -> Void) {
        self.receiver = receiver
        self.pump = pump
        self.onSent = onSent
    }

    /// Whether the server may have seen the request.
    var wasSent: Bool { sent.load(ordering: .acquiring) }

    func didSendRequestHead(task: HTTPClient.Task<Void>, _ head: HTTPRequestHead) {
        if !sent.exchange(true, ordering: .acquiringAndReleasing) { onSent() }
    }

    func didSendRequestPart(task: HTTPClient.Task<Void>, _ part: IOData) { pump?.wrote() }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        // A refusal ahead of the body's end: the rest of it is not wanted.
        if head.status.code >= 300 { pump?.stop() }
        let fields = HTTPFields(head.headers.map { ($0.name, $0.value) })
        return receiver.receive(status: Int(head.status.code), fields: fields)
            ? task.eventLoop.makeSucceededVoidFuture() : task.eventLoop.makeFailedFuture(Enough())
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        switch buffer.withUnsafeReadableBytes({ receiver.receive($0) }) {
        case .more: task.eventLoop.makeSucceededVoidFuture()
        case .after(let pause): task.eventLoop.scheduleTask(in: TimeAmount(pause)) {}.futureResult
        case .enough: task.eventLoop.makeFailedFuture(Enough())
        }
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) {}
}
