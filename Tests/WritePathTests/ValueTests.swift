import Basics
import Drive
import MetadataStore
import TestSupport
import Testing

@testable import WritePath

@Suite struct RangeSetTests {
    @Test func rangesThatTouchAreOne() {
        var set = RangeSet([ByteRange(10, 20), ByteRange(30, 40)])
        set.insert(ByteRange(20, 30))
        #expect(set.ranges == [ByteRange(10, 40)])
        set.insert(ByteRange(5, 5))
        set.insert(ByteRange(0, 4))
        #expect(set.ranges == [ByteRange(0, 4), ByteRange(10, 40)])
        set.insert(ByteRange(2, 100))
        #expect(set.ranges == [ByteRange(0, 100)])
    }

    @Test func cutting() {
        var set = RangeSet([ByteRange(0, 10), ByteRange(20, 30), ByteRange(40, 50)])
        set.cut(at: 25)
        #expect(set.ranges == [ByteRange(0, 10), ByteRange(20, 25)])
        set.cut(at: 10)
        #expect(set.ranges == [ByteRange(0, 10)])
        set.cut(at: 0)
        #expect(set.ranges.isEmpty)
    }

    /// Against a set of single bytes, a thousand times.
    @Test func asASetOfBytes() {
        var random = SplitMix(7)
        for _ in 0..<1_000 {
            var (set, bytes) = (RangeSet(), Set<Int64>())
            for _ in 0..<12 {
                let lower = Int64(random.next() % 60)
                let range = ByteRange(lower, lower + Int64(random.next() % 12))
                switch random.next() % 5 {
                case 0:
                    set.cut(at: lower)
                    bytes = bytes.filter { $0 < lower }
                case 1:
                    set.remove(range)
                    bytes.subtract(range.lower..<range.upper)
                default:
                    set.insert(range)
                    bytes.formUnion(range.lower..<range.upper)
                }
                #expect(Set(set.ranges.flatMap { $0.lower..<$0.upper }) == bytes)
                #expect(zip(set.ranges, set.ranges.dropFirst()).allSatisfy { $0.upper < $1.lower })
                #expect(set.ranges.allSatisfy { !$0.isEmpty })
                let asked = ByteRange(Int64(random.next() % 30), 30 + Int64(random.next() % 50))
                let pieces = set.pieces(of: asked)
                #expect(pieces.flatMap { Array($0.range.lower..<$0.range.upper) } == Array(asked.lower..<asked.upper))
                for piece in pieces {
                    let all = piece.range.lower..<piece.range.upper
                    #expect(all.allSatisfy { bytes.contains($0) == piece.isPresent })
                }
            }
        }
    }
}

/// Numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite struct RunningHashTests {
    @Test func whatComesInOrderIsHashed() {
        let content = FakeContent.pattern(seed: 9, size: 3_000)
        let bytes = content.allBytes
        var hash = RunningHash()
        bytes.withUnsafeBytes { all in
            hash.take(UnsafeRawBufferPointer(rebasing: all[..<1_000]), at: 0)
            hash.take(UnsafeRawBufferPointer(rebasing: all[2_000...]), at: 2_000)
            #expect(hash.count == 1_000)
            hash.take(UnsafeRawBufferPointer(rebasing: all[1_000...]), at: 1_000)
        }
        #expect(hash.count == 3_000)
        #expect(hash.result() == content.sha1)
        #expect(hash.survives(changeAt: 3_000))
        #expect(!hash.survives(changeAt: 2_999))
    }
}

@Suite struct UploadPolicyTests {
    @Test(arguments: [0, 1, 102_400, 1 << 20, 5_000_000_000, 160_000_000_000, 167_772_160_001, 2_000_000_000_000])
    func partsAreFewAndLargeEnough(_ size: Int64) {
        for wanted: Int64 in [1, 102_400, 16 << 20, 1 << 30] {
            let part = UploadPolicy(partSize: wanted).partSize(for: size)
            #expect(part >= 102_400)
            #expect((size + part - 1) / part <= 10_000)
            #expect(part >= wanted)
        }
        #expect(UploadPolicy().partSize(for: 1 << 30) == 16 << 20)
    }
}

@Suite struct TroubleTests {
    /// A person has to see to it: neither given up nor tried all the time.
    @Test func whoIsNotTrustedIsALastingTrouble() {
        let trouble = Trouble(.untrusted("host: it is for another name"))
        #expect(trouble.kind == .lasting)
        #expect(trouble.words == "the drive's certificate is not trusted (host: it is for another name)")
        #expect(trouble.pause(afterFailures: 1, jitter: 0) == .seconds(300))
    }
}

@Suite struct UploadQueueTests {
    private func moment(_ seconds: Int) -> Moment { Moment(sinceBoot: .seconds(seconds)) }
    private let a = DraftID(1)
    private let b = DraftID(2)
    private let c = DraftID(3)

    @Test func aTurnComesAtItsTimeAndInPlaces() {
        var queue = UploadQueue(places: 2)
        for (id, at) in [(a, 3), (b, 1), (c, 2)] { queue.schedule(id, at: moment(at)) }
        #expect(queue.nextTime == moment(1))
        #expect(queue.due(at: moment(0)).isEmpty)
        #expect(queue.due(at: moment(3)) == [b, c])
        #expect(queue.running == [b, c])
        #expect(queue.due(at: moment(9)).isEmpty)
        queue.ended(b)
        #expect(queue.due(at: moment(3)) == [a])
    }

    @Test func aNewTimeReplacesTheOldOne() {
        var queue = UploadQueue(places: 1)
        queue.schedule(a, at: moment(1))
        queue.schedule(a, at: moment(5))
        #expect(queue.due(at: moment(4)).isEmpty)
        #expect(queue.due(at: moment(5)) == [a])
        queue.schedule(a, at: moment(6))
        #expect(queue.due(at: moment(9)).isEmpty)
        queue.ended(a)
        #expect(queue.due(at: moment(9)) == [a])
        queue.ended(a)
        #expect(queue.due(at: moment(99)).isEmpty)
    }

    @Test func theForgottenGetNoTurn() {
        var queue = UploadQueue(places: 1)
        for id in [a, b, c] { queue.schedule(id, at: moment(1)) }
        #expect(queue.due(at: moment(1)) == [a])
        queue.schedule(a, at: moment(1))
        for id in [a, b] { queue.forget(id) }
        queue.ended(a)
        #expect(queue.due(at: moment(1)) == [c])
        queue.ended(c)
        #expect(queue.nextTime == nil)
    }

    @Test func whoeverBeginsOutOfTurnTakesAPlace() {
        var queue = UploadQueue(places: 1)
        queue.schedule(a, at: moment(1))
        queue.begin(b)
        #expect(queue.due(at: moment(1)).isEmpty)
        queue.ended(b)
        #expect(queue.due(at: moment(1)) == [a])
    }

    /// Of two wishes for another turn the earlier one counts, whoever has it.
    @Test func whoIsWantedWhileItRunsDoesNotWaitLonger() {
        for (wanted, next) in [(2, 300), (300, 2)] {
            var queue = UploadQueue(places: 1)
            queue.schedule(a, at: moment(1))
            #expect(queue.due(at: moment(1)) == [a])
            queue.schedule(a, at: moment(wanted))
            queue.ended(a, next: moment(next))
            #expect(queue.due(at: moment(2)) == [a])
            queue.ended(a)
            #expect(queue.due(at: moment(999)).isEmpty)
        }
    }

    /// Twenty thousand that are all forgotten, first come last, while they wait in line.
    @Test func forgettingManyIsQuick() {
        var queue = UploadQueue(places: 1)
        for number in 0..<20_000 { queue.schedule(DraftID(UInt64(number)), at: moment(1)) }
        #expect(queue.due(at: moment(1)).count == 1)
        let took = ContinuousClock().measure {
            for number in (1..<20_000).reversed() { queue.forget(DraftID(UInt64(number))) }
        }
        #expect(took < .seconds(2))
        queue.ended(DraftID(0))
        #expect(queue.due(at: moment(1)).isEmpty)
    }
}
