import Testing

/// Records an issue when `body` does not throw.
func fails(_ words: String, _ body: () async throws -> Void) async {
    do {
        try await body()
        Issue.record("\(words): no error")
    } catch {
        return
    }
}
