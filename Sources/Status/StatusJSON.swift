import Foundation

/// The wire form of the report: compact JSON, keys in snake case, in a fixed order.
extension StatusReport {
    /// More than any report takes; a reader need not take more.
    public static let longestJSON = 1 << 20

    public func json() throws -> [UInt8] { try Array(Self.encoder().encode(self)) }

    public init(json: [UInt8]) throws {
        self = try Self.decoder().decode(StatusReport.self, from: Data(json))
    }

    /// The decoder of everything that a mount answers.
    public static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    /// The encoder of everything that `--json` prints.
    public static func encoder(pretty: Bool = false) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return encoder
    }
}
