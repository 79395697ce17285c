/// What `status` tells of reading. Counts are since the start.
public struct ReadStatistics: Hashable, Sendable {
    public var bytesServed: UInt64
    /// From the drive.
    public var bytesFetched: UInt64
    /// From the block store.
    public var bytesLoaded: UInt64
    /// Reads whose first bytes were in memory.
    public var readsServedAtOnce: UInt64
    public var readsThatWaited: UInt64
    /// Range requests, read-ahead included; a request that was resumed counts once.
    public var fetches: UInt64
    /// Repetitions within fetches, after trouble that was healed or tried to be.
    public var retries: UInt64
    public var failedFetches: UInt64
    public var linksAsked: UInt64
    /// Contents that were read whole and found right.
    public var verified: UInt64
    /// Contents whose bytes did not have the SHA-1 that the drive states.
    public var mismatches: UInt64
    /// Bytes of file content in memory, in whole blocks.
    public var memoryInUse: Int
    /// Bytes taken from the system for blocks; never more than the bound.
    public var memoryAllocated: Int
    public var activeFetches: Int
    public var openHandles: Int
}
