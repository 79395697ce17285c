import Basics
import Drive
import TestSupport
import Testing

@Suite struct UploadTests {
    @Test func partsInTheirOrderMakeAFile() async throws {
        let f = Fixture()
        let (session, links) = try await f.begin("a", 30, parts: 3)
        #expect(links.map(\.part) == [1, 2, 3])
        let progress = Tally()
        for (index, link) in links.enumerated() {
            let lower = Int64(index) * 10
            try await f.drive.sendPart(link, ByteRange(lower, lower + 10), of: MemorySource(f.small)) {
                progress.add($0)
            }
        }
        #expect(progress.total == 30)
        let parts = try await f.drive.uploadedParts(session, .foreground)
        #expect(parts == (1...3).map { UploadedPart(number: $0, size: 10) })
        let file = try await f.drive.completeUpload(session, .foreground)
        #expect(file.id == session.object && file.size == 30 && file.contentHash == f.small.sha1 && file.isAvailable)
        #expect(f.drive.content(of: file.id.file) == f.small)
        #expect(f.drive.tree() == ["a": [.file(f.small)]])
        #expect(f.drive.unfinishedUploads.isEmpty)
    }

    @Test func aPlaceholderIsSeenByItsIdAlone() async throws {
        let f = Fixture()
        let (session, _) = try await f.begin("a", 30)
        #expect(try await f.drive.list(f.root, marker: nil, .foreground).files.isEmpty)
        #expect(try await f.drive.file(session.object, .foreground).isAvailable == false)
        let atPath = await failure {
            try await f.drive.file(atPath: "/a", in: f.drive.id, .foreground)
        }
        #expect(atPath?.gist == "404 NotFound.File")
        #expect(f.drive.tree().isEmpty && f.drive.unfinishedUploads == [session])
        // Removing it ends the upload.
        _ = try await f.drive.remove(session.object, .trash, .foreground)
        let gone = await failure {
            try await f.drive.completeUpload(session, .foreground)
        }
        #expect(gone?.gist == "change.uploadGone")
    }

    @Test func partsOutOfTurnAreRefusedAndARepeatedPartKeepsItsFirstContent() async throws {
        let f = Fixture()
        let (session, links) = try await f.begin("a", 20, parts: 2)
        let early = await failure { try await f.send(links[1], 10, 20, of: f.small) }
        #expect(early == .change(.part(.notSequential(expected: 1))))
        try await f.send(links[0], 0, 10, of: f.small)
        try await f.send(links[0], 20, 30, of: f.small)
        try await f.send(links[1], 10, 20, of: f.small)
        let file = try await f.drive.completeUpload(session, .foreground)
        #expect(f.drive.content(of: file.id.file) == .bytes(Array(0..<20)))
    }

    @Test func linksExpireAndAreGivenAnew() async throws {
        let f = Fixture()
        let (session, links) = try await f.begin("a", 10)
        f.time.advance(by: .seconds(3600))
        let old = await failure { try await f.send(links[0], 0, 10, of: f.small) }
        #expect(old == .change(.part(.expired)))
        let fresh = try await f.drive.uploadLinks(session, parts: 1...2, .foreground)
        #expect(fresh.map(\.part) == [1, 2])
        try await f.send(fresh[0], 0, 10, of: f.small)
        f.drive.dropUpload(session)
        let gone = await failure { try await f.send(fresh[1], 10, 20, of: f.small) }
        #expect(gone == .change(.part(.sessionGone)))
        let links2 = await failure {
            try await f.drive.uploadLinks(session, parts: 1...1, .foreground)
        }
        #expect(links2?.gist == "change.uploadGone")
        let forged = UploadLink(part: 1, url: "fake://x", expires: f.time.now())
        let denied = await failure { try await f.send(forged, 0, 10, of: f.small) }
        #expect(denied == .change(.part(.denied("SignatureDoesNotMatch"))))
    }

    @Test func whatDoesNotAddUpFailsAtComplete() async throws {
        let f = Fixture()
        f.drive.set { $0.smallestPart = 11 }
        let (short, links) = try await f.begin("middle", 20, parts: 2)
        try await f.send(links[0], 0, 10, of: f.small)
        try await f.send(links[1], 10, 20, of: f.small)
        let middle = await failure {
            try await f.drive.completeUpload(short, .foreground)
        }
        #expect(middle?.gist == "400 EntityTooSmall")
        let (missing, more) = try await f.begin("missing", 30, parts: 2)
        try await f.send(more[0], 0, 12, of: f.small)
        let half = await failure {
            try await f.drive.completeUpload(missing, .foreground)
        }
        #expect(half?.gist == "400 InvalidParameter.Size")
        f.drive.set { $0.completesAnySize = true }
        #expect(try await f.drive.completeUpload(missing, .foreground).size == 12)
        let twice = await failure {
            try await f.drive.completeUpload(missing, .foreground)
        }
        #expect(twice?.gist == "change.uploadGone")
    }

    @Test func theDriveTakesWhatItKnowsAtOnce() async throws {
        let f = Fixture()
        let known = f.drive.addFile("known", f.small)
        f.drive.trash(known)
        let creation = try await f.create("again", 30, .hashed(f.small.sha1, MemorySource(f.small)))
        guard case .made(let id, "again") = creation else {
            Issue.record("not made: \(creation)")
            return
        }
        #expect(id.file != known && f.drive.content(of: id.file) == f.small)
        #expect(f.drive.tree() == ["again": [.file(f.small)]])
        // The proof does not fit: the source holds other bytes than it says.
        let other = MemorySource(.bytes(Array(1...30)))
        let lie = await failure {
            try await f.create("lie", 30, .hashed(f.small.sha1, other))
        }
        #expect(lie?.gist == "change.invalidProof")
        let broken = MemorySource(f.small, failure: UploadSourceError("disk"))
        let unread = await failure {
            try await f.create("broken", 30, .hashed(f.small.sha1, broken))
        }
        #expect(unread == .change(.source(UploadSourceError("disk"))))
        #expect(f.drive.log.compactMap(\.declaration) == [.hashed, .hashed, .hashed])
    }

    @Test func thePreHashMatchesExactlyWhatIsKnown() async throws {
        let f = Fixture()
        let known = FakeContent.pattern(seed: 1, size: 3000)
        f.drive.addFile("known", known)
        let match = await failure {
            try await f.create("a", 3000, .preHash(known.preHash))
        }
        #expect(match == .change(.preHashMatched))
        for (size, hash) in [(3001, known.preHash), (3000, f.small.preHash)] {
            guard case .upload = try await f.create("b", Int64(size), .preHash(hash)) else {
                Issue.record("no upload of \(size) bytes")
                return
            }
        }
        #expect(f.drive.tree().count == 1)
    }

    @Test func theDeclaredHashIsCheckedAndAMismatchSpendsTheSession() async throws {
        let f = Fixture()
        let (session, links) = try await f.begin("a", 30, .hashed(f.small.sha1, MemorySource(f.small)))
        try await f.send(links[0], 0, 30, of: .bytes(Array(1...30)))
        for expected in ["change.contentMismatch", "change.uploadGone"] {
            let end = await failure {
                try await f.drive.completeUpload(session, .foreground)
            }
            #expect(end?.gist == expected)
        }
        #expect(f.drive.current(session.object.file) == nil && f.drive.tree().isEmpty)
        let (good, again) = try await f.begin("a", 30, .hashed(f.small.sha1, MemorySource(f.small)))
        try await f.send(again[0], 0, 30, of: f.small)
        #expect(try await f.drive.completeUpload(good, .foreground).contentHash == f.small.sha1)
    }

    @Test func namesAreCheckedAsAsked() async throws {
        let f = Fixture()
        let first = try await f.upload("a", f.small).id
        #expect(try await f.create("a", 10) == .taken(first))
        guard case .upload = try await f.create("a", 10, .plain, .ignore) else {
            Issue.record("no second of one name")
            return
        }
        #expect(try await f.drive.createFolder(named: "a", in: f.root, .foreground) == .taken(first))
        f.drive.addFile("a", .bytes([1]))
        #expect(f.drive.tree() == ["a": [.file(.bytes([1])), .file(f.small)]])
        for name in ["", "a/b", ".", "..", "a\0b", String(repeating: "x", count: 1025)] {
            let bad = await failure { try await f.create(FileName(name), 1) }
            #expect(bad?.gist == "400 InvalidParameter.Name")
        }
    }

    @Test func spaceIsAccountedForAtBothEnds() async throws {
        let f = Fixture()
        f.drive.set { $0.quota = 40 }
        let first = try await f.upload("a", f.small)
        #expect(try await f.drive.space(.foreground) == SpaceInfo(used: 30, total: 40))
        let create = await failure { try await f.create("b", 11) }
        #expect(create?.gist == "403 QuotaExhausted.Drive")
        let (session, links) = try await f.begin("b", 10)
        try await f.send(links[0], 0, 10, of: f.small)
        f.drive.addFile("c", .bytes([1]))
        let complete = await failure {
            try await f.drive.completeUpload(session, .foreground)
        }
        #expect(complete?.gist == "403 QuotaExhausted.Drive")
        // The recycle bin counts; the upload waits.
        _ = try await f.drive.remove(first.id, .trash, .foreground)
        #expect(try await f.drive.space(.foreground).used == 31)
        _ = try await f.drive.remove(first.id, .delete, .foreground)
        #expect(try await f.drive.completeUpload(session, .foreground).size == 10)
        f.drive.set { $0.largestFile = 9 }
        let large = await failure { try await f.create("d", 10) }
        #expect(large?.gist == "413 ")
    }

    @Test func theUploadersTimeIsKeptOrNot() async throws {
        let f = Fixture()
        f.drive.addFile("known", f.small)
        for keeps in [true, false] {
            f.drive.set { $0.keepsModifiedAt = keeps }
            let then = UnixTime(seconds: 1_000)
            let content = FileCreation.Content.hashed(f.small.sha1, MemorySource(f.small))
            guard case .made(let id, _) = try await f.create(FileName("\(keeps)"), 30, content, modifiedAt: then) else {
                Issue.record("not made")
                return
            }
            #expect(try await f.drive.file(id, .foreground).localModifiedAt == (keeps ? then : nil))
        }
    }

    @Test func anEmptyFileNeedsNoPartAndMayHaveOne() async throws {
        let f = Fixture()
        let (none, _) = try await f.begin("none", 0)
        #expect(try await f.drive.completeUpload(none, .foreground).size == 0)
        let (one, links) = try await f.begin("one", 0)
        try await f.send(links[0], 0, 0, of: f.small)
        #expect(try await f.drive.completeUpload(one, .foreground).contentHash == FakeContent.bytes([]).sha1)
    }
}
