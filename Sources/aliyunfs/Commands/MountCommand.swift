import ArgumentParser
import ProcessLife
import Settings

struct MountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Mount the drive; returns when its root folder can be listed.",
        discussion: """
            Every option can also be given as ALIYUNFS_NAME in the environment, as a key of the configuration file \
            (at its top for all profiles, in [PROFILE] for one) and after -o. A flag goes before -o, that before the \
            environment, that before the file. SSL_CERT_FILE names a PEM file with the certificates to trust in place \
            of the system's.

            Exit status: 0 mounted; 64 wrong usage or configuration; 69 the drive refused or cannot be reached; \
            73 trouble with the mount point, FUSE or a directory; 77 a login is needed.
            """)

    @Option(help: ArgumentHelp("name of this login and its settings (default: default)", valueName: "NAME"))
    var profile: String?

    @Option(
        help: ArgumentHelp(
            "configuration file (default: $XDG_CONFIG_HOME/aliyunfs/config.toml)", valueName: "FILE"),
        completion: .file(extensions: ["toml"]))
    var config: String?

    @Flag(name: [.short, .long], help: "stay, log to standard error, and tell systemd when ready")
    var foreground = false

    @Option(
        name: .customShort("o", allowingJoined: true), parsing: .singleValue,
        help: ArgumentHelp("options as mount(8) writes them, with commas between", valueName: "OPT[,OPT]"))
    var options: [String] = []

    @OptionGroup(title: "Options of the mount")
    var settings: SettingOptions

    @Argument(help: ArgumentHelp("an existing folder", valueName: "MOUNTPOINT"), completion: .directory)
    var mountPoint: String?

    // The mount point is optional for the parser only: else it would tell of a missing one before a misspelt option.
    func run() async throws {
        var request = MountRequest(mountPoint: mountPoint ?? "")
        request.profile = profile
        request.configurationFile = config
        request.mountOptions = options
        request.flags = settings.given
        try await MountStart.run(request, inForeground: foreground)
    }
}

/// `mount.aliyunfs PROFILE MOUNTPOINT -o …`: how mount(8) and fstab call this program, by a link of that name.
enum MountHelper {
    static func run(_ arguments: [String]) async throws {
        let invocation = try MountInvocation(arguments)
        let request = MountRequest(invocation)
        if invocation.isRehearsal {
            _ = try MountSettings.resolve(request, in: .current())
            return
        }
        try await MountStart.run(request, inForeground: false)
    }
}
