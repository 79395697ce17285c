/// What was removed from a listing a moment ago and is still shown, and what was added and is not shown yet.
struct Ghosts: Sendable {
    private var hiddenUntil: [ItemID: Milliseconds] = [:]
    private var departed: [(item: Item, until: Milliseconds)] = []

    mutating func added(_ id: ItemID, visibleAt: Milliseconds) { hiddenUntil[id] = visibleAt }
    mutating func left(_ item: Item, until: Milliseconds) { departed.append((item, until)) }

    mutating func settle(now: Milliseconds) {
        if !hiddenUntil.isEmpty { hiddenUntil = hiddenUntil.filter { $0.value > now } }
        departed.removeAll { $0.until <= now }
    }

    func hides(_ id: ItemID) -> Bool { hiddenUntil[id] != nil }

    /// As they were, for the folder they were in.
    func items(in folder: ItemID) -> [Item] { departed.map(\.item).filter { $0.parent == folder } }
}

/// Where a listing goes on: the sort key and id of the last entry, with what the listing was about (contract 5.1).
///
/// Changes between two pages can therefore skip or repeat entries, as with the service.
struct Marker {
    var scope: String
    var entry: SortEntry

    var text: String {
        let name = Hex.encode(entry.name.text.utf8)
        let plain = [scope, String(entry.number), name, entry.id.text].joined(separator: "|")
        return Base64.encode(Array(plain.utf8))
    }

    init(scope: String, entry: SortEntry) {
        self.scope = scope
        self.entry = entry
    }

    /// Before the first entry of any listing.
    static func start(scope: String, descending: Bool) -> Marker {
        let edge = SortEntry(
            number: descending ? .max : .min, name: Name(""), id: ItemID(raw: Bytes20(0, 0, 0)))
        return Marker(scope: scope, entry: edge)
    }

    /// Throws for a marker of another listing, or one that was never a marker.
    init(_ text: String, scope: String) throws(APIError) {
        let stale = APIError(400, "InvalidParameter.Marker", "The input parameter marker is not valid.")
        let parts = Base64.decode(text).map { String(decoding: $0, as: UTF8.self) }?.split(
            separator: "|", omittingEmptySubsequences: false)
        guard let parts, parts.count == 4, parts[0] == scope, let number = Int64(parts[1]),
            let name = Hex.decode(String(parts[2])), let id = ItemID(String(parts[3]))
        else { throw stale }
        self.scope = scope
        entry = SortEntry(number: number, name: Name(String(decoding: name, as: UTF8.self)), id: id)
    }
}

struct ListFields: Decodable {
    var driveId: String?
    var parentFileId: String?
    var limit: Int?
    var marker: String?
    var orderBy: String?
    var orderDirection: String?
    var type: String?
    var category: String?
    var fields: String?
    var query: String?
    var returnTotalCount: Bool?
}

extension State {
    mutating func list(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(ListFields.self)
        let drive = try self.drive(asked.driveId, call)
        let folder = try self.folder(asked.parentFileId, in: drive)
        let limit = try pageLimit(asked.limit)
        let (order, descending) = try Self.order(asked.orderBy, asked.orderDirection)
        let filter = try Self.filter(asked)
        let scope = "\(folder.id.text)-\(order.rawValue)-\(descending)-\(asked.type ?? "")-\(asked.category ?? "")"

        let entries = tree.sorted(folder.id, by: order)
        var index = descending ? entries.count - 1 : 0
        let isFirst = (asked.marker ?? "").isEmpty
        if !isFirst {
            let marker = try Marker(asked.marker ?? "", scope: scope)
            let place = Folder.position(of: marker.entry, in: entries, order: order)
            let found = place < entries.count && entries[place].id == marker.entry.id
            index = descending ? place - 1 : place + (found ? 1 : 0)
        }
        if switches.pages == .empty, !pageCounter.isMultiple(of: 2), entries.indices.contains(index) {
            return page([], next: isFirst ? Marker.start(scope: scope, descending: descending).text : asked.marker)
        }
        var items = isFirst ? strays(of: folder.id).filter(filter) : []
        var last: SortEntry?
        while items.count < limit, entries.indices.contains(index) {
            let entry = entries[index]
            last = entry
            index += descending ? -1 : 1
            if let item = tree[entry.id], !ghosts.hides(entry.id), filter(item) { items.append(item) }
        }
        let next = entries.indices.contains(index) ? last.map { Marker(scope: scope, entry: $0).text } : nil
        return page(items.map { json($0, at: .list, call, fields: asked.fields) }, next: next)
    }

    /// Entries that do not belong in the listing, but that the switches let slip into its first page.
    private func strays(of folder: ItemID) -> [Item] {
        var strays = ghosts.items(in: folder)
        if switches.listShowsTrashed {
            strays += tree.trash.sorted().compactMap { tree[$0] }.filter { $0.parent == folder }
        }
        return strays
    }

    /// How many entries this page will have, after the quirks of contract 5.1.
    mutating func pageLimit(_ asked: Int?) throws(APIError) -> Int {
        let limit = asked ?? 50
        guard limit >= 1, limit <= switches.listLimitMax else {
            throw .invalid("Limit", "limit should be between 1 and \(switches.listLimitMax)")
        }
        pageCounter += 1
        switch switches.pages {
        case .full, .empty: return limit
        case .short: return max(1, limit / 2)
        }
    }

    func page(_ items: [JSON], next: String?) -> JSON {
        var page: JSON = ["items": .array(items)]
        if let next {
            page.append("next_marker", .string(next))
            return page
        }
        switch switches.lastMarker {
        case .empty: page.append("next_marker", "")
        case .null: page.append("next_marker", .null)
        case .missing: break
        }
        return page
    }

    static func order(_ by: String?, _ direction: String?) throws(APIError) -> (ListOrder, descending: Bool) {
        guard let order = ListOrder(rawValue: by ?? ListOrder.createdAt.rawValue) else {
            throw .invalid("OrderBy", "unknown order")
        }
        switch direction ?? "ASC" {
        case "ASC": return (order, false)
        case "DESC": return (order, true)
        default: throw .invalid("OrderDirection", "should be ASC or DESC")
        }
    }

    static func filter(_ asked: ListFields) throws(APIError) -> (Item) -> Bool {
        let categories = Set((asked.category ?? "").split(separator: ",").map(String.init))
        switch asked.type ?? "all" {
        case "folder": return { $0.isFolder }
        case "file", "all":
            let filesOnly = asked.type == "file"
            return { item in
                if filesOnly && item.isFolder { return false }
                return categories.isEmpty
                    || !item.isFolder && categories.contains(category(of: item.name.fileExtension))
            }
        default: throw .invalid("Type", "should be all, file or folder")
        }
    }
}
