import Basics

/// How long the service asks to wait after a 429 (contract 10).
enum RetryAfter {
    /// Waits beyond this are not believed.
    static let longest: Duration = .seconds(600)

    /// `x-retry-after` in milliseconds, else `Retry-After` in seconds or as a date; `nil` where neither can be read.
    static func read(_ fields: HTTPFields, serverNow: UnixTime) -> Duration? {
        if let wait = fields["x-retry-after"].flatMap({ number($0) }) { return bounded(.milliseconds(wait)) }
        guard let field = fields["retry-after"] else { return nil }
        if let wait = number(field) { return bounded(.seconds(wait)) }
        guard let date = WireTime(httpDate: field) else { return nil }
        return bounded(.seconds(date.unix.seconds - serverNow.seconds))
    }

    private static func number(_ text: String) -> Int64? {
        Int64(text.split(whereSeparator: \.isWhitespace).joined())
    }

    private static func bounded(_ wait: Duration) -> Duration? {
        wait < .zero ? nil : min(wait, longest)
    }
}
