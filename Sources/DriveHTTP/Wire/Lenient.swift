import FoundationEssentials

/// A key of any name: the service adds keys at will, and we read only those we know.
struct WireKey: CodingKey, ExpressibleByStringLiteral {
    let stringValue: String
    let intValue: Int? = nil

    init(stringLiteral value: String) { stringValue = value }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
}

typealias WireObject = KeyedDecodingContainer<WireKey>

/// Contract 1: a missing key, a null and a value of the wrong type are all "absent". Each function tries the shapes
/// the field has been seen in; a shape that does not fit is an expected outcome here, not an error to report, which
/// is why `try?` is right in this folder, and where a token answer is tried on.
extension KeyedDecodingContainer where Key == WireKey {
    /// Text, or a number where the service was once seen to send ids as numbers.
    func text(_ keys: WireKey...) -> String? {
        for key in keys {
            if let text = try? decodeIfPresent(String.self, forKey: key) { return text }
            if let number = try? decodeIfPresent(Int64.self, forKey: key) { return String(number) }
        }
        return nil
    }

    /// Text that says something.
    func word(_ keys: WireKey...) -> String? {
        for key in keys {
            if let text = text(key), !text.isEmpty { return text }
        }
        return nil
    }

    /// A whole number, sent as a number (with or without a fraction of zero) or as text.
    func integer(_ key: WireKey) -> Int64? {
        if let number = try? decodeIfPresent(Int64.self, forKey: key) { return number }
        if let number = try? decodeIfPresent(Double.self, forKey: key) { return Int64(exactly: number.rounded()) }
        guard let text = try? decodeIfPresent(String.self, forKey: key) else { return nil }
        return Int64(text)
    }

    /// A truth value, sent as such or as 0 and 1.
    func flag(_ key: WireKey) -> Bool? {
        if let flag = try? decodeIfPresent(Bool.self, forKey: key) { return flag }
        return integer(key).map { $0 != 0 }
    }

    func object(_ key: WireKey) -> WireObject? {
        try? nestedContainer(keyedBy: WireKey.self, forKey: key)
    }

    func time(_ key: WireKey) -> WireTime? { word(key).flatMap(WireTime.init(iso8601:)) }
}

/// One element of a list that may be broken without breaking the list.
struct Lossy<Element: Decodable>: Decodable {
    let result: Result<Element, any Error>

    init(from decoder: any Decoder) {
        result = Result { try Element(from: decoder) }
    }
}
