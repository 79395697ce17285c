struct ChangeFields: Decodable {
    var driveId: String?
    var fileId: String?
    var name: String?
    var checkNameMode: String?
    var starred: Bool?
    var toParentFileId: String?
    var toDriveId: String?
    var newName: String?
    var autoRename: Bool?
}

/// The calls that change the tree (contract 8). None of them changes bytes, times of the uploader, or ids.
extension State {
    mutating func update(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(ChangeFields.self)
        let drive = try self.drive(asked.driveId, call)
        let item = try changeable(asked.fileId, in: drive)
        let mode =
            try asked.checkNameMode.map { text throws(APIError) in try nameMode(text) } ?? switches.updateDefaultMode
        if let starred = asked.starred {
            tree.update(item.id) {
                $0.starred = starred
                $0.touched = call.now
            }
        }
        if let text = asked.name {
            var name = try checkedName(text)
            if taken(name, in: item.parent, except: item.id) != nil {
                switch mode {
                case .ignore: break
                case .autoRename: name = freeName(like: name, in: item.parent, call)
                case .refuse:
                    switch switches.updateTaken {
                    // Nothing was renamed, and the answer shows it.
                    case .exist: return json(item, at: .get, call)
                    case .badRequest: throw Self.alreadyExists(400)
                    case .conflict: throw Self.alreadyExists(409)
                    }
                }
            }
            rename(item, to: name, in: item.parent, now: call.now)
        } else if asked.starred == nil {
            throw .missing("name")
        }
        guard let changed = tree[item.id] else { throw .noFile }
        return json(changed, at: .get, call)
    }

    mutating func move(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(ChangeFields.self)
        let drive = try self.drive(asked.driveId, call)
        let item = try changeable(asked.fileId, in: drive)
        if let other = asked.toDriveId, !other.isEmpty, other != drive {
            throw .invalid("ToDriveId", "files move inside one drive only")
        }
        let target = try folder(try required(asked.toParentFileId, "to_parent_file_id"), in: drive)
        guard !tree.contains(item.id, target.id) else {
            throw .invalid("ToParentFileId", "a folder cannot be moved into itself")
        }
        let mode =
            try asked.checkNameMode.map { text throws(APIError) in try nameMode(text) } ?? switches.moveDefaultMode
        var name = item.name
        let newName = try (asked.newName ?? "").isEmpty ? nil : checkedName(asked.newName)
        if let newName, switches.moveNewNameAlways { name = newName }
        if taken(name, in: target.id, except: item.id) != nil {
            if let newName, taken(newName, in: target.id, except: item.id) == nil {
                name = newName
            } else {
                switch mode {
                case .ignore: break
                case .autoRename: name = freeName(like: name, in: target.id, call)
                case .refuse: return moved(item, drive: drive, exist: true)
                }
            }
        }
        rename(item, to: name, in: target.id, now: call.now)
        return moved(item, drive: drive, exist: false)
    }

    private func moved(_ item: Item, drive: String, exist: Bool) -> JSON {
        [
            "drive_id": .string(drive), "file_id": .string(item.id.text), "exist": .bool(exist), "async_task_id": "",
        ]
    }

    mutating func copy(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(ChangeFields.self)
        let drive = try self.drive(asked.driveId, call)
        let item = try changeable(asked.fileId, in: drive)
        let toDrive = (asked.toDriveId ?? "").isEmpty ? drive : try self.drive(asked.toDriveId, call)
        let target = try folder(try required(asked.toParentFileId, "to_parent_file_id"), in: toDrive)
        guard !tree.contains(item.id, target.id) else {
            throw .invalid("ToParentFileId", "a folder cannot be copied into itself")
        }
        try checkQuota(adding: item.size)
        var copy = copied(item, into: target.id, now: call.now)
        if taken(copy.name, in: target.id) != nil {
            if asked.autoRename == true {
                copy.name = freeName(like: copy.name, in: target.id, call)
            } else if target.id == item.parent {
                throw Self.alreadyExists(409)
            }
        }
        tree.insert(copy)
        appeared(copy.id, now: call.now)
        var task: String?
        if item.isFolder {
            task = background(.copy(item.id, into: copy.id), now: call.now)
            if task == nil {
                for child in tree.children(of: item.id) { copyTree(child, into: copy.id, now: call.now) }
            }
        }
        return changed(copy.id, drive: toDrive, task: task)
    }

    mutating func trash(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(ChangeFields.self)
        let drive = try self.drive(asked.driveId, call)
        let item = try changeable(asked.fileId, in: drive)
        if item.isFolder, tree.childCount(of: item.id) > 0, let task = background(.trash(item.id), now: call.now) {
            return changed(item.id, drive: drive, task: task)
        }
        throwAway(item.id, now: call.now)
        return changed(item.id, drive: drive, task: nil)
    }

    mutating func delete(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(ChangeFields.self)
        let drive = try self.drive(asked.driveId, call)
        // What is in the trash, and a placeholder, can be deleted too.
        let item = try find(try required(asked.fileId, "file_id"), in: drive, absent: .noFile)
        guard !tree.isRoot(item.id) else { throw .invalid("FileId", "the root cannot be changed") }
        if item.isFolder, tree.childCount(of: item.id) > 0, let task = background(.delete(item.id), now: call.now) {
            return changed(item.id, drive: drive, task: task)
        }
        if item.status == .available, item.trashedAt == nil { leaving(item, now: call.now) }
        uploads.dropSession(of: item.id)
        tree.remove(item.id)
        return changed(item.id, drive: drive, task: nil)
    }

    private func changed(_ id: ItemID, drive: String, task: String?) -> JSON {
        ["drive_id": .string(drive), "file_id": .string(id.text), "async_task_id": .text(task ?? "")]
    }

    private func changeable(_ text: String?, in drive: String) throws(APIError) -> Item {
        let item = try self.item(text, in: drive)
        guard !tree.isRoot(item.id) else { throw .invalid("FileId", "the root cannot be changed") }
        return item
    }

    mutating func rename(_ item: Item, to name: Name, in parent: ItemID, now: Milliseconds) {
        leaving(item, now: now)
        let renewed = switches.updatedAtOnRename
        tree.update(item.id) {
            $0.name = name
            $0.parent = parent
            $0.touched = now
            if renewed { $0.updated = now }
        }
        appeared(item.id, now: now)
    }

    mutating func throwAway(_ id: ItemID, now: Milliseconds) {
        guard let item = tree[id], item.trashedAt == nil else { return }
        leaving(item, now: now)
        tree.update(id) {
            $0.trashedAt = now
            $0.touched = now
        }
    }

    private mutating func copied(_ item: Item, into parent: ItemID, now: Milliseconds) -> Item {
        var copy = item
        copy.id = newID()
        copy.parent = parent
        copy.created = now
        copy.updated = now
        copy.touched = now
        copy.starred = false
        return copy
    }

    mutating func copyTree(_ id: ItemID, into parent: ItemID, now: Milliseconds) {
        guard let item = tree[id] else { return }
        let copy = copied(item, into: parent, now: now)
        tree.insert(copy)
        for child in tree.children(of: id) { copyTree(child, into: copy.id, now: now) }
    }
}
