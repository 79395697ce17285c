import Basics
import Drive
import Synchronization

/// A whole drive in memory, for unit tests: the answers of the contract without HTTP, with counters, scripted
/// failures and gates.
///
/// One drive of one account. Tests build the tree with `addFolder`, `addFile` and `addLivePhoto`, change it behind
/// the client's back with `rename`, `move`, `trash` and `remove`, lay failures down with `script` or `respond`, and
/// read `calls(of:)`, `log` and the download figures afterwards. May be used from any thread.
public final class FakeDrive: Drive {
    struct Node: Sendable {
        var file: DriveFile
        var content: FakeContent?
        var streams: [String: FakeContent] = [:]
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
        var nodes: [FileID: Node] = [:]
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
        state = Mutex(State())
        let root = DriveFile(
            id: ObjectID(drive: id, file: .root), parent: .root, name: "root", kind: .folder, size: 0)
        state.withLock { $0.nodes[.root] = Node(file: root) }
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
        if let error = response.error, function != .download { throw error }
        return response
    }
}
