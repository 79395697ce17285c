/// Where the state is kept over restarts.
final class Store: Sendable {
    init(directory: String) throws {}
    func load(into state: inout State, files: ContentFiles) throws -> Bool { true }
    func compact(_ state: inout State) throws {}
    func save(_ state: inout State) {}
    func close() {}
}
