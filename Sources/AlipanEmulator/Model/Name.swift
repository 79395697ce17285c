/// A name on the drive, compared byte by byte: Swift's `String ==` takes NFC and NFD for equal, the drive does not.
struct Name: Hashable, Comparable, Sendable {
    var text: String

    init(_ text: String) { self.text = text }

    static func == (a: Name, b: Name) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
    static func < (a: Name, b: Name) -> Bool { compare(a, b) < 0 }

    func hash(into hasher: inout Hasher) {
        var copy = text
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Negative, zero or positive, as in memcmp.
    static func compare(_ a: Name, _ b: Name) -> Int {
        var left = a.text
        var right = b.text
        return left.withUTF8 { x in
            right.withUTF8 { y in
                for index in 0..<min(x.count, y.count) where x[index] != y[index] {
                    return x[index] < y[index] ? -1 : 1
                }
                return x.count - y.count
            }
        }
    }

    /// `name_enhanced`: runs of digits compare as numbers (contract 5.1).
    static func compareEnhanced(_ a: Name, _ b: Name) -> Int {
        let x = Array(a.text.utf8)
        let y = Array(b.text.utf8)
        var i = 0
        var j = 0
        while i < x.count, j < y.count {
            if isDigit(x[i]), isDigit(y[j]) {
                let left = digits(x, from: &i)
                let right = digits(y, from: &j)
                if left.count != right.count { return left.count - right.count }
                if !left.elementsEqual(right) { return left.lexicographicallyPrecedes(right) ? -1 : 1 }
            } else {
                if x[i] != y[j] { return x[i] < y[j] ? -1 : 1 }
                i += 1
                j += 1
            }
        }
        let rest = (x.count - i) - (y.count - j)
        return rest != 0 ? rest : compare(a, b)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private static func digits(_ bytes: [UInt8], from index: inout Int) -> ArraySlice<UInt8> {
        while index < bytes.count, bytes[index] == 48 { index += 1 }
        let start = index
        while index < bytes.count, isDigit(bytes[index]) { index += 1 }
        return bytes[start..<index]
    }

    /// What follows the last dot, in lower case; empty when there is none.
    var fileExtension: String {
        guard let dot = text.utf8.lastIndex(of: UInt8(ascii: ".")), dot != text.startIndex else { return "" }
        return String(text[text.utf8.index(after: dot)...]).lowercased()
    }

    /// The form by which a duplicate check without case finds the name, if that switch is on.
    var folded: Name { Name(text.lowercased()) }

    /// Why the drive refuses the name, or nil (contract 7.2).
    var complaint: String? {
        if text.isEmpty { return "is empty" }
        if text.utf8.count > 1024 { return "is longer than 1024 bytes" }
        if text.utf8.contains(UInt8(ascii: "/")) { return "contains a slash" }
        if text.utf8.contains(0) { return "contains a zero byte" }
        if text == "." || text == ".." { return "is reserved" }
        return nil
    }
}
