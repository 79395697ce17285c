/// The rules in force. Decides; whoever asked carries it out.
struct FaultBook: Sendable {
    private struct Entry: Sendable {
        var rule: FaultRule
        var seen = 0
        var fired = 0
    }

    private var entries: [Entry] = []
    private var random: Scrambler

    init(rules: [FaultRule], seed: UInt64) {
        entries = rules.map { Entry(rule: $0) }
        random = Scrambler(seed: seed ^ 0xfa17)
    }

    mutating func add(_ rules: [FaultRule]) { entries += rules.map { Entry(rule: $0) } }
    mutating func clear() { entries = [] }

    /// Every rule with how often it was asked and how often it struck.
    var report: [(rule: FaultRule, seen: Int, fired: Int)] { entries.map { ($0.rule, $0.seen, $0.fired) } }

    /// The first rule that strikes. `text` gives what `containing` looks into.
    mutating func next(_ endpoint: Endpoint, text: () -> String) -> FaultAction? {
        var struck: FaultAction?
        var haystack: String?
        for index in entries.indices {
            let rule = entries[index].rule
            guard rule.on.isEmpty || rule.on.contains("*") || rule.on.contains(endpoint.rawValue) else { continue }
            if let needle = rule.containing {
                let hay = haystack ?? text()
                haystack = hay
                guard hay.contains(needle) else { continue }
            }
            entries[index].seen += 1
            if struck == nil, strikes(index) {
                entries[index].fired += 1
                struck = rule.act
            }
        }
        return struck
    }

    private mutating func strikes(_ index: Int) -> Bool {
        let entry = entries[index]
        let rule = entry.rule
        let most = rule.times ?? (rule.nth != nil ? 1 : Int.max)
        if entry.fired >= most { return false }
        // With nth and times: from the nth on, that many times.
        if let nth = rule.nth, entry.seen < nth { return false }
        if let every = rule.every, !entry.seen.isMultiple(of: every) { return false }
        if let probability = rule.probability, Double.random(in: 0..<1, using: &random) >= probability { return false }
        return true
    }
}

extension FaultAction {
    /// The answer that replaces the real one, if the action has one.
    func replacement(for endpoint: Endpoint, requestID: String, path: String, time: Milliseconds) -> Answer? {
        guard status != nil || raw != nil || body != nil else { return nil }
        var answer = Answer(status: status ?? 500, body: .none)
        answer.headers = (headers ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let code = self.code ?? (answer.status == 429 ? "TooManyRequests" : "InternalError")
        let message = self.message ?? "The request has been failed due to some unknown error."
        if let raw {
            answer.body = .text(raw, type: contentType ?? "application/json")
            return answer
        }
        // Each host speaks its own language.
        switch body ?? (endpoint == .link || endpoint == .part ? .xml : .json) {
        case .json: answer.body = .json(APIError.body(code: code, message: message, requestID: requestID, nulls: false))
        case .nulls: answer.body = .json(APIError.body(code: code, message: message, requestID: requestID, nulls: true))
        case .text: answer.body = .text(self.message ?? "Bad Gateway", type: "text/plain")
        case .empty: answer.body = .none
        case .html:
            answer.body = .text(
                "<html><head><title>\(answer.status)</title></head><body></body></html>", type: "text/html")
        case .spring:
            var page = Spring.answer(answer.status, path: path, time: time)
            page.headers = answer.headers
            page.isRefusal = false
            return page
        case .xml:
            let error = OSSError(answer.status, code, message)
            return Answer(
                status: answer.status, headers: answer.headers,
                body: error.answer(requestID: requestID, host: "loopback").body)
        case .caHeaders: answer.headers += [("x-ca-error-code", code), ("x-ca-error-message", message)]
        case .renewText: answer.body = .json(["text": .string(message)])
        case .renewEmpty: answer.body = .json([:])
        case .renewTextObject: answer.body = .json(["text": [:]])
        case .renewEmptyToken:
            answer.status = status ?? 200
            answer.body = .json(["refresh_token": "", "access_token": "", "text": .string(message)])
        }
        return answer
    }
}
