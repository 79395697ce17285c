import SystemPackage

/// What the settings take from the process they are read in; passed in, so that tests need no process of their own.
public struct Surroundings: Hashable, Sendable {
    public var environment: [String: String]
    public var workingDirectory: FilePath
    /// The user's home, from the environment or the user database.
    public var home: FilePath?
    public var isRoot: Bool

    public init(environment: [String: String], workingDirectory: FilePath, home: FilePath?, isRoot: Bool) {
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.home = home
        self.isRoot = isRoot
    }

    /// An absolute path, cleaned of `.` and `..` without asking the disk; nil where that cannot be had.
    public func path(_ text: String, relative: Bool) -> FilePath? {
        guard !text.isEmpty, !text.utf8.contains(0) else { return nil }
        var path = FilePath(text)
        if text == "~" || text.hasPrefix("~/") {
            guard let home else { return nil }
            path = home.appending(String(text.dropFirst(text == "~" ? 1 : 2)))
        } else if path.isRelative {
            guard relative else { return nil }
            path = workingDirectory.pushing(path)
        }
        return path.lexicallyNormalized()
    }

    /// Where the state of a profile lives unless told otherwise; nil when the user has no home.
    func stateDirectory(profile: String) -> FilePath? {
        if isRoot { return FilePath("/var/lib/aliyunfs").appending(profile) }
        return base("XDG_STATE_HOME", underHome: ".local/state")?.appending("aliyunfs").appending(profile)
    }

    /// The configuration file that is read when none is named; it need not exist.
    var configurationFile: FilePath? {
        base("XDG_CONFIG_HOME", underHome: ".config")?.appending("aliyunfs/config.toml")
    }

    /// The XDG rules: a relative path in the variable counts as not set.
    private func base(_ variable: String, underHome folder: String) -> FilePath? {
        if let text = environment[variable], text.hasPrefix("/") { return path(text, relative: false) }
        return home?.pushing(FilePath(folder))
    }
}
