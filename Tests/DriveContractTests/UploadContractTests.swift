import AlipanEmulator
import Basics
import Drive
import Testing

/// Uploads against the emulator (contract 7).
@Suite struct UploadContractTests {
    private let part = 100 << 10

    @Test func partsMakeAFile() async throws {
        try await Rig.run { rig async throws in
            let bytes = pattern(2 * part + 7)
            var file = rig.file("a", bytes, parts: 3)
            file.modifiedAt = UnixTime(seconds: 1_600_000_000, nanoseconds: 5_000_000)
            let (session, links) = try await rig.begin(file)
            #expect(links.map(\.part) == [1, 2, 3])
            #expect(rig.paths.isEmpty)
            try await rig.send(links[0], bytes[..<part])
            try await rig.send(links[1], bytes[part..<2 * part])
            #expect(
                try await rig.drive.uploadedParts(session, .foreground)
                    == [1, 2].map { UploadedPart(number: $0, size: Int64(part)) })
            try await rig.send(links[2], bytes[(2 * part)...])
            let done = try await rig.drive.completeUpload(session, .foreground)
            #expect(done.id == session.object && done.name == "a" && done.size == Int64(bytes.count))
            #expect(done.contentHash == sha1(bytes))
            #expect(try rig.emulator.bytes("/a") == bytes)
            let got = try await rig.drive.file(session.object, .foreground)
            #expect(got.isAvailable && got.localModifiedAt == file.modifiedAt)
            #expect(rig.emulator.counters.mostConnections <= 4)
        }
    }

    @Test func emptyFiles() async throws {
        try await Rig.run { rig async throws in
            guard case .made(let id, "empty") = try await rig.drive.createFile(rig.file("empty", []), .foreground)
            else { throw Unexpected(what: "not made") }
            let file = try await rig.drive.file(id, .foreground)
            #expect(file.size == 0 && file.contentHash == sha1([]))
        }
    }

    @Test func anEmptyPartMakesAnEmptyFileToo() async throws {
        try await Rig.run { rig async throws in
            var file = rig.file("a", [])
            file.size = 1
            let (session, links) = try await rig.begin(file)
            rig.emulator.change { $0.completeWrongSize = .accept }
            try await rig.send(links[0], [])
            #expect(try await rig.drive.completeUpload(session, .foreground).size == 0)
        }
    }

    @Test(arguments: [409, 400], [false, true])
    func knownContentIsTakenAtOnce(status: Int, hasUploadID: Bool) async throws {
        let set: (inout AlipanEmulator.Configuration) -> Void = {
            $0.switches.preHashStatus = status
            $0.switches.uploadIdAfterRapid = hasUploadID
        }
        try await Rig.run(set) { rig async throws in
            let bytes = pattern(300_000)
            try rig.emulator.put("/known", .bytes(bytes))
            let asked = rig.file("b", bytes, .preHash(sha1(bytes.prefix(1_024))))
            #expect(await failure { try await rig.drive.createFile(asked, .foreground) } == .change(.preHashMatched))
            // The token changes between the two: the proof has to follow it.
            _ = try await rig.drive.space(.foreground)
            rig.emulator.expireAccessTokens()
            rig.emulator.time.advance(by: 1_000)
            guard case .made(let id, "b") = try await rig.drive.createFile(rig.hashed("b", bytes), .foreground)
            else { throw Unexpected(what: "not made") }
            let file = try await rig.drive.file(id, .foreground)
            #expect(file.size == 300_000 && file.contentHash == sha1(bytes) && file.isAvailable)
            #expect(try rig.emulator.bytes("/b") == bytes)
            // What only begins alike is an upload.
            let other = pattern(300_000, salt: 3)
            _ = try await rig.begin(rig.file("c", other, .preHash(sha1(other.prefix(1_024)))))
            _ = try await rig.begin(rig.hashed("d", other))
        }
    }

    @Test func aWrongProofIsToldAsSuch() async throws {
        try await Rig.run { rig async throws in
            let bytes = pattern(5_000)
            try rig.emulator.put("/known", .bytes(bytes))
            let lie = rig.file("b", bytes, .hashed(sha1(bytes), Bytes(pattern(5_000, salt: 1))))
            #expect(await failure { try await rig.drive.createFile(lie, .foreground) }?.kind == "invalidProof")
        }
    }

    @Test func bytesOtherThanDeclared() async throws {
        try await Rig.run { rig async throws in
            let (session, links) = try await rig.begin(rig.hashed("a", pattern(5_000)))
            try await rig.send(links[0], pattern(5_000, salt: 1))
            #expect(
                await failure { try await rig.drive.completeUpload(session, .foreground) }?.kind == "contentMismatch")
            #expect(
                await failure { try await rig.drive.completeUpload(session, .foreground) }?.kind == "uploadGone")
        }
    }

    @Test(arguments: [400, 404])
    func sessionsEnd(status: Int) async throws {
        try await Rig.run({ $0.switches.lostUploadStatus = status }) { rig async throws in
            let (session, links) = try await rig.begin(rig.file("a", pattern(10)))
            try await rig.send(links[0], pattern(10))
            _ = try await rig.drive.completeUpload(session, .foreground)
            #expect(
                await failure { try await rig.drive.completeUpload(session, .foreground) }?.kind == "uploadGone")
            let (other, places) = try await rig.begin(rig.file("b", pattern(10)))
            _ = try await rig.drive.remove(other.object, .delete, .foreground)
            #expect(await failure { try await rig.send(places[0], pattern(10)) } == .change(.part(.sessionGone)))
            #expect(await failure { try await rig.drive.uploadedParts(other, .foreground) }?.kind == "uploadGone")
            #expect(
                await failure { try await rig.drive.uploadLinks(other, parts: 1...1, .foreground) }?.kind
                    == "uploadGone")
        }
    }

    @Test func partsOutOfOrder() async throws {
        try await Rig.run({ $0.switches.uploadedPartsPage = 1 }) { rig async throws in
            let bytes = pattern(3 * part)
            let (session, links) = try await rig.begin(rig.file("a", bytes, parts: 3))
            #expect(
                await failure { try await rig.send(links[1], bytes[..<part]) }
                    == .change(.part(.notSequential(expected: 1))))
            for (index, link) in links.enumerated() {
                try await rig.send(link, bytes[index * part..<(index + 1) * part])
                // Once more changes nothing.
                try await rig.send(link, bytes[..<part])
            }
            #expect(
                try await rig.drive.uploadedParts(session, .foreground)
                    == (1...3).map { UploadedPart(number: $0, size: Int64(part)) })
            _ = try await rig.drive.completeUpload(session, .foreground)
            #expect(try rig.emulator.bytes("/a") == bytes)
        }
    }

    @Test func oldAddressesAreReplaced() async throws {
        try await Rig.run { rig async throws in
            let bytes = pattern(part + 5)
            let (session, links) = try await rig.begin(rig.file("a", bytes, parts: 1))
            try await rig.send(links[0], bytes[..<part])
            rig.emulator.expireLinks()
            #expect(await failure { try await rig.send(links[0], bytes[..<part]) } == .change(.part(.expired)))
            rig.emulator.time.advance(by: 1_000)
            // A number beyond those of create is allowed.
            let fresh = try await rig.drive.uploadLinks(session, parts: 2...2, .foreground)
            try await rig.send(fresh[0], bytes[part...])
            #expect(try await rig.drive.completeUpload(session, .foreground).size == Int64(bytes.count))
        }
    }

    @Test func brokenParts() async throws {
        try await Rig.run { rig async throws in
            let bytes = pattern(3 << 20)
            let (session, links) = try await rig.begin(rig.file("a", bytes))
            try rig.fault("part") { $0.resetAfter = 1 << 20 }
            #expect(await failure { try await rig.send(links[0], bytes) }?.kind == "cut")
            #expect(try await rig.drive.uploadedParts(session, .foreground).isEmpty)
            rig.emulator.clearFaults()
            try rig.fault("part") { $0.status = 503 }
            #expect(await failure { try await rig.send(links[0], bytes) } == .change(.part(.throttled(status: 503))))
            rig.emulator.clearFaults()
            // Stored, and the answer lost: it is there when asked for, and counts as sent when sent again.
            try rig.fault("part") { $0.drop = .after }
            #expect(await failure { try await rig.send(links[0], bytes) }?.kind == "cut")
            #expect(
                try await rig.drive.uploadedParts(session, .foreground) == [UploadedPart(number: 1, size: 3 << 20)])
            try await rig.send(links[0], bytes)
            _ = try await rig.drive.completeUpload(session, .foreground)
            #expect(try rig.emulator.bytes("/a") == bytes)
        }
    }

    @Test(arguments: [403, 400])
    func noRoom(status: Int) async throws {
        let set: (inout AlipanEmulator.Configuration) -> Void = {
            $0.switches.quotaStatus = status
            $0.switches.totalBytes = 10_000
            $0.switches.maxFileBytes = 50_000
        }
        try await Rig.run(set) { rig async throws in
            let full = rig.file("a", pattern(20_000))
            #expect(await failure { try await rig.drive.createFile(full, .foreground) }?.kind == "quotaExhausted")
            let large = rig.file("a", pattern(60_000))
            #expect(await failure { try await rig.drive.createFile(large, .foreground) }?.kind == "tooLarge")
        }
    }

    @Test(arguments: [Switches.Refuse.exist, .badRequest, .conflict])
    func takenNames(answer: Switches.Refuse) async throws {
        try await Rig.run({ $0.switches.refuseTaken = answer }) { rig async throws in
            let old = rig.object(try rig.emulator.put("/a", .text("old")))
            let result: String
            do throws(DriveError) {
                let creation = try await rig.drive.createFile(rig.file("a", pattern(5)), .foreground)
                result = creation == .taken(old) ? "taken" : "made"
            } catch {
                result = error.kind
            }
            #expect(result == (answer == .exist ? "taken" : "nameTaken"))
            let new = try await rig.upload("a", pattern(5), .ignore)
            #expect(new.id != old && rig.paths == ["/a", "/a"])
        }
    }
}
