/// Finds the word somebody probably meant.
enum Spelling {
    /// The nearest of `words` within two slips of a finger (one for short words); nil when none is near.
    static func nearest(to word: String, among words: [String]) -> String? {
        guard word.utf8.count <= 40 else { return nil }
        let bound = word.utf8.count <= 4 ? 1 : 2
        let ranked = words.map { (slips: distance(word, $0), word: $0) }.filter { $0.slips <= bound }
        return ranked.min { ($0.slips, $0.word) < ($1.slips, $1.word) }?.word
    }

    /// Insertions, removals and replacements that turn one word into the other.
    private static func distance(_ a: String, _ b: String) -> Int {
        let b = Array(b.utf8)
        var row = Array(0...b.count)
        for (i, letter) in a.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in b.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
