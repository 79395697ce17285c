import Basics
import Drive
import LivePhoto
import TestSupport
import Testing
import VFS

@testable import RemoteFS

/// Ordinary `.livp` files, looked into for their parts (semantics 8).
@Suite struct StoredArchiveTests {
    let still: [UInt8] = (0..<300_000).map { UInt8($0 % 251) }
    let movie: [UInt8] = (0..<700_000).map { UInt8($0 % 241) }

    var archive: FakeContent { .bytes(ZipBuilder([.init("IMG_1.HEIC", still), .init("IMG_1.MOV", movie)]).bytes) }

    func fixture(_ mode: LivePhotoMode, _ name: FileName = "IMG_1.livp") -> Fixture {
        let f = Fixture(livePhotos: mode)
        f.drive.addFile(name, archive)
        return f
    }

    @Test func theStillIsFoundByLookupAndListedByNobody() async throws {
        let f = fixture(.jpeg)
        let view = try await f.find("IMG_1.heic").attributes
        #expect(view.size == 300_000 && view.kind == .file)
        #expect(try await f.contents(view.inode, piece: 70_001) == still)
        let whole = try await f.find("IMG_1.livp").attributes
        #expect(whole.inode != view.inode && whole.size == archive.size && whole.modified == view.modified)
        #expect(try await f.names() == ["IMG_1.livp"])
        #expect(f.drive.calls(of: .downloadLinks) == 1)
        #expect(try await f.fs.attributes(of: view.inode).attributes == view)
    }

    @Test func eachModeHasItsViews() async throws {
        let expected: [(LivePhotoMode, [String])] = [
            (.jpeg, ["IMG_1.heic"]), (.mov, ["IMG_1.mov"]), (.both, ["IMG_1.heic", "IMG_1.mov"]), (.zip, []),
        ]
        for (mode, names) in expected {
            let f = fixture(mode, "IMG_1.LivP")
            var found: [String] = []
            for name in ["IMG_1.jpeg", "IMG_1.heic", "IMG_1.mov", "IMG_1.jpg", "IMG_1.HEIC"] {
                if case .found = try await f.fs.lookup(FileName(name), in: .root) { found.append(name) }
            }
            #expect(found == names)
            #expect(f.drive.calls(of: .downloadLinks) == (mode == .zip ? 0 : 1))
        }
    }

    @Test func aSecondLookupCostsNothing() async throws {
        let f = fixture(.both)
        let inode = try await f.find("IMG_1.mov").attributes.inode
        let (calls, bytes) = (f.drive.totalCalls, f.drive.downloads.bytes)
        f.drive.respond { _ in .fail(DriveError.unreachable("no network")) }
        #expect(try await f.find("IMG_1.mov").attributes.inode == inode)
        #expect(try await f.find("IMG_1.heic").attributes.size == 300_000)
        await #expect(throws: FSError.noSuchEntry) { try await f.find("IMG_1.jpeg") }
        #expect(f.drive.totalCalls == calls && f.drive.downloads.bytes == bytes)
    }

    @Test func theInodeIsTheSameAfterARemount() async throws {
        let f = fixture(.jpeg)
        let before = try await f.find("IMG_1.heic").attributes
        await f.fs.shutdown()
        let again = Fixture(time: f.time, store: f.store, drive: f.drive)
        #expect(try await again.find("IMG_1.heic").attributes == before)
    }

    @Test func whatIsNoPhotoIsRememberedToo() async throws {
        let f = Fixture(livePhotos: .both)
        f.drive.addFile("a.livp", .pattern(seed: 1, size: 400_000))
        await #expect(throws: FSError.noSuchEntry) { try await f.find("a.jpeg") }
        #expect(f.drive.calls(of: .downloadLinks) == 1)
        let bytes = f.drive.downloads.bytes
        f.time.advance(by: .seconds(1_000))
        for name in ["a.jpeg", "a.heic", "a.mov"] {
            await #expect(throws: FSError.noSuchEntry) { try await f.find(name) }
        }
        #expect(f.drive.calls(of: .downloadLinks) == 1 && f.drive.downloads.bytes == bytes)
    }

    @Test func otherMissesCostNoLink() async throws {
        let f = Fixture(livePhotos: .both)
        f.drive.addLivePhoto("streams.livp", streams: ["mov": .bytes([1])])
        f.drive.addFolder("folder.livp")
        f.drive.addFile("empty.livp", .bytes([]))
        f.drive.addFile("large.livp", .pattern(seed: 1, size: 1 << 30 + 1), hash: .absent)
        f.drive.addFile("frozen.livp", archive) { $0.punishFlag = 2 }
        f.drive.addFile("other.zip", archive)
        for name in ["none", "streams", "folder", "empty", "large", "frozen", "other"] {
            await #expect(throws: FSError.noSuchEntry) { try await f.find("\(name).jpeg") }
        }
        #expect(f.drive.calls(of: .downloadLinks) == 0)
    }

    @Test func anEntryOfTheNameGoesFirst() async throws {
        let f = fixture(.jpeg)
        f.drive.addFile("IMG_1.heic", .bytes([1, 2, 3]))
        #expect(try await f.find("IMG_1.heic").attributes.size == 3)
        #expect(f.drive.calls(of: .downloadLinks) == 0)
    }

    @Test func failingReadsAreErrorsAndNotAbsence() async throws {
        let f = fixture(.jpeg)
        #expect(try await f.names() == ["IMG_1.livp"])
        f.drive.script(.downloadLinks, .fail(.accessDenied(Refusal(status: 403, code: "x", message: ""))))
        await #expect(throws: FSError.accessDenied) { try await f.find("IMG_1.heic") }
        #expect(try await f.find("IMG_1.heic").attributes.size == 300_000)
    }

    @Test func whoLeavesDoesNotEndTheLookForTheNext() async throws {
        let f = fixture(.jpeg)
        let gate = FakeGate()
        f.drive.script(.downloadLinks, .hold(gate))
        let first = Task { try await f.find("IMG_1.heic") }
        await gate.arrivals(atLeast: 1)
        first.cancel()
        let outcome = await first.result
        #expect(throws: FSError.interrupted) { try outcome.get() }
        gate.open()
        #expect(try await f.find("IMG_1.heic").attributes.size == 300_000)
        #expect(f.drive.calls(of: .downloadLinks) == 1)
    }

    @Test func whoWaitsTooLongIsToldInTime() async throws {
        let f = fixture(.jpeg)
        let gate = FakeGate()
        f.drive.script(.downloadLinks, .hold(gate))
        let lookup = Task { try await f.find("IMG_1.heic") }
        await gate.arrivals(atLeast: 1)
        // The lookup's own deadline and that of the read.
        await f.time.sleepers(atLeast: 2)
        f.time.advance(by: .seconds(60))
        let outcome = await lookup.result
        #expect(throws: FSError.timedOut) { try outcome.get() }
        gate.open()
    }

    @Test func manyWhoLookCauseOneLook() async throws {
        let f = fixture(.jpeg)
        let gate = FakeGate()
        f.drive.script(.downloadLinks, .hold(gate))
        let lookups = (0..<5).map { _ in Task { try await f.find("IMG_1.heic").attributes.inode } }
        await gate.arrivals(atLeast: 1)
        gate.open()
        var inodes: Set<InodeNumber> = []
        for lookup in lookups { inodes.insert(try await lookup.value) }
        #expect(inodes.count == 1 && f.drive.calls(of: .downloadLinks) == 1)
        #expect(f.fs.inodes.lookups == 5)
    }

    @Test func aPhotoThatIsGoneTakesItsViewsAlong() async throws {
        let f = Fixture(livePhotos: .jpeg)
        let id = f.drive.addFile("IMG_1.livp", archive)
        let view = try await f.find("IMG_1.heic").attributes.inode
        f.drive.remove(id)
        f.time.advance(by: .seconds(61))
        #expect(try await f.names().isEmpty)
        #expect(f.kernel.calls.contains(.entry("IMG_1.heic", .root)))
        await #expect(throws: FSError.noSuchEntry) { try await f.fs.attributes(of: view) }
        await #expect(throws: FSError.noSuchEntry) { try await f.find("IMG_1.heic") }
    }

    @Test func aPhotoThatVanishesUnderTheLookupIsListedAnew() async throws {
        let f = Fixture(livePhotos: .jpeg)
        let id = f.drive.addFile("IMG_1.livp", archive)
        #expect(try await f.names() == ["IMG_1.livp"])
        f.drive.remove(id)
        await #expect(throws: FSError.stale) { try await f.find("IMG_1.heic") }
        await #expect(throws: FSError.noSuchEntry) { try await f.find("IMG_1.heic") }
        #expect(f.drive.calls(of: .list) == 2)
    }

    @Test func theHashOfTheWholeIsNotTheViews() async throws {
        let f = fixture(.jpeg)
        let view = try await f.find("IMG_1.heic").attributes.inode
        await #expect(throws: FSError.noSuchAttribute) {
            try await f.fs.extendedAttribute("user.aliyun.sha1", of: view)
        }
        #expect(try await f.fs.extendedAttribute("user.aliyun.name", of: view) == Array("IMG_1.livp".utf8))
    }
}
