import Basics
import Drive
import LivePhoto
import TestSupport
import Testing

@testable import RemoteFS

@Suite struct LivePhotoMountTests {
    let still = FakeContent.bytes((0..<3000).map { UInt8($0 % 251) })
    let movie = FakeContent.bytes((0..<70_000).map { UInt8($0 % 241) })

    func fixture(_ mode: LivePhotoMode) -> Fixture {
        let f = Fixture(livePhotos: mode)
        f.drive.addLivePhoto("IMG_1.livp", streams: ["heic": still, "mov": movie])
        return f
    }

    @Test func theStillIsAFileOfExactSize() async throws {
        let f = fixture(.jpeg)
        let entry = try await f.find("IMG_1.heic").attributes
        #expect(entry.size == 3000)
        #expect(try await f.contents(entry.inode) == still.allBytes)
        #expect(try await f.names() == ["IMG_1.heic"])
    }

    @Test func bothPartsHaveInodesOfTheirOwnAndOneLinkCall() async throws {
        let f = fixture(.both)
        let (a, b) = (try await f.find("IMG_1.heic").attributes, try await f.find("IMG_1.mov").attributes)
        #expect(a.inode != b.inode)
        #expect(try await f.contents(b.inode, piece: 4096) == movie.allBytes)
        #expect(try await f.contents(a.inode, piece: 4096) == still.allBytes)
        #expect(f.drive.calls(of: .downloadLinks) == 1)
    }

    @Test func streamsThatTheListingLeavesOutAreAskedForOnce() async throws {
        let f = Fixture(livePhotos: .mov)
        let id = f.drive.addLivePhoto("IMG_1.livp", streams: ["heic": still, "mov": movie])
        let streams = try #require(f.drive.current(id)).streams
        f.drive.update(id) { $0.streams = [] }
        let drive = f.drive
        drive.respond { call in
            // The listing leaves the streams out, the batch has them.
            drive.update(id) { $0.streams = call.function == .files ? streams : [] }
            return .proceed
        }
        #expect(try await f.names() == ["IMG_1.mov"])
        #expect(f.drive.calls(of: .files) == 1)
        f.time.advance(by: .seconds(61))
        #expect(try await f.names() == ["IMG_1.mov"])
        #expect(f.drive.calls(of: .files) == 1 && f.drive.calls(of: .list) == 2)
    }

    @Test func theArchiveIsTheSameInAnyPieces() async throws {
        let f = fixture(.zip)
        let entry = try await f.find("IMG_1.livp").attributes
        let whole = try await f.contents(entry.inode, piece: 1 << 20)
        #expect(Int64(whole.count) == entry.size)
        #expect(try await f.contents(entry.inode, piece: 501) == whole)
        #expect(whole.prefix(4) == [0x50, 0x4B, 3, 4])
    }
}
