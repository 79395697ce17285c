import SystemPackage

/// Makes a typed value of what a source gave, or refuses it.
struct Reader<Value: Sendable>: Sendable {
    let form: Setting.Form
    /// What is allowed, as the rest of a sentence that begins with "use".
    let allowed: String
    let read: @Sendable (Given, Surroundings) -> Value?

    init(_ form: Setting.Form, allowed: String, _ read: @escaping @Sendable (Given, Surroundings) -> Value?) {
        self.form = form
        self.allowed = allowed
        self.read = read
    }

    /// A reader of text alone, in whichever way it came.
    init(text form: Setting.Form, allowed: String, _ read: @escaping @Sendable (String) -> Value?) {
        self.init(form, allowed: allowed) { given, _ in given.text.flatMap(read) }
    }

    var optional: Reader<Value?> {
        Reader<Value?>(form, allowed: allowed) { given, surroundings in
            // Two levels on purpose: nil outside is "refused".
            read(given, surroundings).map(Optional.some)
        }
    }
}

extension Given {
    /// The text of a word or a string; nil for the other types.
    var text: String? {
        switch self {
        case .word(let text), .string(let text): text
        case .whole, .fraction, .truth, .list, .other: nil
        }
    }
}

extension Reader where Value == Bool {
    static let flag = Reader(.flag, allowed: "true or false") { given, _ in
        switch given {
        case .truth(let truth): truth
        case .word(let word):
            [
                "on": true, "true": true, "yes": true, "1": true,
                "off": false, "false": false, "no": false, "0": false,
            ][word.lowercased()]
        case .string, .whole, .fraction, .list, .other: nil
        }
    }
}

extension Reader where Value == String {
    static let text = Reader(text: .value("TEXT"), allowed: "a text without spaces") { text in
        text.isEmpty || text.utf8.contains { $0 <= 0x20 || $0 == 0x7f } ? nil : text
    }

    static let drivePath = Reader(text: .value("PATH"), allowed: "an absolute path on the drive") { text in
        let names = text.split(separator: "/")
        guard text.hasPrefix("/"), !text.utf8.contains(0), !names.contains("."), !names.contains("..") else {
            return nil
        }
        return "/" + names.joined(separator: "/")
    }

    static let address = Reader(
        text: .value("URL"), allowed: "an address such as https://example.org/path (http only for this machine itself)"
    ) { WebAddress.checked($0) }
}

extension Reader where Value == [String] {
    static let hosts = Reader(.list("HOST"), allowed: "host names such as example.org, separated by commas") {
        given, _ in
        let items: [String]
        switch given {
        case .word(let text), .string(let text): items = text.split(separator: ",").map(String.init)
        case .list(let list): items = list.flatMap { $0.split(separator: ",").map(String.init) }
        case .whole, .fraction, .truth, .other: return nil
        }
        let hosts = items.map { WebAddress.checkedHost($0.trimmingWhitespace()) }
        return hosts.contains(nil) ? nil : hosts.compactMap { $0 }
    }
}

extension Reader where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static func choice() -> Reader {
        let words = Value.allCases.map(\.rawValue)
        return Reader(text: .value(words.joined(separator: "|")), allowed: "one of " + words.joined(separator: ", ")) {
            Value(rawValue: $0)
        }
    }
}

extension Reader where Value == FilePath {
    static let path = Reader(.value("PATH"), allowed: "a path (in the configuration file an absolute one or ~/…)") {
        given, surroundings in
        switch given {
        case .word(let text): surroundings.path(text, relative: true)
        case .string(let text): surroundings.path(text, relative: false)
        case .whole, .fraction, .truth, .list, .other: nil
        }
    }
}

extension Reader where Value == MountSettings.TokenSource {
    static let tokenSource = Reader(
        .value("FILE"), allowed: "the path of a file that holds the token, or - for standard input"
    ) { given, surroundings in
        if given.text == "-" { return .standardInput }
        // A token given in place of its file would end up in the process list and in messages.
        if let text = given.text, RefreshToken.resembles(text), !text.contains("/") { return nil }
        return Reader<FilePath>.path.read(given, surroundings).map { .file($0) }
    }
}
