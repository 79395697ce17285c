import MetadataStore
import Status
import WritePath

extension StatusReport.Change {
    init(_ draft: DraftStatus, path: String?) {
        self.init(
            id: draft.id.rawValue, name: draft.place.name.text, path: path, stage: Stage(draft.stage), size: draft.size,
            sent: draft.sent, isNew: draft.isNew, trouble: draft.trouble, advice: Self.advice(draft))
    }

    /// Of an earlier run: nothing is under way.
    init(_ record: DraftRecord, path: String?) {
        let stage: Stage
        if record.failure != nil {
            stage = .failed
        } else if record.isRemoved {
            stage = .removing
        } else {
            stage = record.content == nil ? .moving : .queued
        }
        self.init(
            id: record.id.rawValue, name: record.place.name.text, path: path, stage: stage,
            size: record.content?.size ?? 0, sent: 0, isNew: record.object == nil, trouble: record.failure)
    }

    private static func advice(_ draft: DraftStatus) -> String? {
        guard draft.trouble != nil else { return nil }
        let id = draft.id.rawValue
        switch draft.troubleKind {
        case .final?, .gone?:
            return "'aliyunfs uploads retry \(id)' tries again, 'aliyunfs uploads export DIR' saves a copy, "
                + "'aliyunfs uploads cancel \(id)' gives it up"
        case .lasting?: return "tried again every five minutes, or now by 'aliyunfs uploads retry \(id)'"
        case .passing?, nil: return "tried again by itself"
        }
    }
}

extension StatusReport.Change.Stage {
    fileprivate init(_ stage: DraftStatus.Stage) {
        switch stage {
        case .dirty: self = .dirty
        case .queued: self = .queued
        case .uploading: self = .uploading
        case .failed: self = .failed
        case .removing: self = .removing
        case .moving: self = .moving
        }
    }
}
