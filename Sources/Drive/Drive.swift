import Basics

/// The drive as the filesystem sees it: typed requests, typed answers, no HTTP.
///
/// All functions may be called from any thread and at the same time; each waits for its turn under the service's
/// limits, by urgency. Cancelling the calling task ends the request.
public protocol Drive: Sendable {
    func account(_ urgency: Urgency) async throws(DriveError) -> AccountInfo
    func space(_ urgency: Urgency) async throws(DriveError) -> SpaceInfo

    /// One page of at most 100 entries, sorted by name; `marker` is the `next` of the page before.
    func list(_ folder: ObjectID, marker: String?, _ urgency: Urgency) async throws(DriveError) -> ListPage

    func file(_ id: ObjectID, _ urgency: Urgency) async throws(DriveError) -> DriveFile
    /// `path` starts with `/` and is not `/` itself.
    func file(atPath path: String, in drive: DriveID, _ urgency: Urgency) async throws(DriveError) -> DriveFile
    /// At most 100 at once; ids that no longer exist are missing from the answer.
    func files(_ ids: [ObjectID], _ urgency: Urgency) async throws(DriveError) -> [ObjectID: DriveFile]

    /// The dearest request of all: one a second for the whole account. Never for empty files or folders.
    func downloadLinks(for id: ObjectID, _ urgency: Urgency) async throws(DriveError) -> DownloadLinks

    /// Streams the bytes of `range`, which is not empty and lies inside the object's `size` bytes, into `sink`.
    ///
    /// Waits for one of the account's download streams and gives it back when the body ends. Returns when all
    /// bytes have been received or the sink wanted no more; throws `.download` otherwise. Nothing is retried here.
    func download(
        _ link: DownloadLink, range: ByteRange, ofSize size: Int64, _ urgency: Urgency, into sink: any DownloadSink
    ) async throws(DriveError)

    /// For `status`: what the client knows of login, limits and faults.
    func health() -> DriveHealth
}
