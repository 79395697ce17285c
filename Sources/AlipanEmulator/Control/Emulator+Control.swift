/// Clock, network, tokens, switches and faults in a test's hands.
extension Emulator {
    public var time: EmulatorTime { world.time }

    public var counters: Counters {
        var counters = world.with { state, _ in
            var counters = state.counters
            counters.mostOpenBodies = state.slots.mostOpen
            counters.openBodies = state.slots.openCount
            return counters
        }
        let (x, y) = (api.connectionCounts, links.connectionCounts)
        counters.connections = x.accepted + y.accepted
        counters.mostConnections = x.most + y.most
        return counters
    }

    public func resetCounters() {
        world.with { state, _ in
            state.counters = Counters()
            state.slots.resetPeak()
        }
    }

    /// Forgets what the rate limits have seen.
    public func resetLimits() {
        world.with { state, _ in
            state.limiter.reset()
            state.frozen = false
        }
    }

    public var switches: Switches { world.with { state, _ in state.switches } }

    public func change(_ body: (inout Switches) -> Void) {
        world.with { state, _ in body(&state.switches) }
    }

    public func addFaults(_ rules: [FaultRule]) throws(ControlError) {
        for rule in rules { if let complaint = rule.complaint { throw ControlError(complaint) } }
        world.with { state, _ in state.faults.add(rules) }
    }

    public func clearFaults() { world.with { state, _ in state.faults.clear() } }

    /// How often each rule was asked and how often it struck, in the order they were added.
    public var faultReport: [(rule: FaultRule, seen: Int, fired: Int)] {
        world.with { state, _ in state.faults.report }
    }

    /// Access tokens so far answer AccessTokenExpired.
    public func expireAccessTokens() { world.with { state, now in state.tokens.expireAll(.access, now: now) } }
    public func expireRefreshTokens() { world.with { state, now in state.tokens.expireAll(.refresh, now: now) } }

    /// Links and upload addresses so far answer "Request has expired."
    public func expireLinks() { world.with { state, now in state.linksExpiredUntil = now } }

    /// A fresh access token without a login, and the refresh token beside it.
    public func issueTokens() -> (access: String, refresh: String) {
        world.with { state, now in
            let configuration = world.configuration
            func issue(_ kind: TokenBook.Token.Kind, _ life: Int) -> String {
                state.tokens.issue(
                    kind, app: configuration.clientID, sub: configuration.userID, drives: configuration.drives,
                    scopes: State.allScopes, now: now, lifeSeconds: life)
            }
            return (issue(.access, state.switches.accessTokenLifeS), issue(.refresh, state.switches.refreshTokenLifeS))
        }
    }

    /// Moves a QR login to a state, as the person with the phone does.
    public func setLogin(_ sid: String, _ status: String) throws(ControlError) {
        guard let status = LoginBook.Status(rawValue: status) else { throw ControlError("no such state: \(status)") }
        let known = world.with { state, _ in
            state.logins.set(sid, status)
            return state.logins.knows(sid)
        }
        if !known { throw ControlError("no such login") }
    }

    public enum Network: String, Codable, Sendable {
        case up
        /// Connections are refused, those that are open are reset.
        case refused
        /// Connections are accepted and nothing ever comes.
        case hanging
    }

    /// Takes API and link host off the network or brings them back, on the same ports.
    public func setNetwork(_ network: Network) async throws {
        switch network {
        case .refused:
            try await api.vanish()
            try await links.vanish()
            gate.isHanging = false
        case .hanging:
            gate.isHanging = true
            for listener in [api, links] where !listener.isOpen { try await listener.comeBack() }
        case .up:
            if gate.isHanging {
                // Twice, so that neither those that hang nor those that come meanwhile are let through.
                for listener in [api, links] { listener.cutConnections() }
                gate.isHanging = false
                for listener in [api, links] { listener.cutConnections() }
            }
            for listener in [api, links] where !listener.isOpen { try await listener.comeBack() }
        }
    }

    /// Cuts every open connection once.
    public func cutConnections() { for listener in [api, links] { listener.cutConnections() } }
}
