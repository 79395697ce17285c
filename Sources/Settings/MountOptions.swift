/// What follows `-o`: our own options, FUSE's, and those that only mount(8) or systemd care for.
struct MountOptions: Hashable, Sendable {
    /// In the order given.
    private(set) var own: [Own] = []
    /// To be passed to FUSE.
    private(set) var fuse: [String] = []

    struct Own: Hashable, Sendable {
        var name: String
        var given: Given
    }

    /// Each element may hold several options with commas between; `\,` is a comma inside a value.
    init(_ texts: [String]) throws(SettingsError) {
        for text in texts {
            for option in Self.split(text) where !option.isEmpty { try add(option) }
        }
    }

    private mutating func add(_ option: String) throws(SettingsError) {
        let cut = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = cut[0].replacing("_", with: "-")
        let value = cut.count > 1 ? cut[1] : nil
        if let setting = Setting.named(name) {
            own.append(Own(name: name, given: try Self.given(value, for: setting)))
        } else if option == "ro" {
            own.append(Own(name: "read-only", given: .truth(true)))
        } else if Self.passedToFuse.contains(option) {
            fuse.append(option)
        } else if !Self.isForOthers(cut[0]) {
            throw .unknown(cut[0], from: .mountOption)
        }
    }

    private static func given(_ value: String?, for setting: Setting) throws(SettingsError) -> Given {
        switch (setting.form, value) {
        case (.flag, nil): return .truth(true)
        case (_, let value?): return .word(value)
        case (.value(let word), nil), (.list(let word), nil):
            let name = setting.name.replacing("-", with: "_")
            throw SettingsError("-o \(name): a value is missing; write \(name)=\(word)")
        }
    }

    private static func split(_ text: String) -> [String] {
        var options = [""]
        var escaped = false
        for character in text {
            if escaped {
                options[options.count - 1].append(character)
                escaped = false
            } else if character == "\\" {
                escaped = true
            } else if character == "," {
                options.append("")
            } else {
                options[options.count - 1].append(character)
            }
        }
        return options
    }

    /// Flags of the mount itself, which libfuse turns into those of mount(2).
    private static let passedToFuse: Set<String> = [
        "dev", "nodev", "suid", "nosuid", "exec", "noexec", "atime", "noatime", "diratime", "nodiratime",
        "relatime", "norelatime", "strictatime", "nostrictatime", "sync", "async", "dirsync",
    ]

    /// What mount(8), the boot scripts and systemd read in fstab; here they say nothing. `rw` is what a mount is
    /// without `ro`, and the subtype is always ours.
    private static func isForOthers(_ name: String) -> Bool {
        let known: Set<String> = [
            "rw", "defaults", "auto", "noauto", "user", "nouser", "users", "nousers", "owner", "noowner", "group",
            "nogroup", "nofail", "_netdev", "_rnetdev", "comment", "silent", "loud", "mand", "nomand", "lazytime",
            "nolazytime", "iversion", "noiversion", "uhelper", "helper", "subtype", "fsname", "nonempty",
        ]
        return known.contains(name) || name.hasPrefix("x-") || name.hasPrefix("X-")
    }
}
