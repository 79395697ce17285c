import MetadataStore

/// Drafts by something of which each has one at most. So that thousands need not be looked through for one.
struct DraftIndex<Key: Hashable & Sendable>: Sendable {
    private var ids: [Key: Set<DraftID>] = [:]
    private var keys: [DraftID: Key] = [:]

    var isEmpty: Bool { ids.isEmpty }
    subscript(key: Key) -> Set<DraftID> { ids[key] ?? [] }

    /// `nil` takes the draft out.
    mutating func set(_ id: DraftID, to key: Key?) {
        if let old = keys.removeValue(forKey: id) {
            ids[old]?.remove(id)
            if ids[old]?.isEmpty == true { ids[old] = nil }
        }
        guard let key else { return }
        keys[id] = key
        ids[key, default: []].insert(id)
    }
}
