/// Makes foreign text fit for logs, errors and `status`: one line, short, nothing secret.
enum Redaction {
    private static let longest = 300
    /// Tokens and signed queries are far longer than any word; ids of the drive are 40 digits.
    private static let longestWord = 64

    static func clean(_ text: String) -> String {
        let words = text.split(whereSeparator: { $0.isWhitespace || $0.isNewline }).map(word)
        let line = words.joined(separator: " ").unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
        let clean = String(String.UnicodeScalarView(line))
        return clean.count <= longest ? clean : clean.prefix(longest) + "…"
    }

    private static func word(_ word: Substring) -> String {
        var shown = word
        // The query of an address holds its signature, a JWT starts as base64 of `{"`.
        if shown.contains("://"), let query = shown.firstIndex(of: "?") { shown = shown[..<query] + "?…" }
        if let token = shown.firstRange(of: "eyJ") { shown = shown[..<token.lowerBound] + "…" }
        // Chinese text has no spaces and is no token.
        let isSecretive = shown.utf8.count > longestWord && shown.utf8.allSatisfy { $0 < 0x80 }
        return isSecretive ? shown.prefix(16) + "…" : String(shown)
    }
}
