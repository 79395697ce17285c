/// Work on folders that goes on in the background (contract 8, `async_task/get`).
///
/// Nothing runs by itself: each step is done when the first request after its time comes.
struct TaskBook: Sendable {
    enum Work: Sendable {
        case trash(ItemID)
        case delete(ItemID)
        case copy(ItemID, into: ItemID)
    }

    enum Status: String, Sendable {
        case running = "Running"
        case succeed = "Succeed"
        case failed = "Failed"
    }

    struct Entry: Sendable {
        var work: Work
        var half: Milliseconds
        var end: Milliseconds
        var halfDone = false
        var status = Status.running
    }

    private var entries: [String: Entry] = [:]
    private(set) var running: Set<String> = []

    /// Also forgets what ended an hour ago.
    mutating func add(_ id: String, _ entry: Entry, now: Milliseconds) {
        if entries.count > 1000 { entries = entries.filter { $0.value.end > now - 3_600_000 } }
        entries[id] = entry
        running.insert(id)
    }

    func status(_ id: String) -> Status? { entries[id]?.status }

    /// The next step that is due, in the order of time.
    mutating func nextStep(now: Milliseconds) -> (id: String, entry: Entry, isEnd: Bool)? {
        let due = running.compactMap { id in entries[id].map { (id, $0) } }
            .filter { ($0.1.halfDone ? $0.1.end : $0.1.half) <= now }
            .min { ($0.1.halfDone ? $0.1.end : $0.1.half, $0.0) < ($1.1.halfDone ? $1.1.end : $1.1.half, $1.0) }
        guard let (id, entry) = due else { return nil }
        if entry.halfDone { return (id, entry, true) }
        entries[id]?.halfDone = true
        return (id, entry, false)
    }

    mutating func finish(_ id: String, _ status: Status) {
        entries[id]?.status = status
        running.remove(id)
    }
}

extension State {
    /// Starts work on a folder with content; nil if it is to be done at once.
    mutating func background(_ work: TaskBook.Work, now: Milliseconds) -> String? {
        guard switches.asyncMs > 0 else { return nil }
        let id = random.token()
        let length = Milliseconds(switches.asyncMs)
        tasks.add(id, .init(work: work, half: now + length / 2, end: now + length), now: now)
        return id
    }

    mutating func settleTasks(now: Milliseconds) {
        while let (id, entry, isEnd) = tasks.nextStep(now: now) {
            if !isEnd {
                firstHalf(entry, now: entry.half)
            } else if switches.asyncFails {
                tasks.finish(id, .failed)
            } else {
                secondHalf(entry, now: entry.end)
                tasks.finish(id, .succeed)
            }
        }
    }

    /// Half of the children have gone, or have come: what others see meanwhile.
    private mutating func firstHalf(_ entry: TaskBook.Entry, now: Milliseconds) {
        switch entry.work {
        case .trash(let folder):
            for child in firstChildren(of: folder) { ghosts.added(child, visibleAt: entry.end) }
        case .delete(let folder):
            for child in firstChildren(of: folder) { tree.remove(child) }
        case .copy(let source, let target):
            guard tree[target] != nil else { return }
            for child in firstChildren(of: source) { copyTree(child, into: target, now: now) }
        }
    }

    private mutating func secondHalf(_ entry: TaskBook.Entry, now: Milliseconds) {
        switch entry.work {
        case .trash(let folder): throwAway(folder, now: now)
        case .delete(let folder):
            if let item = tree[folder] { leaving(item, now: now) }
            tree.remove(folder)
        case .copy(let source, let target):
            guard tree[target] != nil else { return }
            let there = Set(tree.children(of: target).compactMap { tree[$0]?.name })
            for child in tree.children(of: source) {
                if let name = tree[child]?.name, !there.contains(name) { copyTree(child, into: target, now: now) }
            }
        }
    }

    private func firstChildren(of folder: ItemID) -> [ItemID] {
        let children = tree.children(of: folder)
        return Array(children.prefix((children.count + 1) / 2))
    }

    mutating func asyncTask(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(AsyncFields.self)
        let id = try required(asked.asyncTaskId, "async_task_id")
        guard let status = tasks.status(id) else {
            throw APIError(404, "NotFound.AsyncTask", "The resource async_task cannot be found.")
        }
        return ["state": .string(status.rawValue), "async_task_id": .string(id)]
    }
}

struct AsyncFields: Decodable {
    var asyncTaskId: String?
}
