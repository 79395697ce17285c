/// All drives of the account: items by id, folders by id, the trash.
///
/// A value without a clock and without opinions; what the service allows is decided by the endpoints.
struct Tree: Sendable {
    private(set) var items: [ItemID: Item] = [:]
    private var folders: [ItemID: Folder] = [:]
    private(set) var trash: Set<ItemID> = []
    /// Root folder of each drive; a root has itself as parent.
    private(set) var roots: [String: ItemID] = [:]
    private(set) var driveOfRoot: [ItemID: String] = [:]
    private(set) var usedBytes: Int64 = 0
    /// Ids whose record has changed since somebody asked; the store writes these.
    var changed: Set<ItemID> = []
    var removed: Set<ItemID> = []
    var recordsChanges = false

    subscript(id: ItemID) -> Item? { items[id] }

    mutating func addDrive(_ drive: String, root: ItemID, at time: Milliseconds) {
        roots[drive] = root
        driveOfRoot[root] = drive
        items[root] = Item(
            id: root, parent: root, name: Name("root"), kind: .folder, created: time, updated: time, touched: time)
        folders[root] = Folder()
    }

    func isRoot(_ id: ItemID) -> Bool { driveOfRoot[id] != nil }

    mutating func insert(_ item: Item) {
        items[item.id] = item
        if item.isFolder, folders[item.id] == nil { folders[item.id] = Folder() }
        if item.trashedAt != nil { trash.insert(item.id) }
        if Self.isListed(item) { folders[item.parent, default: Folder()].insert(item) }
        usedBytes += item.size
        note(item.id)
    }

    /// Many new available items of one folder at once.
    mutating func insert(_ batch: [Item], under parent: ItemID) {
        items.reserveCapacity(items.count + batch.count)
        for item in batch {
            items[item.id] = item
            usedBytes += item.size
            note(item.id)
        }
        folders[parent, default: Folder()].insert(batch)
    }

    /// Changes an item and keeps every index in step.
    mutating func update(_ id: ItemID, _ change: (inout Item) -> Void) {
        guard let old = items[id] else { return }
        var new = old
        change(&new)
        if Self.isListed(old), !isRoot(id) { folders[old.parent]?.remove(old) }
        items[id] = new
        if Self.isListed(new), !isRoot(id) { folders[new.parent]?.insert(new) }
        if new.trashedAt != nil { trash.insert(id) } else { trash.remove(id) }
        usedBytes += new.size - old.size
        note(id)
    }

    /// Removes an item and all below it for good.
    mutating func remove(_ id: ItemID) {
        guard let item = items[id], !isRoot(id) else { return }
        for child in everyChild(of: id) { remove(child) }
        if Self.isListed(item) { folders[item.parent]?.remove(item) }
        folders[id] = nil
        items[id] = nil
        trash.remove(id)
        uploading.remove(id)
        usedBytes -= item.size
        if recordsChanges {
            changed.remove(id)
            removed.insert(id)
        }
    }

    func children(of folder: ItemID) -> [ItemID] { folders[folder]?.ids ?? [] }
    func childCount(of folder: ItemID) -> Int { folders[folder]?.count ?? 0 }
    func named(_ name: Name, in folder: ItemID) -> [ItemID] { folders[folder]?.named(name) ?? [] }

    mutating func sorted(_ folder: ItemID, by order: ListOrder) -> [SortEntry] {
        let items = self.items
        return folders[folder]?.sorted(by: order) { items[$0] } ?? []
    }

    /// Visible children, and those trashed or still uploading whose parent this is.
    private func everyChild(of id: ItemID) -> [ItemID] {
        guard folders[id] != nil else { return [] }
        let hidden = unlisted.filter { items[$0]?.parent == id }
        return children(of: id) + hidden
    }

    private var unlisted: [ItemID] {
        trash.map { $0 } + uploading.map { $0 }
    }

    /// Placeholders of unfinished uploads.
    private(set) var uploading: Set<ItemID> = []

    private mutating func note(_ id: ItemID) {
        if let item = items[id], item.status == .uploading { uploading.insert(id) } else { uploading.remove(id) }
        if recordsChanges {
            removed.remove(id)
            changed.insert(id)
        }
    }

    private static func isListed(_ item: Item) -> Bool { item.status == .available && item.trashedAt == nil }
}

extension Tree {
    /// From the item up to, not including, the root; stops at a missing link.
    func ancestry(of id: ItemID) -> [Item] {
        var path: [Item] = []
        var current = id
        while let item = items[current], !isRoot(current) {
            path.append(item)
            current = item.parent
        }
        return path
    }

    /// True if the item or any folder above it is in the trash.
    func isInTrash(_ id: ItemID) -> Bool {
        var current = id
        while let item = items[current], !isRoot(current) {
            if item.trashedAt != nil { return true }
            current = item.parent
        }
        return false
    }

    /// The drive an item belongs to.
    func drive(of id: ItemID) -> String? {
        var current = id
        while let item = items[current] {
            if let drive = driveOfRoot[current] { return drive }
            current = item.parent
        }
        return nil
    }

    /// True if `id` is `folder` or lies below it.
    func contains(_ folder: ItemID, _ id: ItemID) -> Bool {
        id == folder || ancestry(of: id).contains { $0.parent == folder }
    }

    /// The first entry at a slash-separated path, or nil; "" and "/" are the root.
    func find(_ path: String, drive: String) -> ItemID? {
        guard var current = roots[drive] else { return nil }
        for part in path.split(separator: "/", omittingEmptySubsequences: true) {
            guard let next = named(Name(String(part)), in: current).first else { return nil }
            current = next
        }
        return current
    }
}
