import Basics
import Drive
import Foundation
import LivePhoto
import TestSupport
import Testing

private func photo(_ name: FileName, _ streams: [StreamInfo], hash: ContentHash? = nil) -> DriveFile {
    DriveFile(
        id: ObjectID(drive: DriveID("1"), file: FileID("p")), parent: .root, name: name, kind: .file, size: 999,
        contentHash: hash, streams: streams)
}

private let heic = StreamInfo(name: "heic", size: 100)
private let mov = StreamInfo(name: "mov", size: 3000)

@Suite struct LivePhotoViewsTests {
    static let expectations: [(mode: LivePhotoMode, names: [String], sizes: [Int64])] = [
        (LivePhotoMode.jpeg, ["IMG_1.heic"], [100]), (.mov, ["IMG_1.mov"], [3000]),
        (.both, ["IMG_1.heic", "IMG_1.mov"], [100, 3000]),
        (.zip, ["IMG_1.livp"], [100 + 3000 + 2 * (30 + 46) + 2 * (10 + 9) + 22]),
    ]

    @Test(arguments: expectations)
    func eachModeShowsItsFiles(mode: LivePhotoMode, names: [String], sizes: [Int64]) {
        let views = LivePhotoViews.views(of: photo("IMG_1.livp", [heic, mov]), mode: mode)
        #expect(views.map(\.name.text) == names)
        #expect(views.map(\.size) == sizes)
    }

    @Test func aMissingPartIsReplacedByTheOther() {
        #expect(LivePhotoViews.views(of: photo("A.LIVP", [mov]), mode: .jpeg).map(\.name.text) == ["A.mov"])
        #expect(LivePhotoViews.views(of: photo("A.livp", [heic]), mode: .mov).map(\.name.text) == ["A.heic"])
    }

    @Test func anOrdinaryObjectHasNoViews() throws {
        #expect(LivePhotoViews.views(of: photo("A.livp", []), mode: .both).isEmpty)
        #expect(LivePhotoViews.views(of: photo("A.jpg", [heic]), mode: .both).isEmpty)
        #expect(LivePhotoViews.views(of: photo(".livp", [heic]), mode: .both).isEmpty)
    }

    @Test func onlyAPhotoWithoutHashAndStreamsIsAskedFor() throws {
        let hash = try #require(ContentHash(hex: String(repeating: "0", count: 40)))
        #expect(LivePhotoViews.needsStreams(photo("A.livp", [])))
        #expect(!LivePhotoViews.needsStreams(photo("A.livp", [heic])))
        #expect(!LivePhotoViews.needsStreams(photo("A.livp", [], hash: hash)))
        #expect(!LivePhotoViews.needsStreams(photo("A.jpg", [])))
    }
}

@Suite struct ArchiveLayoutTests {
    let contents: [String: [UInt8]] = [
        "heic": (0..<100).map { UInt8($0) }, "mov": (0..<3000).map { UInt8($0 % 251) },
    ]

    func bytes(_ layout: ArchiveLayout, _ range: ByteRange) throws -> [UInt8] {
        let checksums = try layout.parts.map { part in
            var crc = CRC32()
            try #require(contents[part.stream.name]).withUnsafeBytes { crc.update($0) }
            return crc.value
        }
        return try layout.segments(of: range, checksums: checksums).flatMap { segment in
            switch segment {
            case .made(let bytes): bytes
            case .stream(let stream, let range):
                Array(try #require(contents[stream.name])[Int(range.lower)..<Int(range.upper)])
            }
        }
    }

    @Test func theChecksumOfTheStandardsExample() {
        var crc = CRC32()
        Array("123456789".utf8).withUnsafeBytes { crc.update($0) }
        #expect(crc.value == 0xCBF4_3926)
    }

    @Test func anyRangeIsAPieceOfTheWhole() throws {
        let layout = try #require(ArchiveLayout(photo: photo("照片.livp", [heic, mov])))
        let whole = try bytes(layout, ByteRange(0, layout.size))
        #expect(Int64(whole.count) == layout.size)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let lower = Int64.random(in: 0...layout.size, using: &generator)
            let upper = Int64.random(in: lower...layout.size + 10, using: &generator)
            let piece = try bytes(layout, ByteRange(lower, upper))
            #expect(piece == Array(whole[Int(lower)..<min(Int(upper), whole.count)]), "\(lower)..<\(upper)")
        }
    }

    @Test func onlyBytesOfOneStreamNeedNoChecksums() throws {
        let layout = try #require(ArchiveLayout(photo: photo("A.livp", [heic, mov])))
        let inner = layout.parts[1].range
        #expect(!layout.needsChecksums(inner))
        #expect(layout.needsChecksums(ByteRange(inner.lower - 1, inner.lower + 5)))
        #expect(layout.needsChecksums(ByteRange(inner.lower, inner.upper + 1)))
        #expect(!layout.needsChecksums(ByteRange(layout.size, layout.size + 5)))
    }

    @Test func anIndependentReaderFindsBothParts() async throws {
        let layout = try #require(ArchiveLayout(photo: photo("A.livp", [heic, mov])))
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).zip")
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: file) } }
        try Data(try bytes(layout, ByteRange(0, layout.size))).write(to: file)
        let unzip = await Child.run("python3", "-c", Self.script, file.path)
        #expect(unzip.status == 0, "\(unzip.text)")
    }

    static let script = """
        import sys, zipfile
        z = zipfile.ZipFile(sys.argv[1])
        found = z.testzip(), [(i.filename, i.file_size) for i in z.infolist()]
        assert found == (None, [("A.heic", 100), ("A.mov", 3000)]), found
        """

    @Test func whatAPlainZIPCannotHoldIsRefused() {
        let huge = StreamInfo(name: "mov", size: 1 << 32)
        #expect(ArchiveLayout(photo: photo("A.livp", [huge])) == nil)
        #expect(ArchiveLayout(photo: photo("A.livp", [StreamInfo(name: "mov", size: -1)])) == nil)
    }
}
