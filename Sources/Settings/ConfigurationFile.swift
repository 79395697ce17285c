import SystemPackage
import TOMLKit

/// The TOML file: keys at its top hold for every profile, the keys of a table for the profile of that name.
///
/// ```toml
/// streams = 3
/// [default]
/// drive = "resource"
/// ```
struct ConfigurationFile: Sendable {
    struct Layer: Sendable {
        let origin: Origin
        /// In the order of the names, so that of several mistakes always the same is told.
        let values: [(key: String, given: Given)]
    }

    /// From the weaker to the stronger: the shared keys, then the profile's.
    let layers: [Layer]

    /// Only the shared keys and this profile's are looked at: a mistake in another profile does not stop this one.
    init(text: String, named path: String, profile: String) throws(SettingsError) {
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            let line = error.description.split(whereSeparator: \.isNewline).first ?? "not TOML"
            throw SettingsError("\(path): line \(error.source.begin.line): \(Given.shown(String(line)))")
        } catch {
            throw SettingsError("\(path): not a TOML file")
        }
        var layers = [Self.layer(of: table, .file(path, profile: nil), leaving: .table)]
        if let entry = table[profile], Setting.named(profile) == nil {
            guard let own = entry.table else {
                throw SettingsError("\(path): \(profile): must be a table of options, written [\(profile)]")
            }
            layers.append(Self.layer(of: own, .file(path, profile: profile), leaving: nil))
        }
        self.layers = layers
    }

    private static func layer(of table: TOMLTable, _ origin: Origin, leaving left: TOMLType?) -> Layer {
        let values = table.keys.sorted().compactMap { key -> (key: String, given: Given)? in
            // A table at the top that is named like an option is a mistake worth telling, not a profile.
            guard let value = table[key], value.type != left || Setting.named(key) != nil else { return nil }
            return (key, given(value))
        }
        return Layer(origin: origin, values: values)
    }

    private static func given(_ value: any TOMLValueConvertible) -> Given {
        switch value.type {
        case .string: value.string.map(Given.string) ?? .other("a string")
        case .int: value.int.map(Given.whole) ?? .other("a number")
        case .double: value.double.map(Given.fraction) ?? .other("a number")
        case .bool: value.bool.map(Given.truth) ?? .other("a truth value")
        case .array: value.array.flatMap(strings).map(Given.list) ?? .other("a list of other things than strings")
        case .table: .other("a table")
        case .date, .time, .dateTime: .other("a date or time")
        }
    }

    private static func strings(_ array: TOMLArray) -> [String]? {
        let strings = array.map { $0.type == .string ? $0.string : nil }
        return strings.contains(nil) ? nil : strings.compactMap { $0 }
    }
}

extension ConfigurationFile {
    /// Bytes; a configuration has a few hundred.
    private static let largest = 1 << 20

    /// nil when there is no file and it was not asked for by name.
    static func load(
        _ path: FilePath, required: Bool, profile: String
    ) throws(SettingsError) -> ConfigurationFile? {
        let text: String
        do {
            text = try path.readText(atMost: largest)
        } catch {
            if error == .noSuchFileOrDirectory && !required { return nil }
            throw SettingsError("\(path): cannot be read (\(error.words))")
        }
        return try ConfigurationFile(text: text, named: path.string, profile: profile)
    }
}
