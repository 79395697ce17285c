import Basics
import Drive
import MetadataStore
import Synchronization

/// One change in the queue, for `status` and `uploads`.
public struct DraftStatus: Hashable, Sendable {
    public enum Stage: String, Hashable, Sendable {
        /// Somebody writes.
        case dirty
        case queued, uploading, failed, removing, moving
    }

    public var id: DraftID
    public var inode: UInt64
    public var place: DrivePlace
    public var stage: Stage
    public var size: Int64
    /// Bytes that went out in this upload.
    public var sent: Int64
    /// The drive has no version of the file.
    public var isNew: Bool
    /// Why it does not get on at the moment, and whether it is tried again by itself.
    public var trouble: String?
    public var troubleKind: Trouble.Kind?
}

// Waiting for the drive to have everything, and what users ask of the queue.
extension WriteBack {
    /// Returns when the drive has what `draft` is at the moment, without waiting for quiet or for the last close, or
    /// when the file is removed. Throws what keeps it from getting on without a person.
    public func waitUntilStored(_ draft: Draft, until deadline: Moment? = nil) async throws(WriteError) {
        try await seal(draft)
        let failures = draft.state.withLock { state in
            state.waiters += 1
            return state.failures
        }
        defer { draft.state.withLock { $0.waiters -= 1 } }
        wake(draft, atOnce: true)
        while true {
            let rings = draft.turns.listen()
            switch draft.standing(failuresBefore: failures) {
            case .done: return
            case .stuck: throw draft.refusal
            case .underWay: break
            }
            do throws(FlightError<Never>) {
                try await rings.value(until: deadline)
            } catch {
                if case .cancelled = error { throw .cancelled }
                throw .timedOut
            }
        }
    }

    /// Tries what failed once more, now. False when there is no such change.
    public func retry(_ id: DraftID) async throws(WriteError) -> Bool {
        guard let draft = state.withLock({ $0.byID[id] }) else { return false }
        draft.state.withLock { state in
            state.machine.handle(.retry)
            state.failures = 0
            state.trouble = nil
        }
        try await saving { () async throws(StoreError) in try await save([draft]) }
        wake(draft, atOnce: true)
        return true
    }

    public var statuses: [DraftStatus] { drafts.map(\.status) }

    /// Bytes that the drive does not have yet.
    public var bytesQueued: Int64 { allDrafts.reduce(0) { $0 + ($1.hasContent ? $1.size : 0) } }

    /// What the account has room for; asked when many bytes are written. `nil` while it is not known.
    public func limit(by quota: @escaping @Sendable () -> Int64?) { room.quota.withLock { $0 = quota } }
}

extension Draft {
    public var status: DraftStatus {
        state.withLock { state in
            let record = state.machine.record
            let stage: DraftStatus.Stage =
                if record.failure != nil { .failed }
                else if record.isRemoved { .removing }
                else if record.content == nil { .moving }
                else if record.content?.state == .open { .dirty }
                else if record.upload != nil { .uploading }
                else { .queued }
            return DraftStatus(
                id: id, inode: inode, place: record.place, stage: stage, size: state.size,
                sent: record.upload == nil ? 0 : state.sent, isNew: record.object == nil,
                trouble: record.failure ?? state.trouble?.words,
                troubleKind: record.failure != nil ? .final : state.trouble?.kind)
        }
    }
}
