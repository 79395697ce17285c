/// The condition of a search (contract 5.2), parsed.
indirect enum SearchQuery: Sendable {
    enum Comparison: String, Sendable {
        case equal = "="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case match
        case oneOf = "in"
    }

    case everything
    case text(field: String, Comparison, values: [String])
    /// Sizes, and times in milliseconds.
    case number(field: String, Comparison, values: [Int64])
    case not(SearchQuery)
    case both(SearchQuery, SearchQuery)
    case either(SearchQuery, SearchQuery)

    static let textFields: Set<String> = ["parent_file_id", "name", "type", "category", "file_extension"]
    static let numberFields: Set<String> = ["created_at", "updated_at", "size"]
    static let mostConditions = 5
    static let longest = 4096

    init(_ text: String) throws(APIError) {
        if text.unicodeScalars.count > Self.longest { throw SearchParser.bad("is too long") }
        var parser = try SearchParser(text)
        self = try parser.parse()
    }

    /// True if the item meets the condition. `parent` is how the item's parent is called on the wire.
    func admits(_ item: Item, parent: String) -> Bool {
        switch self {
        case .everything: true
        case .not(let query): !query.admits(item, parent: parent)
        case .both(let a, let b): a.admits(item, parent: parent) && b.admits(item, parent: parent)
        case .either(let a, let b): a.admits(item, parent: parent) || b.admits(item, parent: parent)
        case .text(let field, let comparison, let values):
            values.contains { Self.matches(item, parent: parent, field, comparison, $0) }
        case .number(let field, let comparison, let values):
            values.contains { Self.ordered(Self.number(item, field), comparison, $0) }
        }
    }

    private static func matches(
        _ item: Item, parent: String, _ field: String, _ comparison: Comparison, _ value: String
    ) -> Bool {
        switch field {
        case "name":
            if comparison == .match { return item.name.text.lowercased().contains(value.lowercased()) }
            return item.name == Name(value)
        case "type": return value == (item.isFolder ? "folder" : "file")
        case "parent_file_id": return value == parent
        case "file_extension": return !item.isFolder && value.lowercased() == item.name.fileExtension
        case "category": return !item.isFolder && value == State.category(of: item.name.fileExtension)
        default: return false
        }
    }

    private static func number(_ item: Item, _ field: String) -> Int64 {
        switch field {
        case "size": item.size
        case "created_at": item.created
        default: item.updated
        }
    }

    private static func ordered(_ value: Int64, _ comparison: Comparison, _ bound: Int64) -> Bool {
        switch comparison {
        case .equal, .oneOf: value == bound
        case .less: value < bound
        case .lessOrEqual: value <= bound
        case .greater: value > bound
        case .greaterOrEqual: value >= bound
        case .match: false
        }
    }
}

/// `not` binds tighter than `and`, `and` tighter than `or`.
struct SearchParser {
    private enum Token: Equatable {
        case word(String)
        case text(String)
        case symbol(String)
    }

    private var tokens: [Token] = []
    private var index = 0
    private var conditions = 0

    static func bad(_ why: String) -> APIError { .invalid("Query", "The query \(why).") }

    init(_ text: String) throws(APIError) {
        var rest = Substring(text)
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if first == "'" || first == "\"" {
                rest.removeFirst()
                guard let end = rest.firstIndex(of: first) else { throw Self.bad("has an open quote") }
                tokens.append(.text(String(rest[..<end])))
                rest = rest[rest.index(after: end)...]
            } else if let symbol = ["<=", ">=", "<", ">", "=", "(", ")", "[", "]", ","].first(where: rest.hasPrefix) {
                tokens.append(.symbol(symbol))
                rest.removeFirst(symbol.count)
            } else {
                let word = rest.prefix { $0.isLetter || $0.isNumber || "_-.:".contains($0) }
                guard !word.isEmpty else { throw Self.bad("has a character that means nothing") }
                tokens.append(.word(String(word)))
                rest.removeFirst(word.count)
            }
        }
    }

    mutating func parse() throws(APIError) -> SearchQuery {
        if tokens.isEmpty { return .everything }
        let query = try alternatives()
        guard index == tokens.count else { throw Self.bad("does not end where it should") }
        guard conditions <= SearchQuery.mostConditions else { throw Self.bad("has more than five conditions") }
        return query
    }

    private mutating func alternatives() throws(APIError) -> SearchQuery {
        var query = try conjunction()
        while take(.word("or")) { query = .either(query, try conjunction()) }
        return query
    }

    private mutating func conjunction() throws(APIError) -> SearchQuery {
        var query = try negation()
        while take(.word("and")) { query = .both(query, try negation()) }
        return query
    }

    private mutating func negation() throws(APIError) -> SearchQuery {
        if take(.word("not")) { return .not(try negation()) }
        if take(.symbol("(")) {
            let inner = try alternatives()
            guard take(.symbol(")")) else { throw Self.bad("lacks a parenthesis") }
            return inner
        }
        return try condition()
    }

    private mutating func condition() throws(APIError) -> SearchQuery {
        guard case .word(let field)? = next() else { throw Self.bad("lacks a field") }
        let comparison: SearchQuery.Comparison? =
            switch next() {
            case .symbol(let text), .word(let text): .init(rawValue: text)
            case .text, nil: nil
            }
        guard let comparison else { throw Self.bad("lacks an operator") }
        try check(field, comparison)
        conditions += 1
        let values = comparison == .oneOf ? try list() : [try value()]
        guard SearchQuery.numberFields.contains(field) else {
            return .text(field: field, comparison, values: values)
        }
        let numbers = values.compactMap { field == "size" ? Int64($0) : Timestamp.parse($0) }
        guard numbers.count == values.count else { throw Self.bad("compares \(field) with something else") }
        return .number(field: field, comparison, values: numbers)
    }

    private func check(_ field: String, _ comparison: SearchQuery.Comparison) throws(APIError) {
        let fits =
            switch comparison {
            case .match: field == "name"
            case .equal, .oneOf: SearchQuery.textFields.union(SearchQuery.numberFields).contains(field)
            case .less, .lessOrEqual, .greater, .greaterOrEqual: SearchQuery.numberFields.contains(field)
            }
        guard fits else { throw Self.bad("does not allow \(comparison.rawValue) for \(field)") }
    }

    private mutating func list() throws(APIError) -> [String] {
        guard take(.symbol("[")) else { throw Self.bad("lacks a list") }
        var values = [try value()]
        while take(.symbol(",")) { values.append(try value()) }
        guard take(.symbol("]")) else { throw Self.bad("lacks the end of a list") }
        return values
    }

    private mutating func value() throws(APIError) -> String {
        switch next() {
        case .text(let text), .word(let text): return text
        case .symbol, nil: throw Self.bad("lacks a value")
        }
    }

    private mutating func next() -> Token? {
        guard index < tokens.count else { return nil }
        defer { index += 1 }
        return tokens[index]
    }

    private mutating func take(_ token: Token) -> Bool {
        guard index < tokens.count, tokens[index] == token else { return false }
        index += 1
        return true
    }
}
