extension Setting {
    /// The options of a mount, in the order of the help. Those that are not values of a mount (`--profile`,
    /// `--config`, `--foreground`, `-o`) belong to the command line alone.
    public static let mount: [Setting] = login + drive + writing + limits + kernel + logs

    private static let login: [Setting] = [
        Setting(
            "state-dir", \.stateDir, .path,
            "where token and database live (default: $XDG_STATE_HOME/aliyunfs/PROFILE; root: /var/lib/aliyunfs/PROFILE)"
        ),
        Setting(
            "refresh-token-file", \.refreshTokenFile, .tokenSource,
            "import a refresh token from this file once, - for standard input; it is kept in the state directory"),
        Setting("client-id", \.clientID, .text, "your own app: tokens are renewed with the drive itself"),
        Setting("client-secret-file", \.clientSecretFile, .path, "file with the secret of your own app"),
        Setting(
            "renew-url", \.renewURL, .address, default: "https://api.oplist.org/alicloud/renewapi",
            "online service that renews tokens when no --client-id is given"),
        Setting(
            "renew-driver", \.renewDriver, .choice(), default: "alicloud_qr",
            "which of the service's apps it renews with"),
    ]

    private static let drive: [Setting] = [
        Setting("api-url", \.apiURL, .address, default: "https://openapi.alipan.com", "the drive's address"),
        Setting(
            "link-hosts", \.linkHosts, .hosts, default: "",
            "host suffixes that download and upload links may point to, besides the drive's own"),
        Setting("drive", \.drive, .choice(), default: "default", "which drive; 'all' shows a top folder for each"),
        Setting("root-folder-id", \.rootFolderID, .text, default: "root", "id of the folder to mount"),
        Setting("root-path", \.rootPath, .drivePath, "path on the drive of the folder to mount"),
        Setting("livp", \.livp, .choice(), default: "jpeg", "how a live photo shows"),
        Setting("read-only", \.readOnly, .flag, default: "off", "refuse every change"),
    ]

    private static let writing: [Setting] = [
        Setting(
            "remove", \.removal, .choice(), default: "trash",
            "where removed and replaced files go: the recycle bin, or nowhere"),
        Setting(
            "rapid-upload", \.rapidUpload, .choice(), default: "on",
            "send no bytes of files whose content the drive knows already"),
        Setting(
            "internal-upload", \.internalUpload, .flag, default: "off",
            "upload inside the drive's own data centre; only for machines that stand there"),
        Setting("write-through", \.writeThrough, .flag, default: "off", "close waits until the drive has the file"),
        Setting(
            "upload-delay", \.uploadDelay, .duration(.zero ... .seconds(86_400)), default: "2s",
            "quiet time before the upload of a file starts"),
        Setting("uploads", \.uploads, .whole(1...32), default: "3", "files uploaded at a time"),
        Setting("bwlimit-up", \.bwlimitUp, .bandwidth, "bytes per second to send to the drive at most"),
        Setting(
            "spool-size", \.spoolSize, .size(16 << 20...1 << 50),
            "bound of data not uploaded yet (default: the disk less --cache-min-free)"),
        Setting(
            "cache-min-free", \.cacheMinFree, .size(0...1 << 50), default: "1G",
            "what stays free on the disk of cache and unsent data"),
        Setting(
            "no-overlay", \.noOverlay, .flag, default: "off",
            "refuse modes, owners and attributes that only this machine would remember"),
        Setting(
            "drain-timeout", \.drainTimeout, .duration(.zero ... .seconds(86_400)), default: "5m",
            "how long the end of a mount waits for uploads"),
    ]

    private static let limits: [Setting] = [
        Setting("streams", \.streams, .whole(1...10), default: "3", "open download bodies for the account"),
        Setting("rate-list", \.rateList, .rate, default: "4", "listings per second"),
        Setting("rate-link", \.rateLink, .rate, default: "1", "download links per second"),
        Setting("rate-other", \.rateOther, .rate, default: "15", "other requests per second"),
        Setting("bwlimit-down", \.bwlimitDown, .bandwidth, "bytes per second to read from the drive at most"),
        Setting("memory", \.memory, .size(8 << 20...1 << 40), default: "128M", "bound of all read buffers"),
        Setting(
            "read-ahead", \.readAhead, .size(0...1 << 40), default: "64M",
            "most bytes fetched ahead of a sequential reader, 0 for none"),
        Setting(
            "dir-cache-time", \.dirCacheTime, .duration(.zero ... .seconds(86_400 * 30)), default: "60s",
            "how long a listing is taken as true"),
        Setting(
            "timeout", \.timeout, .duration(.seconds(1) ... .seconds(3_600)), default: "60s",
            "longest that one file operation may take before it fails"),
    ]

    private static let kernel: [Setting] = [
        Setting("uid", \.uid, .number32, "owner of all files (default: whoever mounts)"),
        Setting("gid", \.gid, .number32, "group of all files (default: that of whoever mounts)"),
        Setting("umask", \.umask, .mode, default: "022", "permission bits that are taken away"),
        Setting("file-mode", \.givenFileMode, .mode, "permission bits of files (default: 0666 less the umask)"),
        Setting("dir-mode", \.givenDirMode, .mode, "permission bits of folders (default: 0777 less the umask)"),
        Setting("allow-other", \.allowOther, .flag, default: "off", "let other users in"),
        Setting("allow-root", \.allowRoot, .flag, default: "off", "let root in"),
        Setting(
            "max-background", \.maxBackground, .whole(1...65_535), default: "64",
            "requests the kernel may have under way in the background"),
    ]

    private static let logs: [Setting] = [
        Setting("log-level", \.logLevel, .choice(), default: "info", "least weight of what is logged"),
        Setting(
            "log-file", \.logFile, .path, "append the log to this file (default: standard error, or the journal)"),
        Setting("log-format", \.logFormat, .choice(), default: "text", "form of log lines"),
    ]
}
