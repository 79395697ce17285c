import FoundationEssentials

/// Which hosts a link may point to: a forged or broken answer must not send this machine anywhere else.
struct LinkHosts: Sendable {
    /// Where the drive keeps its objects (contract 6.2).
    static let known = ["aliyundrive.net", "alicloudccp.com", "aliyuncs.com", "aliyundrive.com", "alipan.com"]

    private let configured: [String]
    private let allowsLoopback: Bool
    private let allowsInternal: Bool

    /// `usesInternal`: the store's address inside its own data centre is reached without TLS (contract 7.6).
    init(configured: [String], apiURL: String, usesInternal: Bool = false) {
        allowsInternal = usesInternal
        self.configured = configured.map { Self.bare($0) }.filter { !$0.isEmpty }
        allowsLoopback = URL(string: apiURL)?.host.map { Self.isLoopback(Self.bare($0)) } ?? false
    }

    /// Why the link must not be followed; `nil`: it may. Never more of it than its host.
    func objection(to link: String) -> String? {
        guard let url = URL(string: link), let host = url.host.map({ Self.bare($0) }), !host.isEmpty,
            let scheme = url.scheme?.lowercased(), url.user == nil
        else { return "not an address" }
        if scheme != "https" && scheme != "http" { return "\(Redaction.clean(scheme))://" }
        if allowsLoopback, Self.isLoopback(host) { return nil }
        if configured.contains(where: { Self.matches(host, $0) }) { return nil }
        if allowsInternal, host.hasSuffix("-internal.aliyuncs.com") { return nil }
        guard Self.known.contains(where: { Self.matches(host, $0) }) else { return Redaction.clean(host) }
        return scheme == "https" ? nil : "http to \(Redaction.clean(host))"
    }

    private static func matches(_ host: String, _ suffix: String) -> Bool {
        host == suffix || host.hasSuffix("." + suffix)
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Lower case, without the brackets of IPv6 and dots at the ends.
    private static func bare(_ host: String) -> String {
        var bare = Substring(host.lowercased())
        while let first = bare.first, "[.*".contains(first) { bare.removeFirst() }
        while let last = bare.last, "].".contains(last) { bare.removeLast() }
        return String(bare)
    }
}
