import SystemPackage

/// What a mount was asked for, before it is checked.
public struct MountRequest: Hashable, Sendable {
    public var mountPoint: String
    public var profile: String?
    /// `--config`; nil reads the default file where there is one.
    public var configurationFile: String?
    /// By the name of the setting.
    public var flags: [String: Given] = [:]
    /// As given to `-o`, one element for each.
    public var mountOptions: [String] = []

    public init(mountPoint: String) { self.mountPoint = mountPoint }

    public init(_ invocation: MountInvocation) {
        mountPoint = invocation.mountPoint
        profile = invocation.profile
        mountOptions = invocation.options
    }
}

extension MountSettings {
    /// Puts the sources on top of each other, the weakest first: default, file (shared, then profile), environment,
    /// `-o`, flag. A mistake anywhere is told, also where a stronger source would have hidden it.
    public static func resolve(
        _ request: MountRequest, in surroundings: Surroundings
    ) throws(SettingsError) -> MountSettings {
        var settings = MountSettings()
        settings.profile = try profile(request, surroundings)
        for setting in Setting.mount {
            guard let standard = setting.standard else { continue }
            try setting.apply(.word(standard), from: .standard, to: &settings, surroundings)
        }
        if let file = try file(request, settings.profile, surroundings) {
            for layer in file.layers {
                for (key, given) in layer.values {
                    try settings.set(key, to: given, from: layer.origin, surroundings)
                }
            }
        }
        try settings.takeEnvironment(surroundings)
        try settings.takeTrustedRoots(surroundings)
        let options = try MountOptions(request.mountOptions)
        for option in options.own { try settings.set(option.name, to: option.given, from: .mountOption, surroundings) }
        settings.fuseOptions = options.fuse
        for (name, given) in request.flags.sorted(by: { $0.key < $1.key }) {
            try settings.set(name, to: given, from: .flag, surroundings)
        }
        try settings.complete(request, surroundings)
        return settings
    }

    private mutating func set(
        _ name: String, to given: Given, from origin: Origin, _ surroundings: Surroundings
    ) throws(SettingsError) {
        guard let setting = Setting.named(name) else { throw .unknown(name, from: origin) }
        try setting.apply(given, from: origin, to: &self, surroundings)
    }

    /// Variables that begin like ours and are none are refused, as keys and flags are; empty ones count as not set.
    private mutating func takeEnvironment(_ surroundings: Surroundings) throws(SettingsError) {
        let ours = surroundings.environment.filter { $0.key.hasPrefix("ALIYUNFS_") }
        for (variable, text) in ours.sorted(by: { $0.key < $1.key }) {
            if EnvironmentName.all.contains(variable) { continue }
            let name = variable.dropFirst("ALIYUNFS_".count).lowercased().replacing("_", with: "-")
            guard Setting.named(name)?.environmentName == variable else { throw .unknown(name, from: .environment) }
            if !text.isEmpty { try set(name, to: .word(text), from: .environment, surroundings) }
        }
    }

    /// As other programs do, an empty variable counts as not set.
    private mutating func takeTrustedRoots(_ surroundings: Surroundings) throws(SettingsError) {
        let variable = EnvironmentName.trustedRoots
        guard let text = surroundings.environment[variable], !text.isEmpty else { return }
        trustedRoots = surroundings.path(text, relative: true)
        if trustedRoots == nil {
            let shown = Given.word(text).description
            throw SettingsError("\(variable): \(shown) is not allowed; use the path of a PEM file")
        }
    }

    /// What no row can say alone.
    private mutating func complete(_ request: MountRequest, _ surroundings: Surroundings) throws(SettingsError) {
        guard let mountPoint = surroundings.path(request.mountPoint, relative: true) else {
            throw SettingsError("the mount point is missing; usage: aliyunfs mount [OPTIONS] MOUNTPOINT")
        }
        self.mountPoint = mountPoint
        if stateDir.isEmpty {
            guard let standard = surroundings.stateDirectory(profile: profile) else {
                throw SettingsError("this user has no home directory; name a place with --state-dir")
            }
            stateDir = standard
        }
        if (clientID == nil) != (clientSecretFile == nil) {
            throw SettingsError("--client-id and --client-secret-file belong together; give both or none")
        }
        if allowOther && allowRoot {
            throw SettingsError("--allow-other and --allow-root exclude each other; give one")
        }
        if rootPath != nil && rootFolderID != "root" {
            throw SettingsError("--root-path and --root-folder-id exclude each other; give one")
        }
    }

    private static func profile(_ request: MountRequest, _ surroundings: Surroundings) throws(SettingsError) -> String {
        let variable = surroundings.environment[EnvironmentName.profile].flatMap { $0.isEmpty ? nil : $0 }
        let name = request.profile ?? variable ?? "default"
        let allowed = name.utf8.allSatisfy { byte in
            byte < 0x80
                && (Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber
                    || "._-".utf8.contains(byte))
        }
        guard allowed, 1...64 ~= name.utf8.count, name.first?.isLetter == true || name.first?.isNumber == true else {
            let origin = request.profile != nil ? "--profile" : EnvironmentName.profile
            throw SettingsError(
                "\(origin): \(Given.word(name).description) is not allowed; use letters, digits, '.', '_' and '-', "
                    + "beginning with a letter or digit, at most 64")
        }
        return name
    }

    private static func file(
        _ request: MountRequest, _ profile: String, _ surroundings: Surroundings
    ) throws(SettingsError) -> ConfigurationFile? {
        let variable = surroundings.environment[EnvironmentName.config].flatMap { $0.isEmpty ? nil : $0 }
        if let named = request.configurationFile ?? variable {
            guard let path = surroundings.path(named, relative: true) else {
                throw SettingsError(
                    "--config: \(Given.word(named).description) is not allowed; use the path of a TOML file")
            }
            return try ConfigurationFile.load(path, required: true, profile: profile)
        }
        guard let path = surroundings.configurationFile else { return nil }
        return try ConfigurationFile.load(path, required: false, profile: profile)
    }
}

/// Variables of ours that are not rows of the table.
public enum EnvironmentName {
    public static let profile = "ALIYUNFS_PROFILE"
    public static let config = "ALIYUNFS_CONFIG"
    /// The token itself, to be imported once.
    public static let refreshToken = "ALIYUNFS_REFRESH_TOKEN"
    /// From a starting process to the one it starts in the background: where to report.
    public static let readiness = "ALIYUNFS_READINESS"

    /// Not ours alone: curl, OpenSSL and others read it, too.
    public static let trustedRoots = "SSL_CERT_FILE"

    static let all: Set<String> = [profile, config, refreshToken, readiness]
}
