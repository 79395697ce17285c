/// What one check of `doctor` found.
struct Finding: Codable, Hashable, Sendable {
    enum Verdict: String, Codable, Sendable {
        case ok, warn, fail
    }

    /// What was looked at, in a word or two.
    var name: String
    var verdict: Verdict
    /// What was found.
    var detail: String
    /// How to mend it; nil when all is well.
    var mend: String?

    static func ok(_ name: String, _ detail: String) -> Finding {
        Finding(name: name, verdict: .ok, detail: detail, mend: nil)
    }

    static func warn(_ name: String, _ detail: String, mend: String) -> Finding {
        Finding(name: name, verdict: .warn, detail: detail, mend: mend)
    }

    static func fail(_ name: String, _ detail: String, mend: String) -> Finding {
        Finding(name: name, verdict: .fail, detail: detail, mend: mend)
    }

    /// As the message of a command that ends because of it.
    var line: String { mend.map { "\(detail); \($0)" } ?? detail }
}
