import Basics
import Drive
import Synchronization

/// A whole drive in memory, for unit tests: the answers of the contract without HTTP, with counters, scripted
/// failures and gates.
///
/// One drive of one account. Tests build the tree with `addFolder`, `addFile` and `addLivePhoto`, change it behind
/// the client's back with `rename`, `move`, `trash` and `remove`, lay failures down with `script` or `respond`, and
/// read `tree`, `content(of:)`, `calls(of:)`, `log` and the download figures afterwards. May be used from any thread.
public final class FakeDrive: Drive {
    struct Node: Sendable {
        var file: DriveFile
        var content: FakeContent?
        var streams: [String: FakeContent] = [:]
        /// The placeholder of an upload that is not complete.
        var isPlaceholder = false
    }

    struct Link: Sendable {
        var object: ObjectID
        var stream: String?
        var expires: Moment
    }

    struct StreamWaiter: Sendable {
        var id: Int
        var urgency: Urgency
        var continuation: CheckedContinuation<Bool, Never>
    }

    struct State: Sendable {
        let drive: DriveID
        var nodes: [FileID: Node] = [:]
        /// Of everything that there ever was: no id is given twice.
        var usedIDs: Set<FileID> = []
        /// By size: what any object ever held, those in the recycle bin and those deleted too.
        var knownContents: [Int64: [FakeContent]] = [:]
        var uploads: [String: Upload] = [:]
        var uploadLinks: [String: PartLink] = [:]
        var tasks: [DriveTaskID: BackgroundTask] = [:]
        var links: [String: Link] = [:]
        var nextID = 0
        var counts: [FakeFunction: Int] = [:]
        var log: [FakeCall] = []
        var script = FakeScript()
        var responder: (@Sendable (FakeCall) -> FakeResponse)?
        var settings = Settings()
        var figures = DownloadFigures()
        var open = 0
        var streamWaiters: [StreamWaiter] = []
        var streamWaitersCancelledEarly: Set<Int> = []
    }

    /// How the fake behaves where the real service has a choice.
    public struct Settings: Sendable {
        /// Lengths of the pages of a listing, used in turn; 0 makes an empty page that has a successor.
        public var pageLengths = [100]
        /// Entries in the recycle bin slip into listings (contract 4, `trashed`).
        public var listsTrashed = false
        /// How long a download link works.
        public var linkLife = Duration.seconds(900)
        /// Open bodies; further downloads wait, foreground first. A client's gate, not the service's refusal.
        public var streams = 3
        /// Bytes handed to the sink at once.
        public var pieceSize = 64 << 10
        /// Lets other tasks run after every piece.
        public var yieldsBetweenPieces = true
        public var account: AccountInfo?
        public var space = SpaceInfo(used: 0, total: 1 << 40)
        /// In bytes. Once set, `space` is what the objects take, those in the recycle bin too, and what would exceed
        /// it is refused.
        public var quota: Int64?
        /// The largest file that the account may have, in bytes.
        public var largestFile = Int64.max
        /// The smallest part but for the last one (contract 7.5), in bytes.
        public var smallestPart: Int64 = 102_400
        /// How long the address of a part works.
        public var uploadLinkLife = Duration.seconds(3600)
        /// `complete` makes what has come to the file, also where another size was declared.
        public var completesAnySize = false
        /// The uploader's time comes back in answers (contract 4, `local_modified_at`).
        public var keepsModifiedAt = true
        /// Unfinished uploads count where a name is checked (contract 7.6: not known).
        public var placeholdersTakeNames = false
        /// What happens in a folder moves its `updatedAt` (contract 12.1: not known).
        public var childrenTouchFolders = false
        /// A copy gets another name where its own is taken; without it there are two of one name.
        public var renamesCopies = true
        /// Moving, copying and removing folders goes on in the background until `finish(_:_:)`.
        public var folderTasks = false
        public var login = DriveHealth.Login.valid
    }

    public struct DownloadFigures: Hashable, Sendable {
        /// Bytes that sinks took, in all.
        public var bytes: Int64 = 0
        /// The same by object.
        public var bytesByObject: [ObjectID: Int64] = [:]
        /// Bodies that a sink or a cancelled task ended early.
        public var endedEarly = 0
        /// The most bodies that were open at once.
        public var mostOpen = 0
    }

    /// The drive that all ids of this fake belong to.
    public let id: DriveID
    let time: any TimeSource
    let state: Mutex<State>

    public init(id: DriveID = DriveID("drive-1"), time: any TimeSource) {
        self.id = id
        self.time = time
        state = Mutex(State(drive: id))
        let root = DriveFile(
            id: ObjectID(drive: id, file: .root), parent: .root, name: "root", kind: .folder, size: 0)
        state.withLock { state in
            state.nodes[.root] = Node(file: root)
            state.usedIDs.insert(.root)
        }
    }

    /// Changes the behaviour; takes effect with the next call, more streams at once.
    public func set(_ change: (inout Settings) -> Void) {
        state.withLock { change(&$0.settings) }
        grantStreams()
    }

    public func object(_ file: FileID) -> ObjectID { ObjectID(drive: id, file: file) }
}

// MARK: - What a test scripts and counts

extension FakeDrive {
    /// The next `times` calls of `function` (about `object`, if given) get this answer. Scripts laid down first are
    /// used up first.
    public func script(
        _ function: FakeFunction, for object: ObjectID? = nil, times: Int = 1, _ response: FakeResponse
    ) {
        state.withLock { $0.script.add(function, object, times, response) }
    }

    /// Decides about every call that no script is left for. `nil` takes the decider away.
    public func respond(_ responder: (@Sendable (FakeCall) -> FakeResponse)?) {
        state.withLock { $0.responder = responder }
    }

    /// Forgets all scripts and the decider.
    public func clearScripts() {
        state.withLock {
            $0.script.clear()
            $0.responder = nil
        }
    }

    public func calls(of function: FakeFunction) -> Int { state.withLock { $0.counts[function, default: 0] } }
    public func calls(of function: FakeFunction, for object: ObjectID) -> Int {
        state.withLock { $0.log.count { $0.function == function && $0.object == object } }
    }
    public var totalCalls: Int { state.withLock { $0.counts.values.reduce(0, +) } }
    /// Every call in the order of arrival.
    public var log: [FakeCall] { state.withLock { $0.log } }
    public var downloads: DownloadFigures { state.withLock { $0.figures } }
    public var openBodies: Int { state.withLock { $0.open } }

    /// Starts counting anew; scripts and tree stay.
    public func resetCounters() {
        state.withLock {
            $0.counts = [:]
            $0.log = []
            $0.figures = DownloadFigures()
        }
    }

    /// Every link handed out so far answers "expired" from now on.
    public func expireLinks() {
        state.withLock { state in
            for url in state.links.keys { state.links[url]?.expires = Moment(sinceBoot: .zero) }
        }
    }

    /// Notes the call, waits at its gate and fails it, as scripted; returns what is left to do.
    func begin(
        _ function: FakeFunction, _ object: ObjectID?, _ urgency: Urgency,
        complete: (inout FakeCall) -> Void = { _ in }
    ) async throws(DriveError) -> FakeResponse {
        var call = FakeCall(function: function, object: object, urgency: urgency, index: 0)
        complete(&call)
        let (scripted, noted, responder) = state.withLock { [call] state in
            var call = call
            call.index = state.counts[function, default: 0]
            state.counts[function] = call.index + 1
            state.log.append(call)
            return (state.script.next(for: call), call, state.responder)
        }
        let response = scripted ?? responder?(noted) ?? .proceed
        if let gate = response.gate {
            do { try await gate.pass() } catch { throw .cancelled }
        }
        if Task.isCancelled { throw .cancelled }
        if let error = response.error, !function.hasBody { throw error }
        return response
    }

    /// Holds or loses the answer of a call that has done its work, as scripted.
    func end(_ response: FakeResponse) async throws(DriveError) {
        if let gate = response.answerGate {
            do { try await gate.pass() } catch { throw .cancelled }
        }
        if let error = response.lost { throw error }
    }
}
