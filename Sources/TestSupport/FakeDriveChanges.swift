import Basics
import Drive

// The tree's changes (contract 8). Each takes effect under one lock, so that tests see it whole or not at all.
extension FakeDrive: WritableDrive {
    public func createFolder(
        named name: FileName, in parent: ObjectID, _ urgency: Urgency
    ) async throws(DriveError) -> Creation {
        let response = try await begin(.createFolder, parent, urgency) { $0.name = name }
        let now = time.wallTime()
        let creation = try state.withLock { state throws(DriveError) -> Creation in
            _ = try state.folder(parent)
            try state.check(name)
            if let holder = state.holder(of: name, in: parent.file) { return .taken(holder.file.id) }
            let id = ObjectID(drive: state.drive, file: state.newFileID())
            let folder = DriveFile(
                id: id, parent: parent.file, name: name, kind: .folder, size: 0, createdAt: now, updatedAt: now)
            state.nodes[id.file] = Node(file: folder)
            state.childChanged(in: parent.file, now)
            return .made(id, name: name)
        }
        try await end(response)
        return creation
    }

    public func rename(
        _ id: ObjectID, to name: FileName, _ onTaken: OnTaken, _ urgency: Urgency
    ) async throws(DriveError) -> DriveFile {
        let response = try await begin(.rename, id, urgency) { $0.name = name }
        let now = time.wallTime()
        let file = try state.withLock { state throws(DriveError) -> DriveFile in
            var file = try state.changeable(id).file
            try state.check(name)
            if onTaken == .refuse, state.holder(of: name, in: file.parent, besides: id.file) != nil {
                throw Self.nameTaken
            }
            file.name = name
            file.updatedAt = now
            state.nodes[id.file]?.file = file
            state.childChanged(in: file.parent, now)
            return file
        }
        try await end(response)
        return file
    }

    public func move(
        _ id: ObjectID, to parent: FileID, _ onTaken: OnTaken, _ urgency: Urgency
    ) async throws(DriveError) -> TreeChange {
        let response = try await begin(.move, id, urgency) { $0.destination = parent }
        let now = time.wallTime()
        let change = try state.withLock { state throws(DriveError) -> TreeChange in
            let file = try state.changeable(id).file
            _ = try state.folder(ObjectID(drive: state.drive, file: parent))
            guard !state.isInside(parent, id.file) else {
                throw .rejected(Self.refusal(400, "InvalidParameter.ToParentFileId"))
            }
            if onTaken == .refuse, state.holder(of: file.name, in: parent, besides: id.file) != nil {
                throw Self.nameTaken
            }
            let task = state.perform(.move(id.file, to: parent), on: file.kind, now)
            return TreeChange(object: id, task: task)
        }
        try await end(response)
        return change
    }

    public func copy(
        _ id: ObjectID, to parent: ObjectID, _ urgency: Urgency
    ) async throws(DriveError) -> TreeChange {
        let response = try await begin(.copy, id, urgency) { $0.destination = parent.file }
        let now = time.wallTime()
        let change = try state.withLock { state throws(DriveError) -> TreeChange in
            let original = try state.changeable(id)
            _ = try state.folder(parent)
            guard !state.isInside(parent.file, id.file) else {
                throw .rejected(Self.refusal(400, "InvalidParameter.ToParentFileId"))
            }
            try state.checkQuota(adding: state.bytes(in: id.file))
            let name = state.settings.renamesCopies
                ? state.freeName(like: original.file.name, in: parent.file) : original.file.name
            let copy = state.insertCopy(of: original, named: name, in: parent.file, now)
            // A folder's copy is there at once, its content comes after.
            let task = state.perform(.fill(copy, from: id.file), on: original.file.kind, now)
            return TreeChange(object: ObjectID(drive: state.drive, file: copy), task: task)
        }
        try await end(response)
        return change
    }

    public func remove(
        _ id: ObjectID, _ way: Removal, _ urgency: Urgency
    ) async throws(DriveError) -> TreeChange {
        let response = try await begin(.remove, id, urgency) { $0.removal = way }
        let now = time.wallTime()
        let change = try state.withLock { state throws(DriveError) -> TreeChange in
            let node: Node
            do throws(DriveError) {
                node = try state.find(id)
            } catch .notFound {
                return TreeChange(object: id, wasGone: true)
            } catch .inRecycleBin {
                if way == .delete { state.delete(id.file) }
                return TreeChange(object: id, wasGone: true)
            }
            guard id.file != .root else { throw .rejected(Self.refusal(400, "InvalidParameter.FileId")) }
            return TreeChange(object: id, task: state.perform(.remove(id.file, way), on: node.file.kind, now))
        }
        try await end(response)
        return change
    }

    static var nameTaken: DriveError { .nameTaken(refusal(409, "AlreadyExist.File")) }
}

extension FakeDrive.State {
    /// The size of a file, or of all that is in a folder.
    fileprivate func bytes(in file: FileID) -> Int64 {
        let own = nodes[file]?.file.size ?? 0
        return children(of: file).filter { !$0.file.isTrashed && !$0.isPlaceholder }.reduce(own) {
            $0 + bytes(in: $1.file.id.file)
        }
    }

    /// `name`, or the first of `stem(1).ext`, `stem(2).ext` and so on that nobody has.
    fileprivate func freeName(like name: FileName, in folder: FileID) -> FileName {
        var (candidate, number) = (name, 0)
        let dot = name.bytes.lastIndex(of: UInt8(ascii: ".")) ?? name.bytes.endIndex
        while holder(of: candidate, in: folder) != nil {
            number += 1
            candidate = FileName(bytes: name.bytes[..<dot] + Array("(\(number))".utf8) + name.bytes[dot...])
        }
        return candidate
    }
}
