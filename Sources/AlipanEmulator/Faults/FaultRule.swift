/// When something goes wrong, and how. The JSON form is the same in files and in the control API, in snake case.
public struct FaultRule: Codable, Sendable, Equatable {
    /// Names of endpoints (`list`, `getDownloadUrl`, `link`, `part`, …); empty or `*` is every one.
    public var on: [String] = []
    /// Only requests whose path, query or body contains this.
    public var containing: String?
    /// The nth matching request, counted from 1.
    public var nth: Int?
    /// Every k-th matching request.
    public var every: Int?
    /// This share of matching requests, drawn from the emulator's seed.
    public var probability: Double?
    /// How often at most; nil is once with `nth`, else without end.
    public var times: Int?
    public var act = FaultAction()

    public init(on: [String], nth: Int? = nil, times: Int? = nil, act: FaultAction) {
        self.on = on
        self.nth = nth
        self.times = times
        self.act = act
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        on = try fields.decodeIfPresent([String].self, forKey: .on) ?? []
        containing = try fields.decodeIfPresent(String.self, forKey: .containing)
        nth = try fields.decodeIfPresent(Int.self, forKey: .nth)
        every = try fields.decodeIfPresent(Int.self, forKey: .every)
        probability = try fields.decodeIfPresent(Double.self, forKey: .probability)
        times = try fields.decodeIfPresent(Int.self, forKey: .times)
        act = try fields.decode(FaultAction.self, forKey: .act)
    }

    /// What is wrong with the rule, or nil.
    var complaint: String? {
        let known = Set(Endpoint.allCases.map(\.rawValue) + ["*"])
        if let stranger = on.first(where: { !known.contains($0) }) { return "no endpoint is called \(stranger)" }
        if let every, every < 1 { return "every must be at least 1" }
        if let probability, !(0...1).contains(probability) { return "probability must be between 0 and 1" }
        return nil
    }
}

/// Any number of these may be set; they apply in the order written here.
public struct FaultAction: Codable, Sendable, Equatable {
    public init() {}

    /// Waits before anything else, in real milliseconds.
    public var delayMs: Int?
    /// `before`: cut the line, nothing was done. `after`: do it, then cut the line instead of answering.
    public var drop: Drop?
    /// Answers with this status, without doing anything.
    public var status: Int?
    /// The form of that answer.
    public var body: Shape?
    public var code: String?
    public var message: String?
    /// More headers of the answer.
    public var headers: [String: String]?
    /// These very bytes as the answer's body.
    public var raw: String?
    public var contentType: String?
    /// Does it, then answers something that is not JSON.
    public var garbage: Bool?
    /// Does it, then answers 204 and nothing.
    public var noContent: Bool?
    /// Does it, then answers with this many bytes of the body missing but counted.
    public var shortBy: Int64?
    /// Cuts the line after this many bytes of a body: of the answer, or of a part that is being sent.
    public var resetAfter: Int64?
    /// Stops sending after this many bytes, for `stallMs` or until the peer leaves.
    public var stallAfter: Int64?
    public var stallMs: Int?
    /// Bytes a second.
    public var drip: Int64?
    /// A 206 that names another range than it sends.
    public var wrongContentRange: Bool?
    /// Ignores the range: 200 and the whole object.
    public var wholeForRange: Bool?
    /// Flips a bit in each piece of the body.
    public var corrupt: Bool?

    public enum Drop: String, Codable, Sendable { case before, after }

    public enum Shape: String, Codable, Sendable {
        case json, nulls, text, empty, html, spring, xml
        /// Code and message in headers only.
        case caHeaders = "ca_headers"
        case renewText = "renew_text"
        case renewEmpty = "renew_empty"
        case renewTextObject = "renew_text_object"
        case renewEmptyToken = "renew_empty_token"
    }

    static let none = FaultAction()
}
