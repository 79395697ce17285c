import Drive
import FoundationEssentials

/// One call of the Open API. Its description is the path: bodies and headers stay out of logs.
struct APICall: Sendable {
    var method = HTTPCall.Method.post
    var path: String
    var kind: RequestClass
    var body: [UInt8]?
    var context = Verdict.Context()

    init(_ path: String, _ kind: RequestClass, _ body: some Encodable) throws(DriveError) {
        self.path = path
        self.kind = kind
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .withoutEscapingSlashes
            self.body = Array(try encoder.encode(body))
        } catch {
            throw .rejected(Refusal(status: 0, code: "", message: "the request cannot be written as JSON"))
        }
    }

    /// A call that is a GET.
    init(get path: String, _ kind: RequestClass) {
        method = .get
        self.path = path
        self.kind = kind
    }
}

/// What the endpoints take (contract 3, 5 and 6.1). Names are the wire's.
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
