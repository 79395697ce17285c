/// What a command asks of a running mount: the name of an extended attribute, read from the file or folder that it is
/// about. Reading one takes no lock of the kernel, may be interrupted, and works on a read-only mount; what is asked
/// happens before the value is returned. None of these is ever listed.
///
/// Only whoever mounted and root are answered; others get `EPERM`.
public enum Inquiry: Hashable, Sendable {
    /// Waits until the drive has what the file is, or all files below the folder are, at this moment. Answer: `Synced`.
    ///
    /// - Parameter milliseconds: the longest to wait; nil is for as long as it takes.
    case sync(milliseconds: UInt64?)
    /// The unfinished changes after this id, a page of them. Answer: `Changes`.
    case changes(after: UInt64)
    /// Tries it again now. Answer: `Done`.
    case retry(UInt64)
    /// Gives the unsent bytes up. Answer: `Done`.
    case cancel(UInt64)
    /// Drops the cached listing of a folder and lists it again; recursively, those below it are dropped too.
    /// Answer: `Done`.
    case refresh(isRecursive: Bool)

    public static let prefix = "user.aliyun.request."

    public var attribute: String {
        let words =
            switch self {
            case .sync(let milliseconds): milliseconds.map { "sync.\($0)" } ?? "sync"
            case .changes(let id): "changes.\(id)"
            case .retry(let id): "retry.\(id)"
            case .cancel(let id): "cancel.\(id)"
            case .refresh(let isRecursive): isRecursive ? "refresh.recursive" : "refresh"
            }
        return Self.prefix + words
    }

    /// nil for what this version does not know.
    public init?(attribute: String) {
        guard attribute.hasPrefix(Self.prefix) else { return nil }
        let words = attribute.dropFirst(Self.prefix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard words.count <= 2, let verb = words.first else { return nil }
        let number = words.count == 2 ? UInt64(words[1]) : nil
        switch (String(verb), words.count, number) {
        case ("sync", 1, _): self = .sync(milliseconds: nil)
        case ("sync", _, let number?): self = .sync(milliseconds: number)
        case ("changes", _, let number?): self = .changes(after: number)
        case ("retry", _, let number?): self = .retry(number)
        case ("cancel", _, let number?): self = .cancel(number)
        case ("refresh", 1, _): self = .refresh(isRecursive: false)
        case ("refresh", 2, nil) where words[1] == "recursive": self = .refresh(isRecursive: true)
        default: return nil
        }
    }

    /// More than the kernel passes in one value.
    public static let longestAnswer = 1 << 16

    public struct Synced: Codable, Hashable, Sendable {
        /// Everything is on the drive, but for what `failed` names.
        public var isComplete: Bool
        /// Changes that were waited for.
        public var changes: Int
        public var failures: Int
        /// A few of those.
        public var failed: [StatusReport.Change]

        public init(isComplete: Bool, changes: Int, failures: Int, failed: [StatusReport.Change]) {
            self.isComplete = isComplete
            self.changes = changes
            self.failures = failures
            self.failed = failed
        }
    }

    public struct Changes: Codable, Hashable, Sendable {
        public var changes: [StatusReport.Change]
        /// Where the next page begins; nil at the end.
        public var next: UInt64?

        public init(changes: [StatusReport.Change], next: UInt64?) {
            self.changes = changes
            self.next = next
        }
    }

    public struct Done: Codable, Hashable, Sendable {
        public var isDone: Bool
        /// What was done, or why it was not.
        public var words: String

        public init(isDone: Bool, words: String) {
            self.isDone = isDone
            self.words = words
        }
    }
}
