import Basics
import Testing

@testable import ReadPath

@Suite struct ReadAheadTests {
    let mib: Int64 = 1 << 20
    let limit: Int64 = 64 << 20

    private func window(_ ahead: ReadAhead) -> Int64 { ahead.tracks.filter(\.isAwake).map(\.window).max() ?? 0 }

    @Test func largeRequestsThatOvertakeOneAnotherAreOneReader() {
        var ahead = ReadAhead()
        for index in [0, 1, 2, 4, 3, 5, 8, 6, 7, 9] as [Int64] {
            let step = ahead.note(ByteRange(index * mib, (index + 1) * mib), limit: limit)
            #expect(index == 0 || step == .onward(track: 0), "request \(index)")
        }
        #expect(ahead.tracks.count == 1)
    }

    @Test func aReadInTheMiddleWantsNothingMore() {
        var ahead = ReadAhead()
        #expect(ahead.note(ByteRange(50 * mib, 51 * mib), limit: limit) == .jump(track: 0))
        #expect(window(ahead) == 0)
    }

    @Test func theStartOfAFileAndASecondReadInARowOpenAWindow() {
        var start = ReadAhead()
        _ = start.note(ByteRange(0, 4096), limit: limit)
        #expect(window(start) == mib)
        var middle = ReadAhead()
        _ = middle.note(ByteRange(50 * mib, 51 * mib), limit: limit)
        #expect(middle.note(ByteRange(51 * mib, 52 * mib), limit: limit) == .onward(track: 0))
        #expect(window(middle) == mib)
    }

    @Test func theWindowGrowsToItsLimitAndNotBeyond() {
        var ahead = ReadAhead()
        for number in 0..<256 {
            _ = ahead.note(ByteRange(Int64(number) * mib, Int64(number + 1) * mib), limit: limit)
        }
        #expect(window(ahead) == limit)
        #expect(ahead.tracks.count == 1)
    }

    @Test func requestsThatOvertakeEachOtherAreOneReader() {
        var ahead = ReadAhead()
        let step: Int64 = 128 << 10
        for group in 0..<200 {
            for place in [1, 0, 3, 2] {
                let lower = Int64(group * 4 + place) * step
                _ = ahead.note(ByteRange(lower, lower + step), limit: limit)
            }
        }
        #expect(ahead.tracks.count == 1)
        #expect(window(ahead) == limit)
    }

    @Test func severalThreadsKeepAWindowEach() {
        var ahead = ReadAhead()
        for number in 0..<40 {
            for thread in 0..<3 {
                let lower = Int64(thread) * 500 * mib + Int64(number) * mib
                _ = ahead.note(ByteRange(lower, lower + mib), limit: limit)
            }
        }
        #expect(ahead.tracks.count == 3)
        #expect(ahead.tracks.allSatisfy { $0.isAwake && $0.window >= 16 * mib })
    }

    @Test func aSeekPutsTheOldPlaceToSleepAndComingBackWakesIt() {
        var ahead = ReadAhead()
        for number in 0..<20 { _ = ahead.note(ByteRange(Int64(number) * mib, Int64(number + 1) * mib), limit: limit) }
        #expect(ahead.note(ByteRange(900 * mib, 901 * mib), limit: limit) == .jump(track: 1))
        #expect(window(ahead) == 0)
        #expect(!ahead.tracks[0].wants(ByteRange(20 * mib, 30 * mib), limit: limit, slack: ReadAhead.slack))
        #expect(ahead.note(ByteRange(20 * mib, 21 * mib), limit: limit) == .onward(track: 0))
        #expect(ahead.tracks[0].wants(ByteRange(21 * mib, 30 * mib), limit: limit, slack: ReadAhead.slack))
    }

    @Test func randomReadsNeverOpenAWindow() {
        var ahead = ReadAhead()
        var random = SeededGenerator(seed: 3)
        for _ in 0..<500 {
            // Apart by more than the slack: reads that happen to be neighbours are a reader in a row.
            let place = Int64.random(in: 1..<5_000, using: &random) * 4 * mib
            _ = ahead.note(ByteRange(place, place + 4096), limit: limit)
            #expect(ahead.tracks.count <= 4)
        }
        #expect(ahead.tracks.count { $0.window > 0 } <= 1)
    }

    @Test func backwardReadingOpensNoWindow() {
        var ahead = ReadAhead()
        for number in (1..<200).reversed() {
            _ = ahead.note(ByteRange(Int64(number) * mib / 8, Int64(number + 1) * mib / 8), limit: limit)
        }
        #expect(window(ahead) == 0)
    }
}
