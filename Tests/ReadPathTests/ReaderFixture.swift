import Basics
import Drive
import Logging
import ReadPath
import Synchronization
import TestSupport
import Testing

/// A reader over a drive in memory, with clocks that stand still.
struct ReaderFixture {
    let time = ManualTime()
    let drive: FakeDrive
    let reader: ContentReader
    let logs = LogBook()

    init(_ settings: ReaderSettings = ReaderSettings(), store: (any BlockStore)? = nil) {
        drive = FakeDrive(time: time)
        let logs = logs
        var logger = Logger(label: "test") { _ in BookHandler(book: logs) }
        logger.logLevel = .debug
        reader = ContentReader(
            drive: drive, time: time, settings: settings, store: store, logger: logger, jitter: { 0 })
    }

    /// Small blocks and little memory, so that every bound is met soon.
    static func small(memory: Int = 256 << 10, block: Int = 4 << 10) -> ReaderSettings {
        ReaderSettings(memory: memory, blockSize: block, readAhead: 64 << 10, longestRequest: 32 << 10)
    }

    func add(
        _ content: FakeContent, name: FileName = "file", hash: FakeDrive.HashStyle = .right
    ) -> ContentSource {
        let id = drive.addFile(name, content, hash: hash)
        return ContentSource(
            object: drive.object(id), size: content.size, contentHash: drive.current(id)?.contentHash)
    }

    /// A deadline that the standing clock never reaches by itself.
    var later: Moment { time.now() + .seconds(60) }

    func read(_ content: OpenContent, _ offset: Int64, _ count: Int) async throws(ReadError) -> [UInt8] {
        try await content.bytes(offset, count, until: later)
    }

    /// Moves the clock on whenever somebody sleeps, until `work` has ended: back-offs and deadlines pass at once.
    func withTimePassing<T: Sendable>(
        step: Duration = .milliseconds(250), _ work: @Sendable @escaping () async throws -> T
    ) async throws -> T {
        let time = time
        let ticker = Task {
            while !Task.isCancelled {
                if time.sleeperCount > 0 { time.advance(by: step) }
                for _ in 0..<20 { await Task.yield() }
            }
        }
        defer { ticker.cancel() }
        return try await work()
    }
}

extension OpenContent {
    /// One read into an array of its own.
    func bytes(_ offset: Int64, _ count: Int, until deadline: Moment) async throws(ReadError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 16)
        defer { buffer.deallocate() }
        let room = ReadTarget(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
        let read = try await self.read(at: offset, into: room, until: deadline)
        return Array(buffer[..<read])
    }

    /// The whole content in reads of one size.
    func whole(by count: Int = 128 << 10, until deadline: Moment) async throws(ReadError) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let part = try await bytes(Int64(all.count), count, until: deadline)
            if part.isEmpty { return all }
            all += part
        }
    }
}

/// Runs other tasks until a condition holds: for state that a background task of the code under test reaches.
func until(_ condition: () -> Bool) async {
    while !condition(), !Task.isCancelled { await Task.yield() }
}

/// What was logged, by level.
final class LogBook: Sendable {
    private let lines = Mutex<[(level: Logger.Level, text: String)]>([])
    func add(_ level: Logger.Level, _ text: String) { lines.withLock { $0.append((level, text)) } }
    func lines(_ level: Logger.Level) -> [String] {
        lines.withLock { $0.filter { $0.level == level }.map(\.text) }
    }
}

struct BookHandler: LogHandler {
    let book: LogBook
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        book.add(event.level, "\(event.message) \(event.metadata ?? [:])")
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
