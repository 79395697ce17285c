/// Where a value came from: what a message has to name so that a user finds the mistake.
public enum Origin: Hashable, Sendable {
    case standard
    /// `profile` is nil for the shared keys at the top of the file.
    case file(String, profile: String?)
    case environment
    case mountOption
    case flag

    /// Where to look and the option's name as it is written there.
    func naming(_ setting: String) -> String {
        switch self {
        case .standard: "default of \(setting)"
        case .file(let path, nil): "\(path): \(setting)"
        case .file(let path, let profile?): "\(path): [\(profile)] \(setting)"
        case .environment, .flag: spelling(setting)
        case .mountOption: "-o \(spelling(setting))"
        }
    }

    /// The option's name as it is written at this place.
    func spelling(_ setting: String) -> String {
        switch self {
        case .standard, .file: setting
        case .environment: Setting.environmentName(of: setting)
        case .mountOption: setting.replacing("-", with: "_")
        case .flag: "--\(setting)"
        }
    }
}

/// A mistake in options, environment or configuration file: one line, without secrets. Exit status 64.
public struct SettingsError: Error, Hashable, Sendable {
    public let message: String

    public init(_ message: String) { self.message = message }

    static func value(_ given: Given, of setting: String, from origin: Origin, allowed: String) -> SettingsError {
        SettingsError("\(origin.naming(setting)): \(given.description) is not allowed; use \(allowed)")
    }

    static func unknown(_ name: String, from origin: Origin) -> SettingsError {
        let guess = Spelling.nearest(to: name.replacing("_", with: "-"), among: Setting.mount.map(\.name))
            .map { "; did you mean \(origin.spelling($0))?" }
        let hint = guess ?? "; 'aliyunfs help mount' lists what there is"
        return SettingsError("\(origin.naming(Given.shown(name))): unknown option\(hint)")
    }
}
