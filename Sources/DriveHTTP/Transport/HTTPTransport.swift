import NIOCore

/// One HTTP request, ready to send. It carries secrets: never described, never logged.
struct HTTPCall: Sendable {
    enum Method: String, Sendable { case get = "GET", post = "POST", put = "PUT" }

    var method: Method
    var url: String
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]?
    /// A body that is read while it is sent, in place of `body`. It is not asked for more once the exchange has ended.
    var source: (any BodySource)?
    /// Longest time from now to the end of the answer; `nil` leaves only the stall limit between bytes.
    var timeout: Duration?
    /// Calls of one lane run on one thread and so find each other's idle connections; `nil` takes any connection.
    var lane: Int?
}

/// A body too long to be held.
protocol BodySource: Sendable {
    /// Exactly what `next` brings altogether.
    var length: Int64 { get }
    /// The next bytes; `nil` at the end. Asked for one at a time, and only when those before have been written.
    func next() async throws -> ByteBuffer?
    /// The bytes of the last `next` have been written to the connection. From any thread.
    func written(_ count: Int)
}

/// Header fields of an answer; names are compared without regard to case.
struct HTTPFields: Sendable {
    private let fields: [(name: String, value: String)]

    init(_ fields: [(name: String, value: String)] = []) {
        self.fields = fields.map { ($0.name.lowercased(), $0.value) }
    }

    /// The first field of that name, which is given in lower case.
    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}

struct HTTPAnswer: Sendable {
    var status: Int
    var fields: HTTPFields
    var body: [UInt8]
}

/// Why an exchange brought no whole answer.
enum TransportFailure: Error, Hashable, Sendable {
    /// No connection: nothing of the request has left.
    case unreachable(String)
    /// Whoever answered did not prove to be the one who was called, so nothing of the request has left. Whose
    /// certificate it is about, and what is wrong with it.
    case untrusted(String)
    /// The request may have reached the server; its answer did not come whole.
    case lost(String)
    /// The body is longer than the bound.
    case tooLong
    case cancelled
    /// The address is none.
    case badAddress
}

/// Takes a streamed answer on the thread that reads the socket; both functions are called in turn, never at once.
protocol AnswerReceiver: AnyObject, Sendable {
    /// False ends the exchange before any body is read.
    func receive(status: Int, fields: HTTPFields) -> Bool
    /// The bytes are valid during the call only.
    func receive(_ bytes: UnsafeRawBufferPointer) -> AnswerAppetite
}

enum AnswerAppetite: Hashable, Sendable {
    case more
    /// More, but not before this much time has passed.
    case after(Duration)
    /// Enough: the connection is closed.
    case enough
}

/// HTTP as the client needs it: one request, one answer, whole or streamed. No retries, no redirects, no login.
protocol HTTPTransport: Sendable {
    /// `onSent` is called once when the head of the request is written to a connection, from any thread.
    func exchange(
        _ call: HTTPCall, limit: Int, onSent: @escaping @Sendable () -> Void
    ) async throws(TransportFailure) -> HTTPAnswer

    /// Returns when the answer has ended or the receiver has had enough.
    func stream(_ call: HTTPCall, into receiver: any AnswerReceiver) async throws(TransportFailure)

    func shutdown() async
}
