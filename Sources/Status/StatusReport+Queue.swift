extension StatusReport {
    /// Changes that are acknowledged here and not finished on the drive.
    public struct Queue: Codable, Hashable, Sendable {
        public var changes: Int
        /// Bytes of all files that the drive does not have, and how many of them went out already.
        public var bytes: Int64
        public var sent: Int64
        /// Only stages that something is in, in the order of `Change.Stage`.
        public var stages: [Tally]
        /// The first of them: those that failed, then those that are being sent, then the oldest. `aliyunfs uploads`
        /// lists all.
        public var first: [Change]

        public init(changes: Int, bytes: Int64, sent: Int64, stages: [Tally], first: [Change]) {
            self.changes = changes
            self.bytes = bytes
            self.sent = sent
            self.stages = stages
            self.first = first
        }

        public func count(_ stage: Change.Stage) -> Int { stages.first { $0.stage == stage }?.changes ?? 0 }
    }

    public struct Tally: Codable, Hashable, Sendable {
        public var stage: Change.Stage
        public var changes: Int
        public var bytes: Int64

        public init(stage: Change.Stage, changes: Int, bytes: Int64) {
            self.stage = stage
            self.changes = changes
            self.bytes = bytes
        }
    }

    /// One change that is not finished on the drive.
    public struct Change: Codable, Hashable, Sendable {
        public enum Stage: String, Codable, Hashable, Sendable, CaseIterable {
            /// Does not go on by itself.
            case failed
            case uploading
            case queued
            /// Somebody writes.
            case dirty
            case moving
            case removing
        }

        /// Names it in `aliyunfs uploads`; never used twice while anything of it is left.
        public var id: UInt64
        public var name: String
        /// Below the mount point, without a slash at the start; nil where the folder's own place is not known here.
        public var path: String?
        public var stage: Stage
        /// Bytes of the file as it is here.
        public var size: Int64
        public var sent: Int64
        /// The drive has no version of it.
        public var isNew: Bool
        /// Why it does not get on, in the drive's words.
        public var trouble: String?
        /// What can be done about that.
        public var advice: String?

        public init(
            id: UInt64, name: String, path: String?, stage: Stage, size: Int64, sent: Int64, isNew: Bool,
            trouble: String? = nil, advice: String? = nil
        ) {
            self.id = id
            self.name = name
            self.path = path
            self.stage = stage
            self.size = size
            self.sent = sent
            self.isNew = isNew
            self.trouble = trouble
            self.advice = advice
        }
    }
}

extension StatusReport.Queue {
    /// - Parameter limit: how many of `changes` are told one by one.
    public init(_ changes: [StatusReport.Change], limit: Int) {
        let order = StatusReport.Change.Stage.allCases
        let groups = Dictionary(grouping: changes, by: \.stage)
        let stages = order.compactMap { stage in
            groups[stage].map { group in
                StatusReport.Tally(
                    stage: stage, changes: group.count, bytes: group.reduce(0) { $0 + $1.unsent })
            }
        }
        let first = order.flatMap { groups[$0] ?? [] }.prefix(limit)
        self.init(
            changes: changes.count, bytes: stages.reduce(0) { $0 + $1.bytes },
            sent: changes.reduce(0) { $0 + min($1.sent, $1.unsent) }, stages: stages, first: Array(first))
    }
}

extension StatusReport.Change {
    /// Bytes that the drive is to get; a move or a removal has none.
    public var unsent: Int64 { stage == .moving || stage == .removing ? 0 : size }
    /// For people: the path where it is known.
    public var shown: String { path ?? name }
}
