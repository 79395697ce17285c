/// One option of `aliyunfs mount`: a row of the table that drives flag, environment, file key, help and default.
///
/// To add an option: a property in `MountSettings` and a row in `Setting.mount`. Nothing else knows the names.
public struct Setting: Sendable {
    public enum Form: Hashable, Sendable {
        /// `--name WORD`; the word stands in the help.
        case value(String)
        /// `--name` and `--no-name`.
        case flag
        /// May be repeated, and takes comma lists.
        case list(String)
    }

    /// With `-` between words; also the key in the file.
    public let name: String
    public let form: Form
    public let help: String
    /// In the words a user would write; nil when there is none or it is computed.
    public let standard: String?

    private let reading: @Sendable (inout MountSettings, Given, Surroundings) -> Bool
    private let allowed: String

    init<Value: Sendable>(
        _ name: String, _ property: any WritableKeyPath<MountSettings, Value> & Sendable, _ reader: Reader<Value>,
        default standard: String? = nil, _ help: String
    ) {
        self.name = name
        self.form = reader.form
        self.help = help
        self.standard = standard
        self.allowed = reader.allowed
        self.reading = { settings, given, surroundings in
            guard let value = reader.read(given, surroundings) else { return false }
            settings[keyPath: property] = value
            return true
        }
    }

    init<Value: Sendable>(
        _ name: String, _ property: any WritableKeyPath<MountSettings, Value?> & Sendable, _ reader: Reader<Value>,
        default standard: String? = nil, _ help: String
    ) {
        self.init(name, property, reader.optional, default: standard, help)
    }

    func apply(
        _ given: Given, from origin: Origin, to settings: inout MountSettings, _ surroundings: Surroundings
    ) throws(SettingsError) {
        guard reading(&settings, given, surroundings) else {
            throw .value(given, of: name, from: origin, allowed: allowed)
        }
    }

    /// `ALIYUNFS_` and the name in upper case, `-` as `_`.
    public var environmentName: String { Self.environmentName(of: name) }

    static func environmentName(of name: String) -> String {
        "ALIYUNFS_" + name.uppercased().replacing("-", with: "_")
    }

    public static func named(_ name: String) -> Setting? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: mount.map { ($0.name, $0) })
}
