/// Entries that come from elsewhere than the API: seeds and tests.
extension State {
    @discardableResult
    mutating func insertFolder(_ name: Name, into parent: ItemID, now: Milliseconds) -> ItemID {
        let item = Item(
            id: newID(), parent: parent, name: name, kind: .folder, created: now, updated: now, touched: now)
        tree.insert(item)
        return item.id
    }

    @discardableResult
    mutating func insertFile(
        _ name: Name, into parent: ItemID, content: Content, localModified: String? = nil, now: Milliseconds
    ) -> ItemID {
        var item = Item(id: newID(), parent: parent, name: name, kind: .file, created: now, updated: now, touched: now)
        item.setContent(content)
        item.more.localModified = localModified
        item.more.localCreated = localModified
        learn(content)
        tree.insert(item)
        return item.id
    }

    /// The size a listing shows is that of the parts together, and no download has it (contract 6.6).
    @discardableResult
    mutating func insertLivePhoto(
        _ name: Name, into parent: ItemID, streams: [Item.Stream], now: Milliseconds
    ) -> ItemID {
        var item = Item(id: newID(), parent: parent, name: name, kind: .file, created: now, updated: now, touched: now)
        item.more.streams = streams
        item.size = streams.reduce(0) { $0 + $1.content.size } + 1
        for stream in streams { learn(stream.content) }
        tree.insert(item)
        return item.id
    }

    /// The folder at a path, made as far as it does not exist.
    mutating func makeFolders(_ path: [String], drive: String, now: Milliseconds) throws(ControlError) -> ItemID {
        guard var current = tree.roots[drive] else { throw ControlError("no drive is called \(drive)") }
        for part in path {
            let name = Name(part)
            let there = tree.named(name, in: current).first { tree[$0]?.isFolder == true }
            current = there ?? insertFolder(name, into: current, now: now)
        }
        return current
    }
}

/// A control command that cannot be carried out.
public struct ControlError: Error, Sendable, CustomStringConvertible {
    public var description: String
    init(_ description: String) { self.description = description }
}
