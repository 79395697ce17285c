import Basics

/// The bounds of a `ContentReader`.
public struct ReaderSettings: Hashable, Sendable {
    /// Bytes of file content in memory, over all files (`--memory`).
    public var memory: Int
    /// The unit of memory and of fetching, a multiple of the page size. Sequential reading costs the same from
    /// 128 KiB up (measured; a third more with 64 KiB); a random read fetches whole blocks, so larger ones cost it.
    public var blockSize: Int
    /// The most that one sequential reader has fetched ahead, in bytes.
    public var readAhead: Int64
    /// Download bodies that this reader wants open at once (`--streams`); fewer while the drive allows fewer.
    public var streams: Int
    /// The longest single range request, in bytes.
    public var longestRequest: Int64

    public init(
        memory: Int = 128 << 20, blockSize: Int = 128 << 10, readAhead: Int64 = 64 << 20, streams: Int = 3,
        longestRequest: Int64 = 16 << 20
    ) {
        self.memory = memory
        self.blockSize = blockSize
        self.readAhead = readAhead
        self.streams = streams
        self.longestRequest = longestRequest
    }

    /// How many blocks fit in the bound; never so few that two streams could not run.
    var capacity: Int { max(4, memory / blockSize) }
    /// Blocks of the longest run: all streams together never hold more than half of the memory.
    var longestRun: Int {
        let byMemory = capacity / (2 * max(1, streams))
        return max(1, min(byMemory, Int(longestRequest) / blockSize))
    }
}
