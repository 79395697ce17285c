import Drive

/// What a user chose about writing.
public struct WriteSettings: Hashable, Sendable {
    /// `--remove`
    public var removal: Removal
    /// Files uploaded at a time (`--uploads`).
    public var uploads: Int
    /// Quiet time before an upload begins (`--upload-delay`).
    public var delay: Duration
    public var policy: UploadPolicy
    /// The most that may wait here, in bytes (`--spool-size`); `nil`: as much as the disk holds.
    public var spoolMax: Int64?
    /// Bytes that stay free on the spool's disk (`--cache-min-free`).
    public var diskReserve: Int64
    /// How long a writer waits for room before it is told that there is none.
    public var roomPatience: Duration

    public init(
        removal: Removal = .trash, uploads: Int = 3, delay: Duration = .seconds(2),
        policy: UploadPolicy = UploadPolicy(), spoolMax: Int64? = nil, diskReserve: Int64 = 1 << 30,
        roomPatience: Duration = .seconds(30)
    ) {
        self.removal = removal
        self.uploads = uploads
        self.delay = delay
        self.policy = policy
        self.spoolMax = spoolMax
        self.diskReserve = diskReserve
        self.roomPatience = roomPatience
    }
}
