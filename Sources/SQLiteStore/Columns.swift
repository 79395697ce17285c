import Basics
import Foundation

extension UnixTime {
    /// Twelve bytes, big-endian: seconds, nanoseconds.
    var column: Data {
        var data = Data(capacity: 12)
        withUnsafeBytes(of: seconds.bigEndian) { data.append(contentsOf: $0) }
        withUnsafeBytes(of: nanoseconds.bigEndian) { data.append(contentsOf: $0) }
        return data
    }

    init?(column: Data) {
        guard column.count == 12 else { return nil }
        let bytes = Array(column)
        let seconds = bytes[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let nanoseconds = bytes[8..<12].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        self.init(seconds: Int64(bitPattern: seconds), nanoseconds: Int32(bitPattern: nanoseconds))
    }
}

/// Values kept as JSON in one column.
enum JSONColumn {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<Value: Decodable>(_ text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }
}
