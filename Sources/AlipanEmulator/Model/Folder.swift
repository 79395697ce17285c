/// The orders a listing can have (contract 5.1).
enum ListOrder: String, Sendable, CaseIterable {
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    case name
    case size
    case nameEnhanced = "name_enhanced"
}

/// An item's place in one order. Ties are broken by name and id, so that every order is total.
struct SortEntry: Sendable {
    var number: Int64
    var name: Name
    var id: ItemID

    init(_ item: Item, order: ListOrder) {
        number =
            switch order {
            case .createdAt: item.created
            case .updatedAt: item.updated
            case .size: item.size
            case .name, .nameEnhanced: 0
            }
        name = item.name
        id = item.id
    }

    init(number: Int64, name: Name, id: ItemID) {
        self.number = number
        self.name = name
        self.id = id
    }

    static func precedes(_ a: SortEntry, _ b: SortEntry, in order: ListOrder) -> Bool {
        if a.number != b.number { return a.number < b.number }
        let names = order == .nameEnhanced ? Name.compareEnhanced(a.name, b.name) : Name.compare(a.name, b.name)
        return names != 0 ? names < 0 : a.id < b.id
    }
}

/// The visible children of one folder, sorted in every order somebody has asked for.
struct Folder: Sendable {
    /// Always kept: it answers "is this name taken".
    private(set) var byName: [SortEntry] = []
    private var others: [ListOrder: [SortEntry]] = [:]

    var count: Int { byName.count }
    var ids: [ItemID] { byName.map(\.id) }

    mutating func insert(_ item: Item) {
        Self.insert(SortEntry(item, order: .name), into: &byName, order: .name)
        for order in Array(others.keys) {
            Self.insert(SortEntry(item, order: order), into: &others[order, default: []], order: order)
        }
    }

    /// Many at once; sorts once.
    mutating func insert(_ items: [Item]) {
        byName.append(contentsOf: items.map { SortEntry($0, order: .name) })
        byName.sort { SortEntry.precedes($0, $1, in: .name) }
        others = [:]
    }

    /// `item` as it was when it was inserted.
    mutating func remove(_ item: Item) {
        Self.remove(SortEntry(item, order: .name), from: &byName, order: .name)
        for order in Array(others.keys) {
            Self.remove(SortEntry(item, order: order), from: &others[order, default: []], order: order)
        }
    }

    mutating func sorted(by order: ListOrder, items: (ItemID) -> Item?) -> [SortEntry] {
        if order == .name { return byName }
        if let ready = others[order] { return ready }
        var entries = byName.compactMap { entry in items(entry.id).map { SortEntry($0, order: order) } }
        entries.sort { SortEntry.precedes($0, $1, in: order) }
        others[order] = entries
        return entries
    }

    /// The ids of everything called `name`, oldest id order.
    func named(_ name: Name) -> [ItemID] {
        let lowest = SortEntry(number: 0, name: name, id: ItemID(raw: Bytes20(0, 0, 0)))
        var index = Self.position(of: lowest, in: byName, order: .name)
        var found: [ItemID] = []
        while index < byName.count, byName[index].name == name {
            found.append(byName[index].id)
            index += 1
        }
        return found
    }

    /// The first index whose entry does not precede `entry`.
    static func position(of entry: SortEntry, in list: [SortEntry], order: ListOrder) -> Int {
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if SortEntry.precedes(list[middle], entry, in: order) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func insert(_ entry: SortEntry, into list: inout [SortEntry], order: ListOrder) {
        list.insert(entry, at: position(of: entry, in: list, order: order))
    }

    private static func remove(_ entry: SortEntry, from list: inout [SortEntry], order: ListOrder) {
        let index = position(of: entry, in: list, order: order)
        if index < list.count, list[index].id == entry.id { list.remove(at: index) }
    }
}
