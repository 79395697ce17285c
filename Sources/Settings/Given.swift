/// One value as its source gave it, before a reader makes sense of it.
///
/// Words come from the command line, `-o` and the environment; the other cases keep the types of the TOML file, so
/// that `streams = "3"` can be refused while `--streams 3` is read.
public enum Given: Hashable, Sendable {
    case word(String)
    case string(String)
    case whole(Int)
    case fraction(Double)
    case truth(Bool)
    case list([String])
    /// Something no option takes, by the name of its type.
    case other(String)

    /// For messages: on one line, never long.
    public var description: String {
        switch self {
        case .word(let text), .string(let text): "'\(Self.shown(text))'"
        case .whole(let number): "\(number)"
        case .fraction(let number): "\(number)"
        case .truth(let truth): "\(truth)"
        case .list(let items): "[\(items.prefix(4).map { "'\(Self.shown($0))'" }.joined(separator: ", "))]"
        case .other(let type): type
        }
    }

    /// A user's text made fit for one line of a terminal. What may be a token is not shown at all.
    public static func shown(_ text: String) -> String {
        if RefreshToken.resembles(text) { return "(hidden)" }
        let line = shown(line: text)
        return line.count <= 60 ? line : line.prefix(57) + "..."
    }

    /// A message of another program or library made fit for one line of a terminal: words that may be tokens hidden.
    public static func shown(line text: String) -> String {
        let plain = String(String.UnicodeScalarView(text.unicodeScalars.map { isPlain($0) ? $0 : "?" }))
        let words = plain.split(separator: " ", omittingEmptySubsequences: false)
        return words.map { RefreshToken.resembles(String($0)) ? "(hidden)" : String($0) }.joined(separator: " ")
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
