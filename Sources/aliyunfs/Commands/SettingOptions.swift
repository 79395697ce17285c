import ArgumentParser
import Settings

/// The options of the table `Setting.mount` as flags of the command line.
///
/// The parser finds the options of a type by reflection and fills them by decoding. Both are answered here from the
/// table, so that an option is named in one place only.
struct SettingOptions: ParsableArguments, CustomReflectable {
    /// Those that were given, by the name of the setting.
    private(set) var given: [String: Given] = [:]

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        for setting in Setting.mount {
            let name = Name(stringValue: setting.name)
            switch setting.form {
            case .flag:
                given[setting.name] = try container.decode(Flag<Bool?>.self, forKey: name).wrappedValue.map(Given.truth)
            case .value:
                given[setting.name] = try container.decode(Option<String?>.self, forKey: name).wrappedValue.map(
                    Given.word)
            case .list:
                let items = try container.decode(Option<[String]>.self, forKey: name).wrappedValue
                given[setting.name] = items.isEmpty ? nil : .list(items)
            }
        }
    }

    var customMirror: Mirror {
        let children = Setting.mount.map { (label: Optional($0.name), value: Self.definition(of: $0)) }
        return Mirror(self, children: children)
    }

    private static func definition(of setting: Setting) -> Any {
        let standard = setting.standard.flatMap { $0.isEmpty ? nil : " (default: \($0))" } ?? ""
        let text = setting.help + standard
        let name = NameSpecification.customLong(setting.name)
        switch setting.form {
        case .flag:
            return Flag<Bool?>(name: name, inversion: .prefixedNo, help: ArgumentHelp(stringLiteral: text))
        case .value(let word):
            return Option<String?>(
                name: name, help: ArgumentHelp(text, valueName: word), completion: completion(of: word))
        case .list(let word):
            return Option<[String]>(
                wrappedValue: [],
                name: name, parsing: .singleValue, help: ArgumentHelp(text, valueName: word),
                completion: completion(of: word))
        }
    }

    private static func completion(of word: String) -> CompletionKind? {
        if word.contains("|") { return .list(word.split(separator: "|").map(String.init)) }
        return word == "PATH" || word == "FILE" ? .file() : nil
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }
}
