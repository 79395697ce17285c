/// Who waits for a request: requests of an application go before those that only fill a cache.
public enum Urgency: Int, Sendable, Hashable, Comparable, CaseIterable {
    case background = 0
    case foreground = 1

    public static func < (a: Urgency, b: Urgency) -> Bool { a.rawValue < b.rawValue }
}
