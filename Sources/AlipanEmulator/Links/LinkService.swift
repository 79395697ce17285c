import NIOCore
import NIOHTTP1

/// The object store behind the links: GET of objects, PUT of parts, everything else is wrongly signed.
struct LinkService: Service {
    let world: World
    let network: NetworkGate

    func serve(_ exchange: Exchange) async throws -> Bool {
        try await network.pass(exchange)
        let head = exchange.head
        let endpoint: Endpoint = head.method == .PUT ? .part : .link
        let (fault, bandwidth) = try await world.run { state, _ in
            (state.faults.next(endpoint) { head.uri + "\n" + head.headers.description }, state.switches.bandwidth)
        }
        if let wait = fault?.delayMs { try await exchange.pause(milliseconds: wait) }
        if fault?.drop == .before {
            try await world.run { state, _ in state.counters.count(endpoint, nil, faulted: true, bytesIn: 0) }
            try await exchange.cut()
        }
        if head.method == .PUT {
            return try await PartReceiver(world: world, exchange: exchange, fault: fault ?? .none, bandwidth: bandwidth)
                .receive()
        }
        try await exchange.skipBodyOfRead()
        return try await serveObject(exchange, fault: fault, bandwidth: bandwidth)
    }

    private func serveObject(_ exchange: Exchange, fault: FaultAction?, bandwidth: Int) async throws -> Bool {
        let head = exchange.head
        let opened = try await world.run { state, now in
            state.openObject(head, fault: fault, now: now, host: "loopback")
        }
        let world = self.world
        guard let ticket = opened.ticket else {
            try await send(opened.answer, fault: fault, bandwidth: bandwidth, over: exchange) {}
            return true
        }
        // Whichever comes first frees the slot: the last byte, a failure, or the peer's leaving.
        let watch = exchange.closeWatch.add {
            world.pool.submit { _ in world.with { state, now in state.closeObject(ticket, now: now) } }
        }
        defer { exchange.closeWatch.remove(watch) }
        do {
            try await send(opened.answer, fault: fault, bandwidth: bandwidth, over: exchange) {
                try await world.run { state, now in state.closeObject(ticket, now: now) }
            }
        } catch {
            try await world.run { state, now in state.closeObject(ticket, now: now) }
            throw error
        }
        return true
    }

    private func send(
        _ answer: Answer, fault: FaultAction?, bandwidth: Int, over exchange: Exchange,
        beforeLast: () async throws -> Void
    ) async throws {
        var headers = HTTPHeaders(answer.headers)
        headers.add(name: "server", value: "AliyunOSS")
        headers.add(name: "date", value: Timestamp.http(world.time.now()))
        var content = Content.inlineUnhashed([])
        var range: (from: Int64, count: Int64) = (0, 0)
        switch answer.body {
        case .none: break
        case .text(let text, let type):
            headers.add(name: "content-type", value: type)
            content = .inlineUnhashed(Array(text.utf8))
            range.count = content.size
        case .json(let json):
            headers.add(name: "content-type", value: "application/json")
            content = .inlineUnhashed(json.encoded())
            range.count = content.size
        case .content(let object, let from, let count):
            headers.add(name: "content-type", value: "application/octet-stream")
            content = object
            range = (from, count)
        }
        if exchange.head.method == .HEAD { range.count = 0 }
        headers.replaceOrAdd(name: "content-length", value: String(range.count))
        let pump = BodyPump(exchange: exchange, fault: fault ?? .none, bandwidth: bandwidth)
        try await pump.send(
            status: answer.status, headers: headers, content: content, from: range.from, count: range.count,
            beforeLast: beforeLast)
    }
}

extension Exchange {
    /// A body on a GET is allowed and means nothing.
    func skipBodyOfRead() async throws { while try await nextBodyPiece() != nil {} }
}

extension State {
    /// Checks the link and takes a slot; the ticket is nil if the answer has no object in it.
    mutating func openObject(
        _ head: HTTPRequestHead, fault: FaultAction?, now: Milliseconds, host: String
    ) -> (answer: Answer, ticket: Int?) {
        var answer: Answer
        var ticket: Int?
        if let replacement = fault?.replacement(for: .link, requestID: requestID(), path: head.path, time: now) {
            answer = replacement
        } else {
            do throws(OSSError) {
                let (content, stored) = try checkObject(head, now: now)
                answer = objectAnswer(content, stored: stored, head, fault: fault)
                if case .content = answer.body {
                    guard let slot = slots.enter(most: switches.streams, now: now) else { throw OSSError.concurrency }
                    ticket = slot
                }
            } catch {
                answer = error.answer(requestID: requestID(), host: host)
            }
        }
        counters.count(.link, answer, faulted: fault != nil, bytesIn: 0)
        if case .content(_, _, let count) = answer.body { counters.sent(.link, bytes: count) }
        return (answer, ticket)
    }

    mutating func closeObject(_ ticket: Int, now: Milliseconds) {
        slots.leave(ticket, lingerUntil: now + Milliseconds(switches.slotLingerMs), now: now)
    }

    private func checkObject(
        _ head: HTTPRequestHead, now: Milliseconds
    ) throws(OSSError) -> (content: Content, stored: Milliseconds) {
        guard head.method == .GET, !head.headers.breaksSignature else { throw .signature }
        guard let signed = LinkSigner.check(method: "GET", path: head.path, query: head.query, key: signing),
            case .object(let id, let stream)? = LinkPath(head.path)
        else { throw .signature }
        guard signed.expires > now, signed.issued > linksExpiredUntil else {
            throw .expired(at: min(signed.expires, max(linksExpiredUntil, signed.issued)), now: now)
        }
        try checkReferer(head)
        guard let item = tree[id] else { throw .noSuchKey }
        let content =
            stream.map { name in item.more.streams.first { $0.fileExtension == name }?.content } ?? item.content
        guard let content else { throw .noSuchKey }
        return (content, item.created)
    }

    private func checkReferer(_ head: HTTPRequestHead) throws(OSSError) {
        guard head.query.contains(where: { $0.name == "x-oss-additional-headers" && $0.value == "referer" }) else {
            return
        }
        guard let referer = head.headers.first(name: "referer") else {
            throw OSSError(400, "InvalidArgument", "The additional header referer is missing.", ec: "0002-00000213")
        }
        guard referer == "https://www.aliyundrive.com/" else { throw .signature }
    }

    private mutating func objectAnswer(
        _ content: Content, stored: Milliseconds, _ head: HTTPRequestHead, fault: FaultAction?
    ) -> Answer {
        let etag = (content.hash?.text ?? "0000000000000000000000000000000000000000").prefix(32)
        var headers = [
            ("x-oss-request-id", requestID()), ("accept-ranges", "bytes"), ("etag", "\"\(etag)-1\""),
            ("last-modified", Timestamp.http(stored)), ("x-oss-object-type", "Multipart"),
        ]
        let asked = fault?.wholeForRange == true ? nil : head.headers.first(name: "range")
        switch RangeAnswer(header: asked, size: content.size, strict416: switches.rangeErrors416) {
        case .whole:
            return Answer(
                status: 200, headers: headers, body: .content(content, from: 0, count: content.size))
        case .part(let from, let through):
            let shift: Int64 = fault?.wrongContentRange == true ? 1 : 0
            headers.append(("content-range", "bytes \(from + shift)-\(through + shift)/\(content.size)"))
            return Answer(
                status: 206, headers: headers, body: .content(content, from: from, count: through - from + 1))
        case .unsatisfiable:
            return OSSError(416, "InvalidRange", "The requested range cannot be satisfied.", ec: "0016-00000210")
                .answer(requestID: requestID(), host: "loopback")
        }
    }
}

extension HTTPHeaders {
    /// Headers that join the string to sign, or that bring a second authorization (contract 6.2).
    var breaksSignature: Bool {
        contains { $0.name.lowercased() == "authorization" || $0.name.lowercased().hasPrefix("x-oss-") }
    }
}
