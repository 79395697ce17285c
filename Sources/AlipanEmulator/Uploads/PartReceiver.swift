import NIOCore
import NIOHTTP1

/// Takes one part from the wire to the upload's file, a piece at a time (contract 7.5).
struct PartReceiver {
    private static let batch = 1 << 20
    private static let superseded = OSSError(409, "OperationConflict", "Another request for this part has begun.")

    let world: World
    let exchange: Exchange
    let fault: FaultAction
    let bandwidth: Int

    private struct Opened: Sendable {
        var upload: String
        var number: Int
        var file: UploadFile
        var writer: Int
    }

    /// False if the connection has to end.
    func receive() async throws -> Bool {
        let head = exchange.head
        let fault = self.fault
        if fault != .none,
            let answer = try await world.run({ state, now in
                fault.replacement(for: .part, requestID: state.requestID(), path: head.path, time: now)
            })
        {
            return try await refuse(answer, faulted: true)
        }
        let opened: Opened
        switch try await world.run({ state, now in Self.open(head, &state, now: now) }) {
        case .success(let value): opened = value
        case .failure(let error):
            let answer = try await world.run { state, _ in error.answer(requestID: state.requestID(), host: "loopback")
            }
            return try await refuse(answer, faulted: false)
        }
        do {
            try await takeBody(opened)
        } catch is UploadFile.Superseded {
            let answer = try await world.run { state, _ in
                Self.superseded.answer(requestID: state.requestID(), host: "loopback")
            }
            return try await refuse(answer, faulted: false)
        }
        let answer = try await world.run { state, now in Self.store(opened, &state, now: now) }
        try await count(answer, faulted: fault != .none)
        if fault.drop == .after { try await exchange.cut() }
        try await send(answer)
        return true
    }

    private func takeBody(_ opened: Opened) async throws {
        var batch: [UInt8] = []
        batch.reserveCapacity(Self.batch)
        var received: Int64 = 0
        while let piece = try await exchange.nextBodyPiece() {
            batch.append(contentsOf: piece.readableBytesView)
            received += Int64(piece.readableBytes)
            if let mark = fault.resetAfter, received >= mark { try await exchange.cut() }
            if let mark = fault.stallAfter, received >= mark {
                try await exchange.pause(milliseconds: fault.stallMs ?? 3_600_000)
            }
            if batch.count >= Self.batch {
                try await append(batch, opened)
                batch.removeAll(keepingCapacity: true)
            }
            let rate = fault.drip ?? Int64(bandwidth)
            if rate > 0 { try await exchange.pause(milliseconds: Int(Int64(piece.readableBytes) * 1000 / rate)) }
        }
        if !batch.isEmpty { try await append(batch, opened) }
    }

    private func append(_ bytes: [UInt8], _ opened: Opened) async throws {
        try await world.pool.runIfActive {
            try bytes.withUnsafeBytes { try opened.file.append($0, writer: opened.writer) }
        }
    }

    private func count(_ answer: Answer, faulted: Bool) async throws {
        let length = exchange.head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        try await world.run { state, _ in state.counters.count(.part, answer, faulted: faulted, bytesIn: length) }
    }

    /// Says no after the peer has sent what it wants to send, so that it reads the answer and not a reset.
    private func refuse(_ answer: Answer, faulted: Bool) async throws -> Bool {
        try await count(answer, faulted: faulted)
        guard !exchange.awaitsContinue else {
            try await send(answer)
            return false
        }
        try await exchange.skipBody()
        try await send(answer)
        return true
    }

    private func send(_ answer: Answer) async throws {
        var headers = HTTPHeaders(answer.headers)
        headers.add(name: "server", value: "AliyunOSS")
        headers.add(name: "date", value: Timestamp.http(world.time.now()))
        var body: [UInt8] = []
        switch answer.body {
        case .text(let text, let type):
            headers.add(name: "content-type", value: type)
            body = Array(text.utf8)
        case .json(let json):
            headers.add(name: "content-type", value: "application/json")
            body = json.encoded()
        case .none, .content: break
        }
        try await exchange.reply(status: answer.status, headers: headers, body: body)
    }
}

extension PartReceiver {
    private static func open(_ head: HTTPRequestHead, _ state: inout State, now: Milliseconds) -> Result<
        Opened, OSSError
    > {
        do {
            return .success(try checked(head, &state, now: now))
        } catch {
            return .failure(error)
        }
    }

    private static func checked(
        _ head: HTTPRequestHead, _ state: inout State, now: Milliseconds
    ) throws(OSSError) -> Opened {
        guard head.headers.first(name: "content-type") == nil, !head.headers.breaksSignature,
            let signed = LinkSigner.check(method: "PUT", path: head.path, query: head.query, key: state.signing),
            case .part(let upload, let number)? = LinkPath(head.path)
        else { throw .signature }
        guard signed.expires > now, signed.issued > state.linksExpiredUntil else {
            throw .expired(at: signed.expires, now: now)
        }
        guard let length = head.headers.first(name: "content-length").flatMap({ Int64($0) }) else {
            throw OSSError(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
        }
        guard let session = state.uploads.find(upload, now: now) else { throw .noSuchUpload }
        try checkOrder(number, session)
        if length > state.switches.maxPartBytes {
            throw OSSError(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size.")
        }
        return Opened(upload: upload, number: number, file: session.data, writer: session.data.begin())
    }

    private static func checkOrder(_ number: Int, _ session: UploadBook.Session) throws(OSSError) {
        if number < session.expectedPart {
            throw OSSError(
                409, "PartAlreadyExist", "For sequential multipart upload, you can't overwrite uploaded parts.",
                ec: "0042-00000108")
        }
        if number > session.expectedPart {
            var error = OSSError(
                409, "PartNotSequential", "For sequential multipart upload, you must upload parts sequentially.",
                ec: "0042-00000109")
            error.details = [("PartNumber", String(session.expectedPart))]
            throw error
        }
    }

    /// Keeps the part if it is still the one that is wanted.
    private static func store(_ opened: Opened, _ state: inout State, now: Milliseconds) -> Answer {
        let requestID = state.requestID()
        guard let session = state.uploads.find(opened.upload, now: now) else {
            return OSSError.noSuchUpload.answer(requestID: requestID, host: "loopback")
        }
        do {
            try checkOrder(opened.number, session)
            let (size, etag) = try opened.file.commit(writer: opened.writer)
            state.uploads.store(.init(number: opened.number, size: size, etag: etag), in: opened.upload)
            return Answer(
                status: 200, headers: [("etag", etag), ("x-oss-request-id", requestID)], body: .none)
        } catch let error as OSSError {
            return error.answer(requestID: requestID, host: "loopback")
        } catch {
            return superseded.answer(requestID: requestID, host: "loopback")
        }
    }
}
