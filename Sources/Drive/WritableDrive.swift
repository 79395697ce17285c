import Basics

/// The changing side of the drive (contract 7 and 8).
///
/// Throttling, a refused token and requests that certainly never reached the service are healed inside, as in `Drive`.
/// A call whose answer was lost, or answered by a fault of the server, may or may not have taken effect: it is
/// not repeated here but ends in `ChangeFailure.uncertain`, and the caller looks before it repeats.
public protocol WritableDrive: Drive {
    /// Makes a folder unless the name is taken (`Creation.taken`).
    func createFolder(
        named name: FileName, in parent: ObjectID, _ urgency: Urgency
    ) async throws(DriveError) -> Creation

    /// Opens an upload, or has the drive take content that it knows already.
    ///
    /// - Throws: `.change(.preHashMatched)` when the drive may know the content (ask again with the whole hash),
    ///   `.change(.invalidProof)`, `.quotaExhausted`, `.tooLarge`.
    func createFile(_ file: FileCreation, _ urgency: Urgency) async throws(DriveError) -> Creation

    /// Fresh addresses for `parts` (numbers from 1), in their order. Changes nothing, so it is repeated inside.
    func uploadLinks(
        _ session: UploadSession, parts: ClosedRange<Int>, _ urgency: Urgency
    ) async throws(DriveError) -> [UploadLink]

    /// All parts that the drive has, by number. Changes nothing.
    func uploadedParts(_ session: UploadSession, _ urgency: Urgency) async throws(DriveError) -> [UploadedPart]

    /// Sends one part: `range` of `source`, streamed, never held whole in memory. Parts go strictly in order, one at a
    /// time (contract 7.5). A part that the drive has already counts as sent.
    ///
    /// - Throws: `.change(.part)`, `.change(.source)`, `.unreachable`, `.cancelled`.
    func sendPart(
        _ link: UploadLink, _ range: ByteRange, of source: any UploadSource,
        onProgress: @escaping @Sendable (Int) -> Void
    ) async throws(DriveError)

    /// Closes an upload. The answer's size and hash are the drive's own: the caller compares them.
    ///
    /// - Throws: `.change(.uploadGone)` when the session is unknown or was completed already,
    ///   `.change(.contentMismatch)` when the bytes are not those of the hash that was declared.
    func completeUpload(_ session: UploadSession, _ urgency: Urgency) async throws(DriveError) -> DriveFile

    /// Gives `id` another name in its folder. With `.refuse` a taken name throws `.nameTaken` and changes nothing.
    func rename(
        _ id: ObjectID, to name: FileName, _ onTaken: OnTaken, _ urgency: Urgency
    ) async throws(DriveError) -> DriveFile

    /// Moves `id` into another folder of the same drive under its present name. With `.refuse` a taken name throws
    /// `.nameTaken` and changes nothing.
    func move(
        _ id: ObjectID, to parent: FileID, _ onTaken: OnTaken, _ urgency: Urgency
    ) async throws(DriveError) -> TreeChange

    /// Copies `id` into `parent`, which may be its own folder; the drive may choose another name where its own is
    /// taken. `TreeChange.object` is the copy.
    func copy(_ id: ObjectID, to parent: ObjectID, _ urgency: Urgency) async throws(DriveError) -> TreeChange

    /// Puts `id` into the recycle bin, or removes it for good. What is gone already counts as removed.
    func remove(_ id: ObjectID, _ way: Removal, _ urgency: Urgency) async throws(DriveError) -> TreeChange

    /// How far work that the drive does in the background has come. A task that the drive has forgotten throws
    /// `.notFound`: look at the tree. Changes nothing.
    func state(of task: DriveTaskID, _ urgency: Urgency) async throws(DriveError) -> DriveTaskState
}

/// Where removed objects go (`--remove`).
public enum Removal: Hashable, Sendable {
    case trash, delete
}

/// What a rename or move does where the name is taken; the service's own default is not known (contract 8).
public enum OnTaken: Hashable, Sendable {
    case refuse
    /// Makes a second object of the same name.
    case ignore
}

/// An operation on the tree; of folders it may go on in the background.
public struct TreeChange: Hashable, Sendable {
    public var object: ObjectID
    /// Still going on when not `nil`.
    public var task: DriveTaskID?
    /// Of a removal: somebody else had removed it already.
    public var wasGone: Bool

    public init(object: ObjectID, task: DriveTaskID? = nil, wasGone: Bool = false) {
        self.object = object
        self.task = task
        self.wasGone = wasGone
    }
}

/// Work that the drive does in the background; an opaque string.
public struct DriveTaskID: Hashable, Sendable {
    public let rawValue: String
    public init(_ rawValue: String) { self.rawValue = rawValue }
}

public enum DriveTaskState: Hashable, Sendable {
    case running, succeeded, failed
}
