/// The queue as lines for a person.
public enum QueueText {
    /// Such as `3 changes, 12 MiB to send (1 failed, 2 queued)`.
    public static func summary(_ queue: StatusReport.Queue) -> String {
        guard queue.changes > 0 else { return "nothing waits, the drive has everything" }
        let stages = queue.stages.map { "\($0.changes) \($0.stage.rawValue)" }.joined(separator: ", ")
        return "\(changes(queue.changes)), \(bytes(left(queue))) to send (\(stages))"
    }

    /// One change: name, stage and how far it is; then, where there is trouble, that and what to do.
    public static func lines(_ change: StatusReport.Change) -> [String] {
        var first = "\(change.id)  \(stage(change))  \(StatusText.plain(change.shown))"
        if change.unsent > 0 { first += "  \(bytes(change.size))" }
        if change.stage == .uploading, change.size > 0 {
            first += "  \(bar(Double(change.sent) / Double(change.size), width: 20))"
        }
        var lines = [first]
        if let trouble = change.trouble { lines.append("    \(StatusText.plain(trouble))") }
        if let advice = change.advice { lines.append("    \(StatusText.plain(advice))") }
        return lines
    }

    /// What is lost when the change is cancelled.
    public static func loss(_ change: StatusReport.Change) -> String {
        let name = StatusText.plain(change.shown)
        let size = bytes(change.size)
        return change.isNew
            ? "\(name): the new file of \(size) is removed; the drive has never had it"
            : "\(name): the unsent version of \(size) is lost; the drive's version shows again"
    }

    /// How far a wait is, in one line.
    ///
    /// - Parameter perSecond: bytes a second of late, where that is known.
    public static func progress(_ queue: StatusReport.Queue, of all: Int64, perSecond: Double?) -> String {
        let left = left(queue)
        let share = left == 0 ? 1 : all > 0 ? 1 - Double(left) / Double(all) : 0
        var line = "\(bar(share, width: 24)) \(changes(queue.changes)), \(bytes(left)) to send"
        if let perSecond, perSecond >= 1 {
            line += ", \(bytes(Int64(perSecond)))/s, \(time(Double(left) / perSecond)) to go"
        }
        let trouble = queue.first.compactMap { change in change.trouble.map { (change, $0) } }.first
        if let (change, words) = trouble {
            line += "; \(StatusText.plain(change.name)): \(StatusText.plain(words))"
        }
        return line
    }

    /// Bytes that are still to go out.
    public static func left(_ queue: StatusReport.Queue) -> Int64 { max(0, queue.bytes - queue.sent) }

    public static func changes(_ count: Int) -> String { count == 1 ? "1 change" : "\(count) changes" }

    /// Nothing in it can steer the terminal.
    public static func plain(_ text: String) -> String { StatusText.plain(text) }

    static func bar(_ share: Double, width: Int) -> String {
        let share = min(1, max(0, share.isFinite ? share : 0))
        let full = Int((share * Double(width)).rounded(.down))
        let percent = Int((share * 100).rounded(.down))
        return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: width - full) + "] \(percent)%"
    }

    static func time(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "ages" }
        let whole = Int(seconds.rounded(.up))
        return switch whole {
        case ..<120: "\(whole) s"
        case ..<7_200: "\(whole / 60) min"
        default: "\(whole / 3_600) h \(whole % 3_600 / 60) min"
        }
    }

    private static func stage(_ change: StatusReport.Change) -> String {
        change.stage == .failed ? "FAILED" : change.stage.rawValue
    }

    public static func bytes(_ count: Int64) -> String { StatusText.bytes(UInt64(max(0, count))) }
}
