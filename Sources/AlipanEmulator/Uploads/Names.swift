/// Names and what is done when one is taken (contract 7.2, 7.3).
extension State {
    func checkedName(_ text: String?) throws(APIError) -> Name {
        let name = Name(try required(text, "name"))
        if let complaint = name.complaint { throw .invalid("Name", "The name \(complaint).") }
        return name
    }

    func nameMode(_ text: String) throws(APIError) -> Switches.NameMode {
        guard let mode = Switches.NameMode(rawValue: text) else {
            throw .invalid("CheckNameMode", "should be refuse, ignore or auto_rename")
        }
        return mode
    }

    /// Who has the name in a folder, placeholders and `except` apart.
    func taken(_ name: Name, in folder: ItemID, except: ItemID? = nil) -> Item? {
        if switches.nameCheckIgnoresCase {
            let folded = name.folded
            return tree.children(of: folder).lazy.compactMap { tree[$0] }.first {
                $0.name.folded == folded && $0.id != except
            }
        }
        return tree.named(name, in: folder).first { $0 != except }.flatMap { tree[$0] }
    }

    /// A name nobody has, made from one that somebody has.
    func freeName(like name: Name, in folder: ItemID, _ call: Call) -> Name {
        let ending = name.fileExtension
        let stem = ending.isEmpty ? name.text : String(name.text.dropLast(ending.count + 1))
        let tail = ending.isEmpty ? "" : "." + String(name.text.suffix(ending.count))
        switch switches.autoRename {
        case .timestamp: return Name("\(stem)_\(Timestamp.compact(call.now))\(tail)")
        case .counter:
            var number = 1
            while taken(Name("\(stem)(\(number))\(tail)"), in: folder) != nil { number += 1 }
            return Name("\(stem)(\(number))\(tail)")
        }
    }

    /// Bookkeeping of visibility: an item has come into its folder, …
    mutating func appeared(_ id: ItemID, now: Milliseconds) {
        if switches.visibilityDelayMs > 0 {
            ghosts.added(id, visibleAt: now + Milliseconds(switches.visibilityDelayMs))
        }
        if switches.updatedAtOfParent, let parent = tree[id]?.parent { tree.update(parent) { $0.updated = now } }
    }

    /// … or is about to leave it.
    mutating func leaving(_ item: Item, now: Milliseconds) {
        if switches.visibilityDelayMs > 0 {
            ghosts.left(item, until: now + Milliseconds(switches.visibilityDelayMs))
        }
        if switches.updatedAtOfParent { tree.update(item.parent) { $0.updated = now } }
    }
}
