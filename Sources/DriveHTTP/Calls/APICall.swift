import Drive
import FoundationEssentials

/// One call of the Open API. Its description is the path: bodies and headers stay out of logs.
struct APICall: Sendable {
    /// What another call of the same kind does when the answer to the first was lost.
    enum Effect: Hashable, Sendable {
        /// Nothing: it is repeated until it is answered.
        case reads
        /// Perhaps the same change twice: it is repeated only where it certainly did not reach the service.
        case changes
    }

    enum Body: Sendable {
        case none
        case fixed([UInt8])
        /// Depends on the access token that the request carries, so it is made anew for each try (contract 7.4).
        case forToken(@Sendable (String) async throws(DriveError) -> [UInt8])
    }

    var method = HTTPCall.Method.post
    var path: String
    var kind: RequestClass
    var body: Body
    var effect = Effect.reads
    /// An answer without a body says all that is needed.
    var needsNoData = false
    var context = Verdict.Context()

    init(_ path: String, _ kind: RequestClass, _ body: some Encodable) throws(DriveError) {
        self.init(path, kind, .fixed(try Self.json(body)))
    }

    init(_ path: String, _ kind: RequestClass, _ body: Body) {
        self.path = path
        self.kind = kind
        self.body = body
    }

    /// A call that is a GET.
    init(get path: String, _ kind: RequestClass) {
        self.init(path, kind, .none)
        method = .get
    }

    static func json(_ body: some Encodable) throws(DriveError) -> [UInt8] {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .withoutEscapingSlashes
            return Array(try encoder.encode(body))
        } catch {
            throw .rejected(Refusal(status: 0, code: "", message: "the request cannot be written as JSON"))
        }
    }
}

/// What the reading endpoints take (contract 3, 5 and 6.1). Names are the wire's.
enum WireRequest {
    struct Nothing: Encodable {}

    struct List: Encodable {
        var drive_id: String
        var parent_file_id: String
        var limit = 100
        var marker: String?
        var order_by = "name"
        var order_direction = "ASC"
    }

    struct File: Encodable {
        var drive_id: String
        var file_id: String
    }

    struct Path: Encodable {
        var drive_id: String
        var file_path: String
    }

    struct Batch: Encodable {
        var file_list: [File]
    }

    struct Link: Encodable {
        var drive_id: String
        var file_id: String
        /// The documented cap; ordinary apps get 900 s, and the link itself tells (contract 6.1).
        var expire_sec = 14_400
    }
}
