import Basics
import Drive

extension HTTPDrive {
    static let openFile = "/adrive/v1.0/openFile/"
    /// In bytes (contract 7.2).
    private static let longestName = 1_024

    /// Contract 7.1 and 7.3.
    public func createFolder(
        named name: FileName, in parent: ObjectID, _ urgency: Urgency
    ) async throws(DriveError) -> Creation {
        try check(parent)
        try check(name)
        var call = try changing(
            "create",
            WireRequest.Folder(drive_id: parent.drive.rawValue, parent_file_id: parent.file.rawValue, name: name.text))
        call.context.claimsName = true
        let wire = try await caller.value(call, as: WireCreation.self, urgency)
        let id = try made(wire, in: parent.drive)
        return wire.exists ? .taken(id) : .made(id, name: wire.name.map { FileName($0) } ?? name)
    }

    /// Contract 8: a taken name is an error, or a 200 that shows another object or another name than was asked.
    public func rename(
        _ id: ObjectID, to name: FileName, _ onTaken: OnTaken, _ urgency: Urgency
    ) async throws(DriveError) -> DriveFile {
        try check(id)
        try check(name)
        var call = try changing(
            "update",
            WireRequest.Rename(
                drive_id: id.drive.rawValue, file_id: id.file.rawValue, name: name.text,
                check_name_mode: onTaken.word))
        call.context.claimsName = true
        let wire = try await caller.value(call, as: WireRename.self, urgency)
        guard let file = wire.file?.file(in: id.drive) else { throw Self.taken("exist") }
        guard onTaken == .ignore || (file.name == name && file.id.file == id.file) else {
            throw Self.taken("the object still has its old name")
        }
        return file
    }

    /// Contract 8. The default mode is not agreed upon, so it is always sent.
    public func move(
        _ id: ObjectID, to parent: FileID, _ onTaken: OnTaken, _ urgency: Urgency
    ) async throws(DriveError) -> TreeChange {
        try check(id)
        try check(ObjectID(drive: id.drive, file: parent))
        var call = try changing(
            "move",
            WireRequest.Move(
                drive_id: id.drive.rawValue, file_id: id.file.rawValue, to_parent_file_id: parent.rawValue,
                check_name_mode: onTaken.word))
        call.context.claimsName = true
        let wire = try await caller.value(call, as: WireTreeChange.self, urgency)
        if wire.exists { throw Self.taken("exist") }
        return TreeChange(object: id, task: wire.task.map(DriveTaskID.init))
    }

    /// Contract 8.
    public func copy(
        _ id: ObjectID, to parent: ObjectID, _ urgency: Urgency
    ) async throws(DriveError) -> TreeChange {
        try check(id)
        try check(parent)
        let call = try changing(
            "copy",
            WireRequest.Copy(
                drive_id: id.drive.rawValue, file_id: id.file.rawValue, to_parent_file_id: parent.file.rawValue,
                to_drive_id: parent.drive == id.drive ? nil : parent.drive.rawValue))
        let wire = try await caller.value(call, as: WireTreeChange.self, urgency)
        guard let copy = wire.id, copy != id.file.rawValue else {
            throw .change(.uncertain("copy: the answer does not name the copy"))
        }
        return TreeChange(
            object: ObjectID(drive: parent.drive, file: FileID(copy)), task: wire.task.map(DriveTaskID.init))
    }

    /// Contract 8. What is gone, or in the recycle bin already, counts as removed.
    public func remove(
        _ id: ObjectID, _ way: Removal, _ urgency: Urgency
    ) async throws(DriveError) -> TreeChange {
        try check(id)
        let path =
            switch way {
            case .trash: "recyclebin/trash"
            case .delete: "delete"
            }
        var call = try changing(
            path, WireRequest.File(drive_id: id.drive.rawValue, file_id: id.file.rawValue))
        call.needsNoData = true
        do {
            let wire = try await caller.value(call, as: WireTreeChange.self, urgency)
            return TreeChange(object: id, task: wire.task.map(DriveTaskID.init))
        } catch {
            switch error {
            case .inRecycleBin: return TreeChange(object: id, wasGone: true)
            case .notFound(let refusal) where refusal.code.hasPrefix("NotFound."):
                return TreeChange(object: id, wasGone: true)
            default: throw error
            }
        }
    }

    /// Contract 8.
    public func state(of task: DriveTaskID, _ urgency: Urgency) async throws(DriveError) -> DriveTaskState {
        let call = try APICall(
            Self.openFile + "async_task/get", .other, WireRequest.Task(async_task_id: task.rawValue))
        return try await caller.value(call, as: WireTask.self, urgency).state
    }

    func changing(_ path: String, _ body: some Encodable) throws(DriveError) -> APICall {
        var call = try APICall(Self.openFile + path, .other, body)
        call.effect = .changes
        return call
    }

    /// The object that a create answer is about; where it names none the name is all that is known to be taken.
    func made(_ wire: WireCreation, in drive: DriveID) throws(DriveError) -> ObjectID {
        guard let id = wire.id else { throw Self.taken("exist") }
        return ObjectID(drive: drive, file: FileID(id))
    }

    /// What certainly cannot be a name on the drive (contract 7.2); the rest is the service's to judge.
    func check(_ name: FileName) throws(DriveError) {
        let isGood =
            name.isValidUTF8 && (1...Self.longestName).contains(name.bytes.count)
            && !name.bytes.contains { $0 == 0 || $0 == UInt8(ascii: "/") } && name != "." && name != ".."
        if !isGood { throw .rejected(Refusal(status: 0, code: "", message: "not a name the drive can hold")) }
    }

    private static func taken(_ message: String) -> DriveError {
        .nameTaken(Refusal(status: 200, code: "", message: message))
    }
}

extension OnTaken {
    /// `check_name_mode`.
    var word: String {
        switch self {
        case .refuse: "refuse"
        case .ignore: "ignore"
        }
    }
}
