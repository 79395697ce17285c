import Synchronization

/// Open handles by number. Numbers are never used twice in the life of a mount.
final class HandleTable<Item: Sendable>: Sendable {
    private struct State {
        var next: UInt64 = 1
        var items: [UInt64: Item] = [:]
    }

    private let state = Mutex(State())
    private let countMax: Int

    init(countMax: Int) { self.countMax = countMax }

    /// The number under which `item` is kept; `nil` when too many are open.
    func add(_ item: Item) -> UInt64? {
        state.withLock { state in
            guard state.items.count < countMax else { return nil }
            defer { state.next += 1 }
            state.items[state.next] = item
            return state.next
        }
    }

    subscript(_ number: UInt64) -> Item? { state.withLock { $0.items[number] } }

    func remove(_ number: UInt64) -> Item? { state.withLock { $0.items.removeValue(forKey: number) } }

    var count: Int { state.withLock { $0.items.count } }
    var all: [Item] { state.withLock { Array($0.items.values) } }
}
