import Basics
import Drive
import Logging

/// Makes a call of the API to its end: token, turn, request, verdict, and again where that helps, until there is an
/// answer, a final refusal, or the deadline (contract 1, 10 and 11). A call that changes something is repeated only
/// where it certainly was not carried out: no connection, a refused token, throttling. Anything else without an answer
/// ends it in `ChangeFailure.uncertain`.
struct APICaller: Sendable {
    /// No answer of the API is near this.
    static let longestAnswer = 16 * 1_024 * 1_024

    let apiURL: String
    let userAgent: String
    let timeout: Duration
    let requestTimeout: Duration
    let transport: any HTTPTransport
    let authenticator: Authenticator
    let gates: [RequestClass: RequestGate]
    let clock: ServerClock
    let faults: FaultLog
    let restriction = Restriction()
    let time: any TimeSource
    let random: @Sendable () -> Double

    /// What one call has behind it.
    private struct Effort {
        let deadline: Moment
        var policy = RetryPolicy()
        /// The last failure that tells more than that time ran out.
        var failure: DriveError?
        var hasNewToken = false
    }

    private enum Step {
        case answer(HTTPAnswer)
        case again
    }

    func value<Value: Decodable & Sendable>(
        _ call: APICall, as type: Value.Type, _ urgency: Urgency
    ) async throws(DriveError) -> Value {
        var effort = Effort(deadline: time.now() + timeout)
        while true {
            guard case .answer(let answer) = try await step(call, urgency, &effort) else { continue }
            do {
                // Success without data, where the call needs none (contract 1).
                let isBare = answer.body.isEmpty && call.needsNoData
                return try WireDecoding.decode(Value.self, from: isBare ? Array("{}".utf8) : answer.body)
            } catch {
                let words = (error as? WireFault)?.what ?? "the body is not what the contract says"
                try await fault(call, .malformedAnswer("\(call.path): \(words)"), &effort)
            }
        }
    }

    /// One try. Throws what ends the call; `.again` has done its waiting already.
    private func step(_ call: APICall, _ urgency: Urgency, _ effort: inout Effort) async throws(DriveError) -> Step {
        try restriction.check(urgency, now: time.now())
        guard let token = try await token(call, &effort), let answer = try await send(call, token, urgency, &effort)
        else {
            return .again
        }
        clock.observe(answer.fields)
        switch Verdict(answer, call.context, serverNow: clock.now()) {
        case .success:
            authenticator.accepted()
            restriction.lift()
            return .answer(answer)
        case .tokenRefused(let refusal):
            authenticator.refused(token)
            faults.note(call.path, "access token refused, \(refusal.words)")
            if effort.hasNewToken { throw .accessDenied(refusal) }
            effort.hasNewToken = true
        case .throttled(let refusal, let wait):
            let end = gates[call.kind]?.throttled(after: wait, jitter: random())
            let seconds = end.map { ($0 - time.now()).components.seconds } ?? 0
            faults.note(call.path, "throttled, \(refusal.words), the class \(call.kind.name) pauses \(seconds) s")
        case .passing(let refusal): try await fault(call, .serverFailure(refusal), &effort)
        case .final(let error): throw final(call, error, token)
        }
        return .again
    }

    /// What a final refusal means for the calls after this one.
    private func final(_ call: APICall, _ error: DriveError, _ token: String) -> DriveError {
        restriction.note(error, now: time.now())
        switch error {
        case .loginRequired(let words): authenticator.revoked(token, words)
        case .accountRestricted, .driveLocked, .misconfigured: break
        case .unreachable, .untrusted, .cancelled, .deadlinePassed, .accessDenied, .notFound, .inRecycleBin,
            .nameTaken, .wrongKind, .quotaExhausted, .tooLarge, .staleMarker, .rejected, .serverFailure,
            .malformedAnswer, .download, .change:
            return error
        }
        faults.note(call.path, error.words)
        return error
    }

    private func token(_ call: APICall, _ effort: inout Effort) async throws(DriveError) -> String? {
        do {
            return try await authenticator.token(until: effort.deadline)
        } catch {
            switch error {
            case .unreachable: try await unreachable(call, error, &effort)
            case .untrusted: throw untrusted(call, error)
            case .deadlinePassed: throw effort.failure ?? error
            default: throw error
            }
            return nil
        }
    }

    private func send(
        _ call: APICall, _ token: String, _ urgency: Urgency, _ effort: inout Effort
    ) async throws(DriveError) -> HTTPAnswer? {
        let body = try await body(of: call, token)
        let turn = try await turn(call, urgency, effort)
        let left = effort.deadline - time.now()
        guard left > .zero else {
            turn.failed()
            throw effort.failure ?? .deadlinePassed
        }
        var headers = [(name: "Authorization", value: "Bearer \(token)"), (name: "User-Agent", value: userAgent)]
        if body != nil { headers.append((name: "Content-Type", value: "application/json")) }
        let request = HTTPCall(
            method: call.method, url: apiURL + call.path, headers: headers, body: body,
            timeout: min(requestTimeout, left))
        do {
            let answer = try await transport.exchange(request, limit: Self.longestAnswer, onSent: turn.sent)
            turn.answered()
            return answer
        } catch {
            turn.failed()
            switch error {
            case .cancelled: throw .cancelled
            case .badAddress: throw .misconfigured("the address of the API is not a URL")
            case .tooLong:
                let error = DriveError.malformedAnswer("\(call.path): longer than \(Self.longestAnswer) bytes")
                throw call.effect == .changes ? uncertain(call, error) : error
            case .untrusted(let words): throw untrusted(call, .untrusted(words))
            case .unreachable(let words): try await unreachable(call, .unreachable(words), &effort)
            case .lost(let words): try await fault(call, .unreachable(words), &effort)
            }
            return nil
        }
    }

    private func body(of call: APICall, _ token: String) async throws(DriveError) -> [UInt8]? {
        switch call.body {
        case .none: nil
        case .fixed(let body): body
        case .forToken(let make): try await make(token)
        }
    }

    private func turn(
        _ call: APICall, _ urgency: Urgency, _ effort: Effort
    ) async throws(DriveError) -> RequestGate.Turn {
        guard let gate = gates[call.kind] else { throw .misconfigured("no limit for the class \(call.kind.name)") }
        do {
            return try await gate.turn(urgency, until: effort.deadline)
        } catch {
            switch error {
            case .cancelled: throw .cancelled
            case .deadlinePassed: throw effort.failure ?? .deadlinePassed
            }
        }
    }

    /// The server or the answer failed: waits before the next try, or ends the call with `error`.
    private func fault(_ call: APICall, _ error: DriveError, _ effort: inout Effort) async throws(DriveError) {
        if call.effect == .changes { throw uncertain(call, error) }
        try await pause(call, error, effort.policy.fault(jitter: random()), &effort)
    }

    /// A change that was sent and not answered.
    private func uncertain(_ call: APICall, _ error: DriveError) -> DriveError {
        faults.note(call.path, error.words)
        return .change(.uncertain(error.words))
    }

    /// Nothing was sent, and another try would meet the same certificate.
    private func untrusted(_ call: APICall, _ error: DriveError) -> DriveError {
        faults.note(call.path, error.words)
        return error
    }

    private func unreachable(_ call: APICall, _ error: DriveError, _ effort: inout Effort) async throws(DriveError) {
        try await pause(call, error, effort.policy.unreachable(jitter: random()), &effort)
    }

    private func pause(
        _ call: APICall, _ error: DriveError, _ wait: Duration?, _ effort: inout Effort
    ) async throws(DriveError) {
        faults.note(call.path, error.words)
        effort.failure = error
        guard let wait, time.now() + wait < effort.deadline else { throw error }
        do {
            try await time.sleep(for: wait)
        } catch {
            throw .cancelled
        }
    }
}
