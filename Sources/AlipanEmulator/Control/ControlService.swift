import FoundationEssentials
import NIOHTTP1
import Synchronization

/// The control API: the emulator's own functions as JSON over HTTP, on a port of its own.
final class ControlService: Service {
    /// Weak, because the emulator holds the listener that holds this.
    private struct Reference { weak var emulator: Emulator? }

    private let reference = Mutex(Reference())

    func attach(_ emulator: Emulator) { reference.withLock { $0.emulator = emulator } }

    func serve(_ exchange: Exchange) async throws -> Bool {
        let body = try await exchange.collectBody(limit: 64 << 20)
        let path = exchange.head.path
        var status = 200
        var answer: Data
        do {
            guard let emulator = reference.withLock({ $0.emulator }) else { throw ControlError("not ready") }
            guard path.hasPrefix("/_control/") else { throw ControlError("paths begin with /_control/") }
            let command = ControlCommand(
                name: String(path.dropFirst("/_control/".count)), changes: exchange.head.method == .POST,
                query: exchange.head.query, body: Data(body))
            answer = try await command.run(on: emulator)
        } catch {
            status = 400
            answer = Data((["error": .string(String(describing: error))] as JSON).encoded())
        }
        try await exchange.reply(status: status, headers: ["content-type": "application/json"], body: Array(answer))
        return true
    }
}
