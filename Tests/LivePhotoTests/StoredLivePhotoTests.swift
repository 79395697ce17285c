import Basics
import TestSupport
import Testing

@testable import LivePhoto

private let still: [UInt8] = (0..<1000).map { UInt8($0 % 251) }
private let movie: [UInt8] = (0..<5000).map { UInt8($0 % 241) }

/// What was found, and the ranges that were read for it.
private struct Finding {
    var parts: [StoredPart]
    var reads: [ByteRange] = []

    /// Reads `archive` as the filesystem does; every range must lie inside it and be bounded.
    init(_ archive: [UInt8], _ mode: LivePhotoMode = .both) {
        var photo = StoredLivePhoto(size: Int64(archive.count), mode: mode)
        while case .read(let range) = photo.step {
            guard range.upper <= Int64(archive.count), range.count <= 1 << 20, reads.count < 5 else {
                Issue.record("reads \(range) of \(archive.count) bytes after \(reads.count) reads")
                break
            }
            reads.append(range)
            photo.received(Array(archive[Int(range.lower)..<Int(range.upper)]))
        }
        parts = if case .done(let found) = photo.step { found } else { [] }
    }

    /// The bytes of a part.
    func bytes(_ stream: String, of archive: [UInt8]) -> [UInt8]? {
        parts.first { $0.stream == stream }.map { Array(archive[Int($0.range.lower)..<Int($0.range.upper)]) }
    }
}

private func photo(
    _ change: (inout ZipBuilder) -> Void = { _ in }, still first: (inout ZipBuilder.Entry) -> Void = { _ in }
) -> [UInt8] {
    ZipBuilder([.init("IMG_1.HEIC", still, change: first), .init("IMG_1.mov", movie)], change: change).bytes
}

@Suite struct StoredLivePhotoTests {
    /// Made by `zip -0 -X`: `a.jpg` holds "still", `a.mov` "movie".
    static let madeByHand: [UInt8] =
        [0x50, 0x4B, 3, 4, 10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0xBE, 0xA3, 0x47, 0x56, 5, 0, 0, 0, 5, 0, 0, 0]
        + [5, 0, 0, 0] + Array("a.jpgstill".utf8)
        + [0x50, 0x4B, 3, 4, 10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0x6F, 0xF2, 0x5E, 0x1D, 5, 0, 0, 0, 5, 0, 0, 0]
        + [5, 0, 0, 0] + Array("a.movmovie".utf8)
        + [0x50, 0x4B, 1, 2, 30, 3, 10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0xBE, 0xA3, 0x47, 0x56, 5, 0, 0, 0, 5, 0, 0, 0]
        + [5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xA4, 0x81, 0, 0, 0, 0] + Array("a.jpg".utf8)
        + [0x50, 0x4B, 1, 2, 30, 3, 10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0x6F, 0xF2, 0x5E, 0x1D, 5, 0, 0, 0, 5, 0, 0, 0]
        + [5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xA4, 0x81, 40, 0, 0, 0] + Array("a.mov".utf8)
        + [0x50, 0x4B, 5, 6, 0, 0, 0, 0, 2, 0, 2, 0, 102, 0, 0, 0, 80, 0, 0, 0, 0, 0]

    @Test func theArchiveMadeByHand() {
        let finding = Finding(Self.madeByHand)
        #expect(finding.bytes("jpeg", of: Self.madeByHand) == Array("still".utf8))
        #expect(finding.bytes("mov", of: Self.madeByHand) == Array("movie".utf8))
    }

    @Test func eachModeLooksForItsParts() {
        let archive = photo()
        let streams = [LivePhotoMode.jpeg, .mov, .both, .zip].map { Finding(archive, $0).parts.map(\.stream) }
        #expect(streams == [["heic"], ["mov"], ["heic", "mov"], []])
        #expect(Finding(archive, .zip).reads.isEmpty)
        #expect(Finding(archive, .jpeg).reads.count == 2)
        let finding = Finding(archive)
        #expect(finding.bytes("heic", of: archive) == still && finding.bytes("mov", of: archive) == movie)
    }

    @Test func theLocalHeaderSaysWhereTheBytesStart() {
        let archive = photo(still: {
            $0.localExtra = [UInt8](repeating: 7, count: 300)
            $0.centralExtra = [1, 2, 3]
        })
        #expect(Finding(archive).bytes("heic", of: archive) == still)
    }

    @Test func sizesMayComeAfterTheBytes() {
        let archive = photo(still: { $0.flags = 1 << 3 })
        #expect(Finding(archive).bytes("heic", of: archive) == still)
    }

    @Test func theLongestCommentAndALongDirectory() {
        let comment = [UInt8](repeating: 0x50, count: 65_535)
        let long = photo { $0.comment = comment }
        #expect(Finding(long).bytes("heic", of: long) == still)
        #expect(Finding(long, .jpeg).reads.count == 3)
        let others = (0..<3000).map { ZipBuilder.Entry("\($0).txt", []) }
        let many = ZipBuilder(others + [.init("a.jpeg", still)]).bytes
        let finding = Finding(many)
        #expect(finding.bytes("jpeg", of: many) == still && finding.reads.count == 3)
        let names = String(repeating: "x", count: 60_000)
        let tooLong = ZipBuilder([.init("a.jpeg", still)] + (0..<18).map { .init("\($0)" + names, []) }).bytes
        #expect(Finding(tooLong).parts.isEmpty && Finding(tooLong).reads.count == 1)
    }

    @Test func anyTruncationIsNoPhoto() {
        for count in 0..<Self.madeByHand.count {
            #expect(Finding(Array(Self.madeByHand.prefix(count))).parts.isEmpty, "\(count) bytes")
        }
    }

    @Test func anyByteMayLie() {
        for index in Self.madeByHand.indices {
            for value in [0, 1, 0x7F, 0xFF] as [UInt8] {
                var archive = Self.madeByHand
                archive[index] = value
                // The bounds are checked on the way.
                for part in Finding(archive).parts { #expect(part.range.upper <= 80) }
            }
        }
    }

    @Test func randomBytesAfterAnEndRecordLieInVain() {
        for seed in 0..<500 as Range<UInt64> {
            var generator = Generator(seed: seed)
            var archive = photo()
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                let index = Int.random(in: max(0, archive.count - 160)..<archive.count, using: &generator)
                archive[index] = UInt8.random(in: 0...255, using: &generator)
            }
            for part in Finding(archive).parts { #expect(part.range.upper <= Int64(archive.count)) }
        }
    }

    struct Generator: RandomNumberGenerator {
        var seed: UInt64
        mutating func next() -> UInt64 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (seed ^ seed >> 29) &* 0xBF58_476D_1CE4_E5B9
        }
    }
}

/// Archives that are refused, whole or in one part.
@Suite struct RefusedArchiveTests {
    struct Lie: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var archive: [UInt8]
        var leaves: [String] = []
    }

    static let lies: [Lie] = [
        Lie(testDescription: "deflated still", archive: photo(still: { $0.method = 8 }), leaves: ["mov"]),
        Lie(testDescription: "encrypted still", archive: photo(still: { $0.flags = 1 }), leaves: ["mov"]),
        Lie(testDescription: "sizes differ", archive: photo(still: { $0.statedFullSize = 999 }), leaves: ["mov"]),
        Lie(testDescription: "64-bit size", archive: photo(still: { $0.statedSize = .max })),
        Lie(testDescription: "64-bit offset", archive: photo(still: { $0.statedOffset = .max })),
        Lie(testDescription: "64-bit count", archive: photo { $0.statedCount = .max }),
        Lie(testDescription: "64-bit directory", archive: photo { $0.statedDirectoryOffset = .max }),
        Lie(testDescription: "64-bit locator", archive: photo { $0.hasLocator = true }),
        Lie(testDescription: "too many entries", archive: photo { $0.statedCount = 3 }),
        Lie(testDescription: "directory beyond the end", archive: photo { $0.statedDirectorySize = 5000 }),
        Lie(testDescription: "directory of nothing", archive: photo { $0.statedDirectorySize = 0 }),
        Lie(testDescription: "directory elsewhere", archive: photo { $0.statedDirectoryOffset = 10 }),
        Lie(testDescription: "size into the next", archive: photo(still: { $0.statedSize = 1001 })),
        Lie(testDescription: "size beyond all", archive: photo(still: { $0.statedSize = 0xFFFF_FFFE })),
        Lie(testDescription: "offset of the other", archive: photo(still: { $0.statedOffset = 1040 })),
        Lie(testDescription: "offset in the directory", archive: photo(still: { $0.statedOffset = 6200 })),
        Lie(testDescription: "offset beside a header", archive: photo(still: { entry in
            entry.statedOffset = 1
            entry.statedSize = 900
        }), leaves: ["mov"]),
        Lie(testDescription: "smaller than the header says", archive: photo(still: { $0.statedSize = 900 }),
            leaves: ["mov"]),
        Lie(testDescription: "other name in the header", archive: photo(still: { $0.spoilsLocal = { $0[30] = 1 } }),
            leaves: ["mov"]),
        Lie(testDescription: "other method in the header", archive: photo(still: { $0.spoilsLocal = { $0[8] = 8 } }),
            leaves: ["mov"]),
        Lie(testDescription: "extra into the next", archive: photo(still: { $0.spoilsLocal = { $0[28] = 1 } }),
            leaves: ["mov"]),
    ]

    @Test(arguments: lies)
    func aLieIsNotBelieved(lie: Lie) {
        #expect(Finding(lie.archive).parts.map(\.stream) == lie.leaves)
    }

    @Test func oneOfEachKindAndNothingElse() {
        func parts(_ names: String...) -> [String] {
            Finding(ZipBuilder(names.map { .init($0, still) }).bytes).parts.map(\.stream)
        }
        #expect(parts("a.jpg", "b.heic", "c.mov") == ["mov"])
        #expect(parts("a.jpg", "__MACOSX/._a.jpg", "d/._b.jpg", "a.png") == ["jpeg"])
        #expect(parts("d/a.JPEG") == ["jpeg"])
        #expect(parts(".jpg", "mov", "a.jpg/") == [])
        #expect(Finding(ZipBuilder([.init("a.jpg", []), .init("b.mov", movie)]).bytes).parts.map(\.stream) == ["mov"])
        #expect(Finding(ZipBuilder([]).bytes).parts.isEmpty)
        #expect(Finding(Array("not a ZIP at all, but long enough".utf8)).parts.isEmpty)
    }

    @Test func whatIsTooLargeIsNotLookedInto() {
        #expect(StoredLivePhoto(size: 1 << 30 + 1, mode: .both).step == .done([]))
        #expect(StoredLivePhoto(size: 1 << 30, mode: .both).step != .done([]))
        #expect(StoredLivePhoto(size: 0, mode: .both).step == .done([]))
    }

    @Test func whatIsAnsweredOutOfTurnOrShortIsNotBelieved() {
        var photo = StoredLivePhoto(size: 1000, mode: .both)
        photo.received([1, 2, 3])
        #expect(photo.step == .done([]))
        photo.received([1])
        #expect(photo.step == .done([]))
    }
}

@Suite struct StoredLivePhotoNamesTests {
    @Test func namesLeadToPhotosAndBack() throws {
        let asked = try #require(StoredLivePhotoNames.photos(of: "a.b.heic", mode: .jpeg))
        #expect(asked.stream == "heic")
        #expect(asked.names.prefix(2) == ["a.b.livp", "a.b.LIVP"])
        #expect(Set(asked.names).count == 16 && asked.names.contains("a.b.LivP"))
        for (name, mode) in [("a.mov", LivePhotoMode.jpeg), ("a.jpeg", .mov), ("a.jpeg", .zip), (".jpeg", .both),
            ("a.JPEG", .both), ("a.jpg", .both), ("jpeg", .both)]
        {
            #expect(StoredLivePhotoNames.photos(of: FileName(name), mode: mode) == nil, "\(name)")
        }
        #expect(StoredLivePhotoNames.views(of: "a.LIVP", mode: .both) == ["a.jpeg", "a.heic", "a.mov"])
        #expect(StoredLivePhotoNames.views(of: "a.jpg", mode: .both).isEmpty)
    }
}
