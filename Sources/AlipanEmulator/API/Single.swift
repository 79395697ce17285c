struct PathFields: Decodable {
    var driveId: String?
    var filePath: String?
}

struct BatchFields: Decodable {
    var fileList: [ItemFields]?
}

extension State {
    mutating func get(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(ItemFields.self)
        let drive = try self.drive(asked.driveId, call)
        let item = try find(try required(asked.fileId, "file_id"), in: drive, absent: .noFile)
        if tree.isInTrash(item.id) {
            guard switches.trashedGet == .shown else { throw inTheBin }
            var shown = item
            // A child of a trashed folder is in the bin as much as the folder is.
            shown.trashedAt = tree.ancestry(of: item.id).compactMap(\.trashedAt).first
            return json(shown, at: .get, call, fields: asked.fields)
        }
        return json(item, at: .get, call, fields: asked.fields)
    }

    mutating func getByPath(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(PathFields.self)
        let drive = try self.drive(asked.driveId, call)
        let path = try required(asked.filePath, "file_path")
        let absent = APIError(
            switches.getByPathStatus, "NotFound.File", "The resource file cannot be found. file not exist")
        guard path.hasPrefix("/"), path.utf8.count > 1 else { throw .invalid("FilePath", "must begin with a slash") }
        if switches.getByPathFailsOnWhiteSpace, path.contains(where: \.isWhitespace) { throw absent }
        guard let id = tree.find(path, drive: drive), let item = tree[id], !ghosts.hides(id) else { throw absent }
        return json(item, at: .get, call)
    }

    mutating func batchGet(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(BatchFields.self)
        let list = try required(asked.fileList, "file_list")
        guard list.count <= switches.batchGetMax else {
            throw .invalid("FileList", "at most \(switches.batchGetMax) files")
        }
        var items: [JSON] = []
        for entry in list {
            let drive = try self.drive(entry.driveId, call)
            let id = try required(entry.fileId, "file_id")
            // What cannot be found is left out, and the client matches by id.
            guard let key = id == "root" ? tree.roots[drive] : ItemID(id), let item = tree[key],
                tree.drive(of: key) == drive, !tree.isInTrash(key)
            else { continue }
            items.append(json(item, at: .get, call))
        }
        return switches.batchGetBareArray ? .array(items) : ["items": .array(items)]
    }

    mutating func starredList(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(ListFields.self)
        let drive = try self.drive(asked.driveId, call)
        let limit = try pageLimit(asked.limit ?? 100)
        let (order, descending) = try Self.order(asked.orderBy, asked.orderDirection)
        let filter = try Self.filter(asked)
        let found = tree.items.values.filter {
            $0.starred && filter($0) && $0.status == .available && tree.drive(of: $0.id) == drive
                && !tree.isInTrash($0.id)
        }
        return try page(
            of: found, order: order, descending: descending, limit: limit, marker: asked.marker,
            scope: "starred-\(drive)",
            call)
    }

    /// A page of items that come from all over a drive.
    mutating func page(
        of found: [Item], order: ListOrder, descending: Bool, limit: Int, marker: String?, scope: String, _ call: Call
    ) throws(APIError) -> JSON {
        let scope = "\(scope)-\(order.rawValue)-\(descending)"
        var entries = found.map { SortEntry($0, order: order) }
        entries.sort { a, b in SortEntry.precedes(a, b, in: order) }
        if descending { entries.reverse() }
        if let marker, !marker.isEmpty {
            let after = try Marker(marker, scope: scope).entry
            let start = entries.firstIndex { entry in
                descending ? SortEntry.precedes(entry, after, in: order) : SortEntry.precedes(after, entry, in: order)
            }
            entries.removeFirst(start ?? entries.count)
        }
        let shown = entries.prefix(limit)
        let next = entries.count > limit ? shown.last.map { Marker(scope: scope, entry: $0).text } : nil
        return page(shown.compactMap { tree[$0.id] }.map { json($0, at: .list, call) }, next: next)
    }
}
