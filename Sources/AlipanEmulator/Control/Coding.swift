import FoundationEssentials

/// The JSON of files and of the control API: keys in snake case.
enum Coding {
    static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws(ControlError) -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(type, from: data)
        } catch {
            throw ControlError("the JSON cannot be read: \(error)")
        }
    }

    static func encode(_ value: some Encodable) throws(ControlError) -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return try encoder.encode(value)
        } catch {
            throw ControlError("the answer cannot be written: \(error)")
        }
    }
}

/// Any JSON, for laying one object over another.
private enum Loose: Codable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([Loose])
    case object([String: Loose])

    init(from decoder: any Decoder) throws {
        // Which kind it is can only be found out by trying.
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let int = try? value.decode(Int64.self) {
            self = .int(int)
        } else if let double = try? value.decode(Double.self) {
            self = .double(double)
        } else if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let array = try? value.decode([Loose].self) {
            self = .array(array)
        } else {
            self = .object(try value.decode([String: Loose].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// Lays `other` over this; a key that is not here already and not in `free` is an error.
    func laid(under other: Loose, free: Set<String>) throws(ControlError) -> Loose {
        guard case .object(var mine) = self, case .object(let theirs) = other else { return other }
        for (key, value) in theirs {
            guard mine[key] != nil || free.contains(key) else { throw ControlError("no switch is called \(key)") }
            mine[key] = try mine[key]?.laid(under: value, free: free) ?? value
        }
        return .object(mine)
    }
}

extension Switches {
    /// The defaults with what the JSON object sets; a key that is no switch is an error.
    public init(json: Data) throws(ControlError) { self = try Switches().changed(by: json) }

    /// These switches with what the JSON object sets.
    public func changed(by json: Data) throws(ControlError) -> Switches {
        let decoder = JSONDecoder()
        do {
            let mine = try decoder.decode(Loose.self, from: Coding.encode(self))
            let theirs = try decoder.decode(Loose.self, from: json)
            guard case .object = theirs else { throw ControlError("switches come as a JSON object") }
            // Switches that are off by being absent.
            let merged = try mine.laid(under: theirs, free: ["old_token_grace_s", "freeze_after_throttles"])
            return try Coding.decode(Switches.self, from: JSONEncoder().encode(merged))
        } catch let error as ControlError {
            throw error
        } catch {
            throw ControlError("the switches cannot be read: \(error)")
        }
    }

    public func json() throws(ControlError) -> Data { try Coding.encode(self) }
}

extension FaultRule {
    /// An array of rules, or one rule.
    public static func list(json: Data) throws(ControlError) -> [FaultRule] {
        let isArray = json.first { ![9, 10, 13, 32].contains($0) } == UInt8(ascii: "[")
        let rules =
            isArray ? try Coding.decode([FaultRule].self, from: json) : [try Coding.decode(FaultRule.self, from: json)]
        for rule in rules { if let complaint = rule.complaint { throw ControlError(complaint) } }
        return rules
    }
}
