import VFS

/// One request under way, for as long as it is. Never reused within a mount.
struct RequestID: Hashable, Sendable {
    let rawValue: UInt
}

/// Which requests are under way, and which of them shall stop; decides, while `InFlightTable` acts.
///
/// `Work` is the running task. A request is known from `begin` to `end`; its task becomes known at `attach`, since
/// it runs before anybody holds it.
struct InFlightState<Work> {
    enum Admission: Equatable {
        case admitted(RequestID)
        /// As many as allowed are under way.
        case full
        /// The mount is going away.
        case closing
    }

    private struct Request {
        var kind: RequestKind
        /// The inode it is about; the folder, where it is about a name.
        var inode: InodeNumber
        /// The other folder of a rename, or the other file of a copy.
        var other: InodeNumber?
        var work: Work?
        var isCancelled = false
    }

    private let requestsMax: Int
    private var nextID: UInt = 1
    private var requests: [RequestID: Request] = [:]
    private(set) var isClosing = false

    private(set) var startedByKind = [UInt64](repeating: 0, count: RequestKind.allCases.count)
    private(set) var interrupted: UInt64 = 0
    private(set) var refused: UInt64 = 0
    private(set) var peak = 0

    init(requestsMax: Int) { self.requestsMax = requestsMax }

    var count: Int { requests.count }
    /// What the next request will be called: all that are under way now come before it.
    var next: RequestID { RequestID(rawValue: nextID) }

    /// Whether a request about `inode` is under way that began before `limit` was next and whose process may hold a
    /// lock of the kernel's. Reading an extended attribute holds none, and may take long: commands wait for uploads so.
    func isBusy(_ inode: InodeNumber, before limit: RequestID) -> Bool {
        requests.contains { id, request in
            (request.inode == inode || request.other == inode) && id.rawValue < limit.rawValue
                && request.kind != .extendedAttribute
        }
    }

    var isDrained: Bool { isClosing && requests.isEmpty }

    mutating func begin(_ kind: RequestKind, on inode: InodeNumber, and other: InodeNumber? = nil) -> Admission {
        startedByKind[kind.rawValue] += 1
        guard !isClosing else { return .closing }
        guard requests.count < requestsMax else {
            refused += 1
            return .full
        }
        let id = RequestID(rawValue: nextID)
        nextID += 1
        requests[id] = Request(kind: kind, inode: inode, other: other)
        peak = max(peak, requests.count)
        return .admitted(id)
    }

    /// The task of a request is known. Returns it when it shall be cancelled at once.
    mutating func attach(_ work: Work, to id: RequestID) -> Work? {
        guard let request = requests[id] else { return nil }
        if request.isCancelled { return work }
        requests[id]?.work = work
        return nil
    }

    /// The application gave up. Returns the task to cancel, if it is known already.
    mutating func interrupt(_ id: RequestID) -> Work? {
        guard requests[id] != nil else { return nil }
        interrupted += 1
        return cancel(id)
    }

    /// The reply is on its way. True when this was the last request of a closing mount.
    mutating func end(_ id: RequestID) -> Bool {
        let removed = requests.removeValue(forKey: id)
        precondition(removed != nil, "a request ends once")
        return isDrained
    }

    /// Refuses new requests from now on. Returns the tasks to cancel.
    mutating func close() -> [Work] {
        isClosing = true
        return Array(requests.keys).compactMap { cancel($0) }
    }

    /// Counts a request that is answered inside its callback.
    mutating func count(_ kind: RequestKind, times: UInt64) { startedByKind[kind.rawValue] += times }

    private mutating func cancel(_ id: RequestID) -> Work? {
        requests[id]?.isCancelled = true
        return requests[id]?.work
    }
}
