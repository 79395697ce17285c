public enum FileSize {
    /// The largest that a file may be, in bytes: more than ten thousand parts of five gibibytes, which is what the
    /// drive takes, and small enough for any sum of sizes.
    public static let max: Int64 = 64 << 40
}
