import Basics
import Drive
import ReadPath
import Synchronization
import TestSupport
import Testing

/// Readers at random against a drive that fails at random: every byte that arrives is the right one, and every read
/// ends. The seed is printed with a failure and repeats the faults (not the order of tasks).
@Suite(.timeLimit(.minutes(2)), .serialized) struct RandomFaultTests {
    static let faults: [FakeResponse] = [
        .fail(.expired), .fail(.tooManyStreams), .fail(.cut("reset"), after: 0), .fail(.cut("reset"), after: 1),
        .fail(.cut("reset"), after: 7_777), .fail(.cut("stalled"), after: 20_000), .fail(.throttled(status: 429)),
        .fail(.throttled(status: 503), after: 5_000), .fail(.wrongRange("200")), .fail(.denied("AccessDenied")),
        .fail(.denied("SignatureDoesNotMatch")), .fail(.gone), .fail(.unreachable("reset")),
    ]

    @Test(arguments: 0..<12)
    func everyByteIsRightUnderRandomFaults(seed: UInt64) async throws {
        let memory = [32 << 10, 64 << 10, 1 << 20][Int(seed % 3)]
        let fixture = ReaderFixture(ReaderFixture.small(memory: memory))
        let files = (0..<3).map { number in
            let content = FakeContent.pattern(seed: seed &* 100 &+ UInt64(number), size: 150_000)
            return (content: content, source: fixture.add(content, name: FileName("\(number)")))
        }
        let random = Mutex(SeededGenerator(seed: seed))
        fixture.drive.set { $0.pieceSize = 3_000 }
        fixture.drive.respond { call in
            guard call.function == .download || call.function == .downloadLinks else { return .proceed }
            let draw = random.withLock { $0.next() }
            guard draw % 10 < 3 else { return .proceed }
            if call.function == .downloadLinks { return .fail(.unreachable("no route")) }
            return Self.faults[Int(draw >> 8) % Self.faults.count]
        }
        try await fixture.withTimePassing {
            try await withThrowingTaskGroup { group in
                for task in 0..<6 {
                    let file = files[task % 3]
                    let open = fixture.reader.open(file.source)
                    group.addTask { try await Self.read(open, file.content, task, seed, fixture) }
                }
                try await group.waitForAll()
            }
        }
        #expect(fixture.reader.statistics().memoryAllocated <= memory)
        #expect(fixture.reader.statistics().mismatches == 0)
    }

    /// Sequential stretches between seeks. Failures that the faults may add up to are allowed; wrong bytes are not.
    private static func read(
        _ open: OpenContent, _ content: FakeContent, _ task: Int, _ seed: UInt64, _ fixture: ReaderFixture
    ) async throws {
        var random = SeededGenerator(seed: seed &* 31 &+ UInt64(task))
        var offset: Int64 = 0
        for _ in 0..<40 {
            let seeks = Int.random(in: 0..<5, using: &random) == 0
            if seeks { offset = Int64.random(in: 0..<content.size, using: &random) }
            let count = Int.random(in: 1...16_000, using: &random)
            let range = ByteRange(offset, offset + Int64(count)).clamped(to: content.size)
            do {
                let bytes = try await open.bytes(offset, count, until: fixture.later)
                guard bytes == content.bytes(in: range) else {
                    Issue.record("wrong bytes at \(offset), seed \(seed)")
                    return
                }
            } catch {
                switch error {
                case .accessDenied, .inputOutput, .stale, .timedOut, .unreachable: break
                case .corrupt, .interrupted, .loginNeeded: Issue.record("\(error), seed \(seed)")
                }
            }
            offset = range.upper == content.size ? 0 : range.upper
        }
    }
}
