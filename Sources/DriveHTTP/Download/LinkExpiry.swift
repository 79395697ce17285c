import Basics
import FoundationEssentials

/// When a link ends, read out of the link itself (contract 6.2).
enum LinkExpiry {
    /// Where nothing says.
    static let assumed: Duration = .seconds(900)
    /// A link that seems to have ended on arrival shows a wrong clock somewhere. It is used all the same: the server
    /// says "expired" when it is, whereas asking for new links without end would hit the tightest limit of all.
    static let shortest: Duration = .seconds(30)
    static let longest: Duration = .seconds(86_400)

    /// The life left at `serverNow`, the server's clock when the link was issued.
    static func life(
        of link: String, stated: WireTime?, serverNow: UnixTime, assumed: Duration = assumed
    ) -> Duration {
        guard let end = inQuery(link) ?? stated?.unix.seconds else { return assumed }
        return min(max(.seconds(end - serverNow.seconds), shortest), longest)
    }

    /// Seconds since 1970.
    private static func inQuery(_ link: String) -> Int64? {
        var fields: [String: String] = [:]
        for item in URLComponents(string: link)?.queryItems ?? [] { fields[item.name.lowercased()] = item.value }
        if fields["x-oss-signature-version"]?.uppercased().hasPrefix("OSS4") == true {
            guard let date = fields["x-oss-date"].flatMap(WireTime.init(basic:)),
                let life = fields["x-oss-expires"].flatMap({ Int64($0) }), (0...10_000_000).contains(life)
            else { return nil }
            return date.unix.seconds + life
        }
        return [fields["x-oss-expires"], fields["expires"]].lazy
            .compactMap { $0.flatMap { Int64($0) } }
            // Anything else is not a point in time of this age.
            .first { (1_000_000_000...100_000_000_000).contains($0) }
    }
}
