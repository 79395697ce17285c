import Crypto

/// Signed addresses on the link host: for reading (contract 6.2) and for sending parts (contract 7.5).
///
/// Method, path and every parameter are signed, so nothing of a link can be changed.
struct SignedLink: Sendable {
    var url: String
    var expires: Milliseconds
}

enum LinkSigner {
    static func sign(
        method: String, base: String, path: String, parameters: [(String, String)], style: Switches.LinkStyle,
        issued: Milliseconds, lifeSeconds: Int, key: SymmetricKey
    ) -> SignedLink {
        let issuedSecond = issued / 1000
        let expires = issuedSecond + Int64(lifeSeconds)
        var query = parameters
        // The issue time rides in the token, as the account does with the service.
        query.append((style == .v1 ? "security-token" : "x-oss-security-token", "CAIS.\(issued)"))
        switch style {
        case .oss4:
            query.append(("x-oss-signature-version", "OSS4-HMAC-SHA256"))
            query.append(("x-oss-credential", "STS.emulator/20230601/cn-beijing/oss/aliyun_v4_request"))
            query.append(("x-oss-date", Timestamp.compact(issuedSecond * 1000)))
            query.append(("x-oss-expires", String(lifeSeconds)))
        case .oss2:
            query.append(("x-oss-signature-version", "OSS2"))
            query.append(("x-oss-access-key-id", "STS.emulator"))
            query.append(("x-oss-expires", String(expires)))
        case .plain:
            query.append(("x-oss-access-key-id", "STS.emulator"))
            query.append(("x-oss-expires", String(expires)))
        case .v1:
            query.append(("OSSAccessKeyId", "STS.emulator"))
            query.append(("Expires", String(expires)))
        }
        query.append((style == .v1 ? "Signature" : "x-oss-signature", mac(method, path, query, key)))
        let text = query.map { Form.escape($0.0) + "=" + Form.escape($0.1) }.joined(separator: "&")
        return SignedLink(url: base + path + "?" + text, expires: expires * 1000)
    }

    /// When the link was issued and when it ends; nil if it was not signed like this.
    static func check(
        method: String, path: String, query: [(name: String, value: String)], key: SymmetricKey
    ) -> (issued: Milliseconds, expires: Milliseconds)? {
        let signatures = ["x-oss-signature", "Signature"]
        guard let signature = query.first(where: { signatures.contains($0.name) })?.value else { return nil }
        let signed = query.filter { !signatures.contains($0.name) }.map { ($0.name, $0.value) }
        guard constantTimeEqual(mac(method, path, signed, key), signature) else { return nil }
        func value(_ name: String) -> String? { signed.first { $0.0 == name }?.1 }
        let token = value("x-oss-security-token") ?? value("security-token") ?? ""
        guard let issued = Int64(token.dropFirst(5)) else { return nil }
        if value("x-oss-signature-version")?.hasPrefix("OSS4") == true {
            guard let life = value("x-oss-expires").flatMap({ Int64($0) }) else { return nil }
            return (issued, (issued / 1000 + life) * 1000)
        }
        guard let end = (value("x-oss-expires") ?? value("Expires")).flatMap({ Int64($0) }) else { return nil }
        return (issued, end * 1000)
    }

    private static func mac(_ method: String, _ path: String, _ query: [(String, String)], _ key: SymmetricKey)
        -> String
    {
        let text = ([method, path] + query.map { $0.0 + "=" + $0.1 }).joined(separator: "\n")
        return Base64.encode(Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)))
    }

    private static func constantTimeEqual(_ a: String, _ b: String) -> Bool {
        let x = Array(a.utf8)
        let y = Array(b.utf8)
        return x.count == y.count && zip(x, y).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
