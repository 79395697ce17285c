import Foundation
import Testing

@testable import AlipanEmulator

/// An emulator with a clock that a test moves, no rate limits unless asked for, and a bearer.
struct Rig {
    let emulator: Emulator
    var token: String

    var drive: String { emulator.addresses.defaultDriveId }
    var api: String { emulator.addresses.apiUrl }

    /// Starts, runs and stops one.
    static func run(
        _ set: (inout Configuration) -> Void = { _ in }, _ body: (Rig) async throws -> Void
    ) async throws {
        var configuration = Configuration(time: .manual(), seed: 7)
        configuration.switches.rateLimits = .none
        configuration.switches.asyncMs = 0
        set(&configuration)
        let emulator = try await Emulator.start(configuration: configuration)
        do {
            try await body(Rig(emulator: emulator, token: emulator.issueTokens().access))
        } catch {
            try await emulator.stop()
            throw error
        }
        try await emulator.stop()
    }

    func change(_ body: (inout Switches) -> Void) { emulator.change(body) }
    func advance(seconds: Int) { emulator.time.advance(by: Int64(seconds) * 1000) }
    func fault(_ on: String, nth: Int? = 1, times: Int? = nil, _ set: (inout FaultAction) -> Void) throws {
        var action = FaultAction()
        set(&action)
        try emulator.addFaults([FaultRule(on: [on], nth: nth, times: times, act: action)])
    }

    /// A POST to the API as a correct client sends it.
    func post(
        _ path: String, _ fields: [String: Any], headers: [String: String] = [:], without: [String] = []
    ) async throws -> Reply {
        var all = [
            "authorization": "Bearer \(token)", "content-type": "application/json", "user-agent": "test/1",
        ]
        for (name, value) in headers { all[name] = value }
        for name in without { all[name] = nil }
        let body = try JSONSerialization.data(withJSONObject: fields)
        return try await fetch("POST", api + path, all, body: Array(body))
    }

    /// A call on files, in the default drive unless the fields name another.
    func file(_ name: String, _ fields: [String: Any]) async throws -> Reply {
        var fields = fields
        if fields["drive_id"] == nil { fields["drive_id"] = drive }
        return try await post("/adrive/v1.0/openFile/" + name, fields)
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Reply {
        var all = ["user-agent": "test/1"]
        for (name, value) in headers { all[name] = value }
        return try await fetch("GET", api + path, all)
    }

    func list(_ parent: String = "root", _ more: [String: Any] = [:]) async throws -> Reply {
        var fields: [String: Any] = ["parent_file_id": parent]
        for (key, value) in more { fields[key] = value }
        return try await file("list", fields)
    }

    func link(_ id: String, _ more: [String: Any] = [:]) async throws -> String {
        var fields: [String: Any] = ["file_id": id]
        for (key, value) in more { fields[key] = value }
        let reply = try await file("getDownloadUrl", fields)
        return try #require(try reply.string("url"))
    }
}

/// Byte i is i mod `modulus`.
func pattern(_ count: Int, modulus: Int = 251, from start: Int = 0) -> [UInt8] {
    (start..<(start + count)).map { UInt8($0 % modulus) }
}

func query(_ url: String) -> [String: String] {
    let items = URLComponents(string: url)?.queryItems ?? []
    return Dictionary(items.map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { first, _ in first })
}
