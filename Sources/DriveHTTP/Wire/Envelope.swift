import FoundationEssentials

/// The keys of a failure that matter, in every shape they come in.
struct Envelope: Decodable {
    var code = ""
    var message = ""
    /// `{timestamp, status, error, path}`: the path itself is unknown to the gateway.
    var isUnknownPath = false

    init() {}

    /// An answer that is no object has no code: that is an outcome, not an error.
    init(from decoder: any Decoder) {
        guard let object = try? decoder.container(keyedBy: WireKey.self) else { return }
        code = object.word("code", "resultCode") ?? ""
        message = object.word("message", "display_message") ?? ""
        guard code.isEmpty else { return }
        isUnknownPath = object.word("timestamp") != nil && object.word("path") != nil && object.integer("status") != nil
        if message.isEmpty { message = object.word("error", "text") ?? "" }
    }

    /// Whatever can be read out of a body; an empty envelope where nothing can.
    static func read(_ body: [UInt8]) -> Envelope {
        (try? JSONDecoder().decode(Envelope.self, from: Data(body))) ?? Envelope()
    }
}

/// Why a 200 could not be used.
struct WireFault: Error {
    let what: String
}

enum WireDecoding {
    /// Decodes a body. Bytes that are no UTF-8 are replaced first, so that one bad name does not hide a file.
    static func decode<Value: Decodable>(_ type: Value.Type, from body: [UInt8]) throws -> Value {
        let isText = String(validating: body, as: UTF8.self) != nil
        let data = isText ? Data(body) : Data(String(decoding: body, as: UTF8.self).utf8)
        return try JSONDecoder().decode(type, from: data)
    }
}
