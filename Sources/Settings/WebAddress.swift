import Foundation

/// Checks of addresses that requests with tokens go to.
enum WebAddress {
    /// The address without a slash at its end; nil when it is none, or plain http to another machine.
    static func checked(_ text: String) -> String? {
        guard text.utf8.count <= 2_000, text.utf8.allSatisfy({ 0x21...0x7e ~= $0 }),
            let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            let host = parts.host, !host.isEmpty, parts.user == nil, parts.password == nil,
            parts.query == nil, parts.fragment == nil
        else { return nil }
        guard scheme == "https" || scheme == "http" && isLoopback(host) else { return nil }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    static func isLoopback(_ host: String) -> Bool {
        let bare = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        let octets = bare.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return bare == "localhost" || bare == "::1" || octets.count == 4 && octets[0] == 127 && !octets.contains(nil)
    }

    /// A host suffix in lower case without a leading dot; nil when it is none.
    static func checkedHost(_ text: String) -> String? {
        let host = (text.hasPrefix(".") ? String(text.dropFirst()) : text).lowercased()
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let good = labels.allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63
                && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
        }
        return good && host.utf8.count <= 253 ? host : nil
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }
}
