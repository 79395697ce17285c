import FoundationEssentials

/// One command of the control API, by the last part of its path.
struct ControlCommand: Sendable {
    var name: String
    /// POST; GET only shows.
    var changes: Bool
    var query: [(name: String, value: String)]
    var body: Data

    private struct TreeFields: Decodable {
        var drive: String?
        var path: String?
        var to: String?
        var content: FileSpec?
        var parts: [String: FileSpec]?
        var count: Int?
        var prefix: String?
        var duplicate: Bool?
        var localModifiedAt: String?
        var punishFlag: Int?
        var shownSize: Int64?
    }

    private struct OtherFields: Decodable {
        var advanceMs: Int64?
        var scale: Double?
        var network: Emulator.Network?
        var sid: String?
        var status: String?
        var kind: String?
    }

    private static let done = Data(#"{"ok":true}"#.utf8)

    func run(on emulator: Emulator) async throws -> Data {
        if name == "network" {
            let fields = try decode(OtherFields.self)
            guard let network = fields.network else { throw ControlError("network is up, refused or hanging") }
            try await emulator.setNetwork(network)
            return Self.done
        }
        // Commands may touch files and hold the lock for long.
        return try await emulator.world.pool.runIfActive {
            if name.hasPrefix("tree/") { return try changeTree(emulator) }
            return try runPlain(on: emulator)
        }
    }

    private func decode<Fields: Decodable>(_ type: Fields.Type) throws(ControlError) -> Fields {
        try Coding.decode(type, from: body.isEmpty ? Data("{}".utf8) : body)
    }

    private func runPlain(on emulator: Emulator) throws(ControlError) -> Data {
        switch (name, changes) {
        case ("info", false): return Data(emulator.addresses.json.utf8)
        case ("counters", false): return try Coding.encode(emulator.counters)
        case ("counters/reset", true): emulator.resetCounters()
        case ("limits/reset", true): emulator.resetLimits()
        case ("switches", false): return try emulator.switches.json()
        case ("switches", true):
            let changed = try emulator.switches.changed(by: body)
            emulator.change { $0 = changed }
            return try changed.json()
        case ("faults", true): try emulator.addFaults(FaultRule.list(json: body))
        case ("faults", false): return try faultReport(emulator)
        case ("faults/clear", true): emulator.clearFaults()
        case ("time", true):
            let fields = try decode(OtherFields.self)
            if let scale = fields.scale { emulator.time.setScale(scale) }
            if let advance = fields.advanceMs { emulator.time.advance(by: advance) }
        case ("time", false):
            return Data((["now_ms": .int(emulator.time.now())] as JSON).encoded())
        case ("tokens/expire", true):
            let kind = try decode(OtherFields.self).kind ?? "access"
            if kind == "refresh" { emulator.expireRefreshTokens() } else { emulator.expireAccessTokens() }
        case ("tokens", true):
            let pair = emulator.issueTokens()
            return Data(
                (["access_token": .string(pair.access), "refresh_token": .string(pair.refresh)] as JSON).encoded())
        case ("links/expire", true): emulator.expireLinks()
        case ("connections/cut", true): emulator.cutConnections()
        case ("login", true):
            let fields = try decode(OtherFields.self)
            try emulator.setLogin(fields.sid ?? "", fields.status ?? "")
        case ("tree", false):
            return try Coding.encode(emulator.tree(drive: query.first { $0.name == "drive" }?.value))
        default: throw ControlError("no such command: \(name)")
        }
        return Self.done
    }

    private func faultReport(_ emulator: Emulator) throws(ControlError) -> Data {
        struct Line: Encodable {
            var rule: FaultRule
            var seen: Int
            var fired: Int
        }
        return try Coding.encode(emulator.faultReport.map { Line(rule: $0.rule, seen: $0.seen, fired: $0.fired) })
    }

    private func changeTree(_ emulator: Emulator) throws(ControlError) -> Data {
        guard changes else { throw ControlError("changes are made by POST") }
        let fields = try decode(TreeFields.self)
        guard let path = fields.path else { throw ControlError("path is missing") }
        let drive = fields.drive
        var id = ""
        switch name.dropFirst("tree/".count) {
        case "put":
            id = try emulator.put(
                path, fields.content ?? FileSpec(), localModifiedAt: fields.localModifiedAt,
                duplicate: fields.duplicate ?? false, drive: drive)
        case "mkdir": id = try emulator.mkdir(path, duplicate: fields.duplicate ?? false, drive: drive)
        case "live":
            let parts = (fields.parts ?? [:]).sorted { $0.key < $1.key }.map { (fileExtension: $0.key, spec: $0.value) }
            id = try emulator.putLivePhoto(path, parts: parts, drive: drive)
        case "many":
            try emulator.putMany(path, count: fields.count ?? 0, prefix: fields.prefix ?? "file-", drive: drive)
        case "move":
            guard let to = fields.to else { throw ControlError("to is missing") }
            try emulator.move(path, to: to, drive: drive)
        case "trash": try emulator.trash(path, drive: drive)
        case "delete": try emulator.delete(path, drive: drive)
        case "mark":
            try emulator.mark(path, punishFlag: fields.punishFlag, shownSize: fields.shownSize, drive: drive)
        default: throw ControlError("no such command: \(name)")
        }
        return Data((["ok": true, "file_id": .string(id)] as JSON).encoded())
    }
}
