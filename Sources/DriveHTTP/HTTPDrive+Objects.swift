import Basics
import Drive

extension HTTPDrive {
    private static let root = "/adrive/v1.0/"

    /// Contract 3. Where the answer names no user, `/oauth/users/info` is asked, and may fail.
    public func account(_ urgency: Urgency) async throws(DriveError) -> AccountInfo {
        let call = try APICall(Self.root + "user/getDriveInfo", .other, WireRequest.Nothing())
        let wire = try await caller.value(call, as: WireAccount.self, urgency)
        guard let drive = wire.defaultDrive else { throw .malformedAnswer("getDriveInfo: no default_drive_id") }
        var info = AccountInfo(
            userID: wire.userID ?? "", name: wire.name ?? "", defaultDrive: DriveID(drive),
            resourceDrive: wire.resourceDrive.map(DriveID.init), backupDrive: wire.backupDrive.map(DriveID.init))
        guard info.userID.isEmpty || info.name.isEmpty else { return info }
        do {
            let user = try await caller.value(
                APICall(get: "/oauth/users/info", .other), as: WireAccount.self, urgency)
            if info.userID.isEmpty { info.userID = user.userID ?? "" }
            if info.name.isEmpty { info.name = user.name ?? "" }
        } catch {
            note("users/info", error.words)
        }
        return info
    }

    /// Contract 3.
    public func space(_ urgency: Urgency) async throws(DriveError) -> SpaceInfo {
        let call = try APICall(Self.root + "user/getSpaceInfo", .other, WireRequest.Nothing())
        let wire = try await caller.value(call, as: WireSpace.self, urgency)
        return SpaceInfo(used: wire.used, total: wire.total)
    }

    /// Contract 5.1.
    public func list(
        _ folder: ObjectID, marker: String?, _ urgency: Urgency
    ) async throws(DriveError) -> ListPage {
        try check(folder)
        let marker = marker.flatMap { $0.isEmpty ? nil : $0 }
        var call = try APICall(
            Self.root + "openFile/list", .list,
            WireRequest.List(drive_id: folder.drive.rawValue, parent_file_id: folder.file.rawValue, marker: marker))
        call.context.hasMarker = marker != nil
        let page = try await caller.value(call, as: WirePage.self, urgency)
        noteDropped(page)
        return ListPage(files: page.items.map { $0.file(in: folder.drive, folder: folder.file) }, next: page.next)
    }

    /// Contract 5.3.
    public func file(_ id: ObjectID, _ urgency: Urgency) async throws(DriveError) -> DriveFile {
        try check(id)
        let call = try APICall(
            Self.root + "openFile/get", .other,
            WireRequest.File(drive_id: id.drive.rawValue, file_id: id.file.rawValue))
        return try await caller.value(call, as: WireFile.self, urgency).file(in: id.drive)
    }

    /// Contract 5.3.
    public func file(
        atPath path: String, in drive: DriveID, _ urgency: Urgency
    ) async throws(DriveError) -> DriveFile {
        guard path.hasPrefix("/"), path.utf8.count > 1, !drive.rawValue.isEmpty else {
            throw .rejected(Refusal(status: 0, code: "", message: "a path starts with / and names something"))
        }
        let call = try APICall(
            Self.root + "openFile/get_by_path", .other,
            WireRequest.Path(drive_id: drive.rawValue, file_path: path))
        return try await caller.value(call, as: WireFile.self, urgency).file(in: drive)
    }

    /// Contract 5.3: answers are matched by id, as missing ones may be left out or reported one by one.
    public func files(_ ids: [ObjectID], _ urgency: Urgency) async throws(DriveError) -> [ObjectID: DriveFile] {
        guard !ids.isEmpty else { return [:] }
        guard ids.count <= 100 else {
            throw .rejected(Refusal(status: 0, code: "", message: "at most 100 objects at once"))
        }
        for id in ids { try check(id) }
        let call = try APICall(
            Self.root + "openFile/batch/get", .other,
            WireRequest.Batch(
                file_list: ids.map { WireRequest.File(drive_id: $0.drive.rawValue, file_id: $0.file.rawValue) }))
        let page = try await caller.value(call, as: WirePage.self, urgency)
        var files: [ObjectID: DriveFile] = [:]
        for item in page.items {
            // Without a drive in the answer the id alone must do.
            let asked = ids.first {
                $0.file.rawValue == item.id && (item.drive ?? $0.drive.rawValue) == $0.drive.rawValue
            }
            if let asked { files[asked] = item.file(in: asked.drive) }
        }
        return files
    }

    /// An empty id is never sent: the service would answer anything (contract 3).
    func check(_ id: ObjectID) throws(DriveError) {
        guard id.drive.rawValue.isEmpty || id.file.rawValue.isEmpty else { return }
        throw .rejected(Refusal(status: 0, code: "", message: "an empty drive or file id"))
    }

    private func noteDropped(_ page: WirePage) {
        for (index, reason) in page.dropped.enumerated() where index < 3 {
            note("openFile/list", "an entry was left out: \(reason)")
        }
        for file in page.items where file.isSizeCut {
            note("openFile/list", "a file of a size that no file has is shown with \(file.size) bytes")
        }
        if page.dropped.count > 3 { note("openFile/list", "\(page.dropped.count - 3) more entries were left out") }
    }
}
