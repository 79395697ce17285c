import NIOCore
import NIOHTTP1

/// The drive's API host, with the online renew service beside it.
struct APIService: Service {
    static let bodyLimit = 16 << 20

    let world: World
    let network: NetworkGate

    func serve(_ exchange: Exchange) async throws -> Bool {
        let bytes: [UInt8]
        do {
            bytes = try await exchange.collectBody(limit: Self.bodyLimit)
        } catch is Exchange.BodyTooLarge {
            try await exchange.reply(
                status: 413, headers: ["content-type": "text/plain"], body: Array("Payload Too Large".utf8))
            return false
        }
        try await network.pass(exchange)
        let call = makeCall(exchange.head, bytes)
        let first = try await world.run { state, now -> (fault: FaultAction?, wait: Int, answer: Answer?) in
            let fault = state.fault(for: call)
            let wait = state.switches.latencyMs + (fault?.delayMs ?? 0)
            // The ordinary case needs the state once.
            let answer = fault == nil && wait == 0 ? state.answer(call, fault: nil, now: now) : nil
            return (fault, wait, answer)
        }
        if let answer = first.answer {
            try await send(answer, fault: .none, over: exchange)
            return true
        }
        let fault = first.fault
        try await exchange.pause(milliseconds: first.wait)
        if fault?.drop == .before {
            try await world.run { state, _ in
                state.counters.count(call.endpoint, nil, faulted: true, bytesIn: bytes.count)
            }
            try await exchange.cut()
        }
        let answer = try await world.run { state, now in state.answer(call, fault: fault, now: now) }
        if fault?.drop == .after { try await exchange.cut() }
        try await send(answer, fault: fault ?? .none, over: exchange)
        return true
    }

    private func makeCall(_ head: HTTPRequestHead, _ body: [UInt8]) -> Call {
        let authorization = head.headers.first(name: "authorization")
        let bearer = authorization.flatMap { $0.hasPrefix("Bearer ") ? String($0.dropFirst(7)) : nil }
        return Call(
            endpoint: Endpoint.find(head.path)?.endpoint ?? .unknown, method: head.method.rawValue, path: head.path,
            query: head.query, headers: head.headers.map { ($0.name, $0.value) }, body: body, bearer: bearer,
            now: 0, setup: world.setup)
    }

    private func send(_ answer: Answer, fault: FaultAction, over exchange: Exchange) async throws {
        var headers = HTTPHeaders(answer.headers)
        headers.add(name: "date", value: Timestamp.http(world.time.now()))
        var body: [UInt8] = []
        switch answer.body {
        case .none: break
        case .json(let json):
            headers.add(name: "content-type", value: "application/json; charset=utf-8")
            body = json.encoded()
        case .text(let text, let type):
            headers.add(name: "content-type", value: type)
            body = Array(text.utf8)
        case .content: break
        }
        if fault.garbage == true { body = Array("{\"items\": [{\"file_id\": ".utf8) + [0xff, 0xfe] }
        if fault.noContent == true {
            try await exchange.writeHead(status: 204, headers: [:])
            return try await exchange.writeEnd()
        }
        let pump = BodyPump(exchange: exchange, fault: fault, bandwidth: 0)
        headers.replaceOrAdd(name: "content-length", value: String(body.count))
        try await pump.send(
            status: answer.status, headers: headers, content: .inlineUnhashed(body), from: 0, count: Int64(body.count),
            beforeLast: {})
    }
}

extension State {
    mutating func fault(for call: Call) -> FaultAction? {
        faults.next(call.endpoint) {
            ([call.path] + call.query.map { $0.name + "=" + $0.value }).joined(separator: "\n") + "\n"
                + String(decoding: call.body, as: UTF8.self)
        }
    }

    /// The whole of what happens to a request, faults of the line apart.
    mutating func answer(_ call: Call, fault: FaultAction?, now: Milliseconds) -> Answer {
        var call = call
        call.now = now
        let answer: Answer
        if let replacement = fault?.replacement(for: call.endpoint, requestID: requestID(), path: call.path, time: now)
        {
            answer = replacement
        } else {
            answer = route(call)
        }
        counters.count(call.endpoint, answer, faulted: fault != nil, bytesIn: call.body.count)
        return answer
    }

    private mutating func route(_ call: Call) -> Answer {
        guard let (endpoint, method) = Endpoint.find(call.path) else {
            return Spring.answer(404, path: call.path, time: call.now)
        }
        guard call.method == method else { return Spring.answer(405, path: call.path, time: call.now) }
        do {
            var call = call
            try checkHead(endpoint, call)
            call.grant = try checkBearer(endpoint, call)
            try checkRate(endpoint, app: call.grant?.app ?? "", now: call.now)
            return try dispatch(endpoint, call)
        } catch {
            var answer = error.answer(requestID: requestID(), nulls: switches.errorNulls)
            if call.path.hasPrefix("/oauth/"), case .json(var body) = answer.body {
                body.append("error", .string("\(error.code): \(error.message)"))
                answer.body = .json(body)
            }
            return answer
        }
    }

    private func checkHead(_ endpoint: Endpoint, _ call: Call) throws(APIError) {
        switch endpoint {
        case .renew, .renewPost, .renewRequests, .renewCallback, .qrImage: return
        default: break
        }
        if (call.header("user-agent") ?? "").isEmpty {
            throw APIError(switches.missingUserAgentStatus, "InternalError", "java.lang.NullPointerException")
        }
        guard !call.body.isEmpty else { return }
        let type = call.header("content-type")?.lowercased() ?? ""
        let isForm = endpoint == .accessToken && type.hasPrefix("application/x-www-form-urlencoded")
        guard type.hasPrefix("application/json") || isForm else {
            throw APIError(400, "BadRequest", "Content-Type is not supported")
        }
    }

    private func checkBearer(_ endpoint: Endpoint, _ call: Call) throws(APIError) -> TokenBook.Token? {
        guard endpoint.needsBearer else { return nil }
        guard let bearer = call.bearer else { throw .badToken }
        let grant = try tokens.check(bearer: bearer, now: call.now)
        if let scope = endpoint.scope, !grant.scopes.contains(scope) {
            throw APIError(403, "PermissionDenied", "the user has not granted \(scope)")
        }
        if frozen { throw APIError(403, "UserNotAllowedAccessResource", "user is not allowed to access the resource") }
        return grant
    }

    private mutating func checkRate(_ endpoint: Endpoint, app: String, now: Milliseconds) throws(APIError) {
        guard let rateClass = endpoint.rateClass(search: switches.searchRateClass),
            let wait = limiter.admit(rateClass, app: app, limits: switches.rateLimits, now: now)
        else { return }
        if let most = switches.freezeAfterThrottles, limiter.throttles(of: app) > most { frozen = true }
        var error: APIError
        switch switches.throttleCode {
        case .tooManyRequests: error = APIError(429, "TooManyRequests", "请求过快，请等待 \(wait) 毫秒后再请求")
        case .paramFlowException: error = APIError(429, "ParamFlowException", "127.0.0.1")
        }
        switch switches.retryAfter {
        case .milliseconds: error.headers = [("x-retry-after", String(wait))]
        case .missing: break
        case .junk: error.headers = [("x-retry-after", "soon")]
        case .seconds: error.headers = [("Retry-After", String((wait + 999) / 1000))]
        }
        throw error
    }
}
