import Basics
import Drive

// Work on folders that goes on in the background (contract 8, async_task).
extension FakeDrive {
    struct BackgroundTask: Sendable {
        var work: Work
        var state: DriveTaskState
    }

    enum Work: Sendable {
        case move(FileID, to: FileID)
        /// Copies what is in the second folder into the first.
        case fill(FileID, from: FileID)
        case remove(FileID, Removal)
    }

    public func state(of task: DriveTaskID, _ urgency: Urgency) async throws(DriveError) -> DriveTaskState {
        _ = try await begin(.taskState, nil, urgency)
        guard let found = state.withLock({ $0.tasks[task] }) else {
            throw .notFound(Self.refusal(404, "NotFound.AsyncTask"))
        }
        return found.state
    }

    /// What goes on in the background, begun first to last.
    public var runningTasks: [DriveTaskID] {
        state.withLock { state in
            state.tasks.filter { $0.value.state == .running }.keys.sorted { $0.rawValue < $1.rawValue }
        }
    }

    /// Ends the work of `task`: it takes effect now, or not at all and has failed.
    public func finish(_ task: DriveTaskID, as outcome: DriveTaskState = .succeeded) {
        let now = time.wallTime()
        state.withLock { state in
            guard let found = state.tasks[task], found.state == .running else {
                preconditionFailure("the fake has no such work under way")
            }
            let succeeds = outcome == .succeeded && state.carryOut(found.work, now)
            state.tasks[task]?.state = succeeds ? .succeeded : .failed
        }
    }

    public func finishTasks() { for task in runningTasks { finish(task) } }

    /// From now on the drive does not know `task`. Work that is under way is lost with it.
    public func forget(_ task: DriveTaskID) { state.withLock { $0.tasks[task] = nil } }
}

extension FakeDrive.State {
    /// Does the work at once, or leaves it to a task where it is a folder's and the fake is told so.
    mutating func perform(_ work: FakeDrive.Work, on kind: ObjectKind, _ now: UnixTime) -> DriveTaskID? {
        guard kind == .folder, settings.folderTasks else {
            let succeeded = carryOut(work, now)
            precondition(succeeded, "what was just looked at is there")
            return nil
        }
        nextID += 1
        let digits = String(nextID, radix: 16)
        let task = DriveTaskID("task-" + String(repeating: "0", count: 16 - digits.count) + digits)
        tasks[task] = FakeDrive.BackgroundTask(work: work, state: .running)
        return task
    }

    /// False when what the work is about is gone meanwhile.
    mutating func carryOut(_ work: FakeDrive.Work, _ now: UnixTime) -> Bool {
        switch work {
        case .move(let file, let parent):
            guard let old = nodes[file]?.file.parent, nodes[parent] != nil, !isInside(parent, file) else {
                return false
            }
            nodes[file]?.file.parent = parent
            touch(file, now)
            for folder in [old, parent] { childChanged(in: folder, now) }
        case .fill(let copy, let original):
            guard nodes[copy] != nil, nodes[original] != nil else { return false }
            fill(copy, from: original, now)
        case .remove(let file, let way):
            guard let node = nodes[file] else { return false }
            childChanged(in: node.file.parent, now)
            // There is nothing of a placeholder that could be kept.
            if way == .delete || node.isPlaceholder {
                delete(file)
            } else {
                nodes[file]?.file.isTrashed = true
                touch(file, now)
            }
        }
        return true
    }

    mutating func insertCopy(
        of original: FakeDrive.Node, named name: FileName, in parent: FileID, _ now: UnixTime
    ) -> FileID {
        var node = original
        let id = newFileID()
        node.file.id = ObjectID(drive: drive, file: id)
        node.file.parent = parent
        node.file.name = name
        node.file.createdAt = now
        node.file.updatedAt = now
        nodes[id] = node
        childChanged(in: parent, now)
        return id
    }

    private mutating func fill(_ copy: FileID, from original: FileID, _ now: UnixTime) {
        let children = children(of: original).filter { !$0.file.isTrashed && !$0.isPlaceholder }
        for child in children.sorted(by: { $0.file.id.file.rawValue < $1.file.id.file.rawValue }) {
            let id = insertCopy(of: child, named: child.file.name, in: copy, now)
            fill(id, from: child.file.id.file, now)
        }
    }
}
