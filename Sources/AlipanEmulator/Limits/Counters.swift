/// What a test may ask afterwards: how often what was called, and how it went.
public struct Counters: Codable, Sendable, Equatable {
    public struct Line: Codable, Sendable, Equatable {
        public var requests = 0
        public var byStatus: [String: Int] = [:]
        /// 429 by the rate limits.
        public var throttled = 0
        /// Other refusals that the contract asks for: what a correct client sees only by accident.
        public var refused = 0
        /// Answers that a fault rule touched, dropped lines among them.
        public var faulted = 0
        public var bytesIn: Int64 = 0
        public var bytesOut: Int64 = 0

        public init() {}
    }

    public var endpoints: [String: Line] = [:]
    public var mostOpenBodies = 0
    public var openBodies = 0
    public var connections = 0
    public var mostConnections = 0
    /// The last refusals with their code, newest last; no secrets in them.
    public var lastRefusals: [String] = []

    public init() {}

    public subscript(endpoint: String) -> Line { endpoints[endpoint] ?? Line() }
    public var throttled: Int { endpoints.values.reduce(0) { $0 + $1.throttled } }
    public var refused: Int { endpoints.values.reduce(0) { $0 + $1.refused } }

    mutating func count(_ endpoint: Endpoint, _ answer: Answer?, faulted: Bool, bytesIn: Int) {
        var line = endpoints[endpoint.rawValue] ?? Line()
        line.requests += 1
        line.bytesIn += Int64(bytesIn)
        if faulted { line.faulted += 1 }
        if let answer {
            line.byStatus[String(answer.status), default: 0] += 1
            if answer.isThrottle { line.throttled += 1 } else if answer.isRefusal { line.refused += 1 }
            if answer.isRefusal { note(endpoint, answer) }
        }
        endpoints[endpoint.rawValue] = line
    }

    mutating func sent(_ endpoint: Endpoint, bytes: Int64) {
        endpoints[endpoint.rawValue, default: Line()].bytesOut += bytes
    }

    mutating func received(_ endpoint: Endpoint, bytes: Int64) {
        endpoints[endpoint.rawValue, default: Line()].bytesIn += bytes
    }

    private mutating func note(_ endpoint: Endpoint, _ answer: Answer) {
        var code = ""
        switch answer.body {
        case .json(let json):
            for field in json.fields where field.key == "code" {
                if case .string(let text) = field.value { code = text }
            }
        case .text(let text, _): code = text.firstMatch(of: /<Code>(.*?)<\/Code>/).map { String($0.1) } ?? ""
        case .none, .content: break
        }
        lastRefusals.append("\(endpoint.rawValue) \(answer.status) \(code)")
        if lastRefusals.count > 50 { lastRefusals.removeFirst() }
    }
}
