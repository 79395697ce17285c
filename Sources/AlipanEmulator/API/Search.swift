extension State {
    mutating func search(_ call: Call) throws(APIError) -> JSON {
        let asked = try call.decode(ListFields.self)
        let drive = try self.drive(asked.driveId, call)
        let limit = try pageLimit(asked.limit ?? 100)
        let (order, descending) = try Self.searchOrder(asked.orderBy)
        // With a marker the query is ignored: the marker has brought its own.
        var text = asked.query ?? ""
        var marker: String?
        if let given = asked.marker, !given.isEmpty {
            guard let halves = Base64.decode(given).map({ String(decoding: $0, as: UTF8.self) }),
                let split = halves.firstIndex(of: "\n")
            else { throw .invalid("Marker", "") }
            marker = String(halves[..<split])
            text = String(halves[halves.index(after: split)...])
        }
        let query = try SearchQuery(text)
        let newest = call.now - Milliseconds(switches.searchLagMs)
        let found = tree.items.values.filter { item in
            item.status == .available && (switches.searchLagMs == 0 || item.touched <= newest)
                && !tree.isRoot(item.id) && query.admits(item, parent: idText(item.parent))
                && tree.drive(of: item.id) == drive && !tree.isInTrash(item.id)
        }
        var page = try page(
            of: found, order: order, descending: descending, limit: limit, marker: marker, scope: "search-\(drive)",
            call)
        page = withQuery(text, in: page)
        if asked.returnTotalCount == true { page.append("total_count", .number(found.count)) }
        return page
    }

    private func withQuery(_ query: String, in page: JSON) -> JSON {
        .object(
            page.fields.map { field in
                guard field.key == "next_marker", case .string(let marker) = field.value, !marker.isEmpty else {
                    return field
                }
                return JSON.Field(field.key, .string(Base64.encode(Array((marker + "\n" + query).utf8))))
            })
    }

    /// One string, `"updated_at DESC"`, unlike a listing's two fields (contract 5.2).
    private static func searchOrder(_ text: String?) throws(APIError) -> (ListOrder, descending: Bool) {
        guard let text, !text.isEmpty else { return (.createdAt, false) }
        let words = text.split(separator: " ").map(String.init)
        guard words.count <= 2, words[0] != ListOrder.nameEnhanced.rawValue else {
            throw .invalid("OrderBy", "should be a field and a direction")
        }
        return try order(words[0], words.count == 2 ? words[1] : nil)
    }
}
