import Drive
import MetadataStore

/// Who shows drafts to the user as part of the tree. Called from any thread; must return at once.
public protocol DraftObserver: Sendable {
    /// The journal has this row now.
    func updated(_ record: DraftRecord)
    /// The drive has everything that `record` stood for. What is returned becomes true together with the row's end.
    ///
    /// - Parameters:
    ///   - file: what the drive has now; `nil` when the row was a removal.
    ///   - draft: for what it knows of size and time.
    func ending(_ draft: Draft, _ record: DraftRecord, _ file: DriveFile?) -> JournalChange
    /// The row is gone.
    func ended(_ record: DraftRecord, _ file: DriveFile?)
}
