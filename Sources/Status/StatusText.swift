import Basics

/// The report as lines for a person: what matters first, then figures.
public struct StatusText: Sendable {
    /// Seconds since 1970, to tell how long ago things were.
    private let now: Double

    public init(now: UnixTime) { self.now = Double(now.seconds) }

    public func lines(of report: StatusReport, at mountPoint: String) -> [String] {
        var lines = [headline(report, mountPoint)]
        lines += report.advice.map { "  do       \(Self.plain($0))" }
        lines.append("  login    \(login(report))")
        lines.append("  drive    \(Self.plain(report.drive)), profile \(Self.plain(report.profile))")
        if let queue = report.queue { lines += self.queue(queue) }
        lines += report.budgets.map(budget)
        lines.append("  streams  \(report.streams.open) of \(report.streams.allowed) open")
        lines += reads(report.reads)
        lines.append(directories(report.directories))
        lines.append(kernel(report.kernel))
        lines += report.lastFaults.map { "  fault    \(ago($0.at)): \(Self.plain($0.what))" }
        return lines
    }

    private func headline(_ report: StatusReport, _ mountPoint: String) -> String {
        let health = report.healthy ? "healthy" : "NOT WELL"
        let process = "process \(report.pid), aliyunfs \(Self.plain(report.version))"
        return "\(Self.plain(mountPoint)): \(health), mounted \(ago(report.mountedAt)) (\(process))"
    }

    private func login(_ report: StatusReport) -> String {
        let state =
            switch report.login.state {
            case .unknown: "not tried yet"
            case .valid: "valid"
            case .needed: "NEEDED: give a new token with 'aliyunfs mount --refresh-token-file FILE'"
            case .renewalFailing: "renewal fails, is tried again"
            }
        let name = report.accountName.map { "\(Self.plain($0)), " } ?? ""
        return name + state + (report.login.detail.map { " (\(Self.plain($0)))" } ?? "")
    }

    private func queue(_ queue: StatusReport.Queue) -> [String] {
        var lines = ["  writing  \(QueueText.summary(queue))"]
        for change in queue.first { lines += QueueText.lines(change).map { "           \($0)" } }
        let more = queue.changes - queue.first.count
        if more > 0 { lines.append("           and \(more) more: 'aliyunfs uploads' lists all") }
        return lines
    }

    private func budget(_ budget: StatusReport.Budget) -> String {
        var text = "  rate     \(Self.plain(budget.name)): \(Self.number(budget.perSecond))/s, \(budget.sent) sent"
        if budget.waiting > 0 { text += ", \(budget.waiting) waiting" }
        if budget.throttled > 0 { text += ", \(budget.throttled) THROTTLED" }
        if budget.pausedForMs > 0 { text += ", paused for \((budget.pausedForMs + 999) / 1_000) s" }
        return text
    }

    private func reads(_ reads: StatusReport.Reads) -> [String] {
        let served = "\(Self.bytes(reads.bytesServed)) served, \(Self.bytes(reads.bytesFetched)) fetched"
        var first = "  reads    \(served), \(reads.hits) from memory, \(reads.links) links, \(reads.retries) retries"
        if reads.mismatches > 0 { first += ", \(reads.mismatches) WRONG CONTENT" }
        return [first, "  memory   \(Self.bytes(reads.memoryUsed)) of \(Self.bytes(reads.memoryLimit)) for reading"]
    }

    private func directories(_ directories: StatusReport.Directories) -> String {
        let loading = directories.loading > 0 ? ", \(directories.loading) being listed" : ""
        return "  cache    \(directories.cached) folders, \(directories.entries) entries\(loading)"
    }

    private func kernel(_ kernel: StatusReport.Kernel) -> String {
        "  kernel   \(kernel.requests) requests, \(kernel.inFlight) under way, \(kernel.interrupted) interrupted"
    }

    private func ago(_ time: Double) -> String {
        guard time.isFinite, abs(now - time) < 1e10 else { return "at an unknown time" }
        let seconds = max(0, Int(now - time))
        return switch seconds {
        case ..<120: "\(seconds) s ago"
        case ..<7_200: "\(seconds / 60) min ago"
        case ..<172_800: "\(seconds / 3_600) h ago"
        default: "\(seconds / 86_400) days ago"
        }
    }

    static func bytes(_ count: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(count)
        var unit = 0
        while value >= 1_024, unit < units.count - 1 {
            value /= 1_024
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(number((value * 10).rounded() / 10)) \(units[unit])"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }

    /// Names and messages come from outside: nothing in them may steer the terminal.
    static func plain(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: "?"
            default: scalar
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
