import Basics
import Drive
import Synchronization
import TestSupport
import Testing

/// Keeps what a download brings, up to a limit.
final class CollectingSink: DownloadSink {
    private let state = Mutex<[UInt8]>([])
    private let limit: Int

    init(limit: Int = .max) { self.limit = limit }
    var bytes: [UInt8] { state.withLock { $0 } }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        state.withLock {
            $0.append(contentsOf: bytes)
            return $0.count < limit
        }
    }
}

@Suite struct FakeDriveTests {
    let time = ManualTime()

    @Test func pagesOfAListingMayBeShortAndEmptyAndMissNothing() async throws {
        let drive = FakeDrive(time: time)
        let folder = drive.addFolder("folder")
        for name in ["b", "a", "a", "c", "d"] { drive.addFile(FileName(name), in: folder, .bytes([1])) }
        drive.set { $0.pageLengths = [2, 0, 3] }
        var names: [String] = []
        var marker: String?
        repeat {
            let page = try await drive.list(drive.object(folder), marker: marker, .foreground)
            names += page.files.map(\.name.text)
            marker = page.next
        } while marker != nil
        #expect(names == ["a", "a", "b", "c", "d"])
        #expect(drive.calls(of: .list) == 3)
    }

    @Test func aDownloadDeliversItsRangeAndStopsWhenTheSinkHasEnough() async throws {
        let drive = FakeDrive(time: time)
        let content = FakeContent.pattern(seed: 1, size: 1 << 20)
        let id = drive.object(drive.addFile("f", content))
        let link = try #require(try await drive.downloadLinks(for: id, .foreground).whole)
        let sink = CollectingSink()
        try await drive.download(link, range: ByteRange(3, 200_001), ofSize: 1 << 20, .foreground, into: sink)
        #expect(sink.bytes == content.bytes(in: ByteRange(3, 200_001)))
        let short = CollectingSink(limit: 10)
        try await drive.download(link, range: ByteRange(0, 1 << 20), ofSize: 1 << 20, .foreground, into: short)
        #expect(short.bytes.count == 64 << 10)
        #expect(drive.downloads.endedEarly == 1)
    }

    @Test func scriptsFailCallsInTurnAndLinksExpire() async throws {
        let drive = FakeDrive(time: time)
        let id = drive.object(drive.addFile("f", .bytes(Array(0...99))))
        drive.script(.download, .fail(.cut("reset"), after: 7))
        let link = try #require(try await drive.downloadLinks(for: id, .foreground).whole)
        let sink = CollectingSink()
        await #expect(throws: DriveError.download(.cut("reset"))) {
            try await drive.download(link, range: ByteRange(0, 100), ofSize: 100, .foreground, into: sink)
        }
        #expect(sink.bytes == Array(0..<7))
        time.advance(by: .seconds(901))
        await #expect(throws: DriveError.download(.expired)) {
            try await drive.download(link, range: ByteRange(0, 100), ofSize: 100, .foreground, into: sink)
        }
    }
}
