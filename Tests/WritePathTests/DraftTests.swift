import Basics
import Drive
import Foundation
import MetadataStore
import TestSupport
import Testing

@testable import WritePath

/// A draft on a spool of its own, and what its bytes are to be.
private final class Sheet {
    let folder = NSTemporaryDirectory() + "spool-\(UUID().uuidString)"
    let spool: Spool
    let base: FakeContent
    var draft: Draft
    var bytes: [UInt8]
    let time = ManualTime()

    init(base: FakeContent, keeps: Int64? = nil) throws {
        self.base = base
        spool = try Spool(path: folder)
        let keeps = keeps ?? base.size
        bytes = Array(base.allBytes.prefix(Int(keeps)))
        let stored = BaseContent(
            object: ObjectID(drive: DriveID("d"), file: FileID("f")), size: base.size, hash: base.sha1)
        let content = DraftContent(
            state: .open, revision: 1, size: keeps, modified: .epoch, base: keeps > 0 ? stored : nil, baseEnd: keeps)
        draft = Self.draft(content, spool, time)
        try draft.file.create()
        try draft.file.setSize(keeps)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: folder) } catch { return }
    }

    private static func draft(_ content: DraftContent, _ spool: Spool, _ time: ManualTime) -> Draft {
        let place = DrivePlace(folder: ObjectID(drive: DriveID("d"), file: .root), name: "a")
        let record = DraftRecord(id: DraftID(1), inode: 2, place: place, content: content)
        return Draft(DraftMachine(record, UploadPolicy()), file: spool.file(DraftID(1)), time: time)
    }

    func write(_ new: [UInt8], at offset: Int) throws {
        bytes += [UInt8](repeating: 0, count: max(0, offset + new.count - bytes.count))
        bytes.replaceSubrange(offset..<offset + new.count, with: new)
        #expect(try withBytes(new) { memory throws(SpoolError) in try draft.write(memory, at: Int64(offset)) })
    }

    func resize(_ size: Int) throws {
        bytes = Array(bytes.prefix(size)) + [UInt8](repeating: 0, count: max(0, size - bytes.count))
        #expect(try draft.setSize(Int64(size)))
    }

    func zero(_ range: ByteRange) throws {
        let range = range.clamped(to: Int64(bytes.count))
        for index in range.lower..<range.upper { bytes[Int(index)] = 0 }
        #expect(try draft.zero(range))
    }

    /// Brings bytes of the base into the spool, as when the file is put together for its upload.
    func fill(_ range: ByteRange) throws {
        let range = range.clamped(to: min(base.size, draft.state.withLock { $0.baseEnd }))
        for piece in draft.plan(range).pieces where !piece.isHere {
            _ = try withBytes(base.bytes(in: piece.range)) { memory throws(SpoolError) in
                try draft.fill(memory, at: piece.range.lower)
            }
        }
    }

    func read() throws -> [UInt8] {
        var all: [UInt8] = []
        for piece in draft.plan(ByteRange(0, draft.size)).pieces {
            if piece.isHere {
                var part = [UInt8](repeating: 7, count: Int(piece.range.count))
                try part.withUnsafeMutableBytes { memory in try draft.file.read(at: piece.range.lower, into: memory) }
                all += part
            } else {
                all += base.bytes(in: piece.range)
            }
        }
        return all
    }

    /// What the next process makes of the row, the file and its log.
    func recover() throws {
        let record = draft.record
        guard var content = record.content, let found = try draft.file.found(of: content) else { throw Missing() }
        content.size = found.size
        content.baseEnd = found.baseEnd
        content.present = found.present.ranges
        content.state = .open
        draft = Self.draft(content, spool, time)
    }

    private func withBytes<T>(
        _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(SpoolError) -> T
    ) throws -> T {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        return try body(UnsafeRawBufferPointer(memory))
    }
}

@Suite struct DraftTests {
    private let base = FakeContent.pattern(seed: 5, size: 40_000)

    /// Against an array of bytes: every change in every order, with crashes in between.
    @Test func asAnArrayOfBytes() throws {
        for seed in 0..<150 {
            var random = SplitMix(UInt64(seed))
            let sheet = try Sheet(base: base, keeps: seed % 4 == 0 ? Int64(random.next() % 40_000) : nil)
            var trace: [String] = []
            for _ in 0..<25 {
                let at = Int(random.next() % 45_000)
                let count = Int(random.next() % 6_000)
                let kind = random.next() % 13
                trace.append("\(kind) at \(at), \(count)")
                switch kind {
                case 0...3: try sheet.write((0..<count).map { UInt8(truncatingIfNeeded: $0 &+ at) }, at: at)
                case 4: try sheet.resize(at)
                case 5: try sheet.resize(sheet.bytes.count + count)
                case 6: try sheet.zero(ByteRange(Int64(at), Int64(at + count)))
                case 7...8: try sheet.fill(ByteRange(Int64(at), Int64(at + count)))
                case 9: try sheet.draft.synchronize()
                case 10: try sheet.draft.dropFilled()
                default: try sheet.recover()
                }
                guard try sheet.read() == sheet.bytes else {
                    Issue.record("seed \(seed): other bytes after \(trace)")
                    return
                }
                try checkSeek(sheet, from: Int64(at))
            }
            try sheet.fill(ByteRange(0, base.size))
            try sheet.draft.synchronize()
            try sheet.recover()
            #expect(!sheet.draft.needs(ObjectID(drive: DriveID("d"), file: FileID("f"))), "seed \(seed)")
            #expect(try sheet.read() == sheet.bytes)
        }
    }

    private func checkSeek(_ sheet: Sheet, from: Int64) throws {
        let size = Int64(sheet.bytes.count)
        let data = try sheet.draft.seek(forData: true, from: from)
        let hole = try sheet.draft.seek(forData: false, from: from)
        guard from < size else {
            #expect(data == nil && hole == nil)
            return
        }
        let next = data ?? size
        #expect(next >= from && next <= size)
        #expect(sheet.bytes[Int(from)..<Int(next)].allSatisfy { $0 == 0 }, "bytes before the data are zeros")
        let end = try #require(hole)
        #expect(end >= from && end <= size)
        if end < size { #expect(sheet.bytes[Int(end)] == 0) }
        if next == from { #expect(end > from) } else { #expect(end == from) }
    }

    @Test func whatWasCutOffDoesNotComeBack() throws {
        let sheet = try Sheet(base: base)
        try sheet.resize(10_000)
        try sheet.resize(30_000)
        #expect(try sheet.read() == sheet.bytes)
        try sheet.recover()
        #expect(try sheet.read() == sheet.bytes)
    }

    /// The crash comes when the file is cut and its log does not know.
    @Test func aCutWithoutItsEntry() throws {
        let sheet = try Sheet(base: base)
        try sheet.draft.file.setSize(10_000)
        try sheet.recover()
        sheet.bytes = Array(sheet.bytes.prefix(10_000))
        try sheet.resize(30_000)
        #expect(try sheet.read() == sheet.bytes)
        try sheet.recover()
        #expect(try sheet.read() == sheet.bytes)
    }

    @Test func theBaseGoesOn() throws {
        let sheet = try Sheet(base: base, keeps: 1)
        #expect(try sheet.draft.extend(from: 1, to: 20_000) == true)
        #expect(try sheet.draft.extend(from: 1, to: 20_000) == nil)
        sheet.bytes = base.bytes(in: ByteRange(0, 20_000))
        #expect(try sheet.read() == sheet.bytes)
        try sheet.recover()
        #expect(try sheet.read() == sheet.bytes)
        // The crash comes when the log knows and the file is not longer yet.
        try sheet.draft.file.append(.baseEnd(30_000))
        try sheet.recover()
        #expect(try sheet.read() == sheet.bytes)
    }

    /// The same with a log that says how far the base went before.
    @Test func aCutWithoutItsEntryAfterOthers() throws {
        let sheet = try Sheet(base: base, keeps: 1)
        #expect(try sheet.draft.extend(from: 1, to: 40_000) == true)
        sheet.bytes = base.allBytes
        try sheet.draft.file.setSize(10_000)
        try sheet.recover()
        sheet.bytes = Array(sheet.bytes.prefix(10_000))
        try sheet.resize(30_000)
        #expect(try sheet.read() == sheet.bytes)
        try sheet.recover()
        #expect(try sheet.read() == sheet.bytes)
    }

    /// What was written beyond the base, and cut off again, does not hide the base when it goes on there.
    @Test func theBaseGoesOnWhereSomethingWasCutOff() throws {
        let sheet = try Sheet(base: base, keeps: 20_000)
        try sheet.write([1, 2, 3], at: 25_000)
        try sheet.draft.synchronize()
        try sheet.resize(20_000)
        #expect(try sheet.draft.extend(from: 20_000, to: 40_000) == true)
        sheet.bytes = base.allBytes
        #expect(try sheet.read() == sheet.bytes)
        try sheet.recover()
        #expect(try sheet.read() == sheet.bytes)
    }

    @Test func halfAnEntryIsOfAWriteThatNobodyWasToldOf() throws {
        let sheet = try Sheet(base: base)
        try sheet.write([1, 2, 3], at: 100)
        let log = try #require(FileHandle(forWritingAtPath: sheet.folder + "/1.ranges"))
        try log.seekToEnd()
        try log.write(contentsOf: [9, 9, 9, 9, 9, 9, 9])
        try log.close()
        try sheet.recover()
        #expect(try sheet.read() == sheet.bytes)
        try sheet.write([4, 5], at: 9_000)
        try sheet.recover()
        #expect(try sheet.read() == sheet.bytes)
    }

    @Test func aSealedFileIsKnownAgain() throws {
        let sheet = try Sheet(base: base)
        try sheet.write([1, 2, 3], at: 100)
        try sheet.draft.synchronize()
        let facts = try #require(try sheet.draft.file.facts())
        #expect(facts.modified == sheet.draft.modified)
        #expect(facts.size == 40_000)
        try sheet.write([1], at: 100)
        #expect(try sheet.draft.file.facts()?.modified != sheet.draft.modified)
    }

    @Test func whatAFailedWriteLeftBeyondTheEndGoesAtTheSeal() throws {
        let sheet = try Sheet(base: base)
        try sheet.draft.file.setSize(50_000)
        try sheet.draft.synchronize()
        #expect(try sheet.draft.file.facts()?.size == 40_000)
    }

    @Test func theHashRunsWithTheWrites() throws {
        let sheet = try Sheet(base: base, keeps: 0)
        try sheet.write([1, 2, 3], at: 0)
        try sheet.write([4], at: 3)
        #expect(sheet.draft.state.withLock { $0.running?.count } == 4)
        #expect(sheet.draft.state.withLock { $0.running?.result() } == FakeContent.bytes([1, 2, 3, 4]).sha1)
        // Two at once on the same bytes: nobody knows which was last.
        _ = sheet.draft.state.withLock { $0.begin(ByteRange(4, 9)) }
        _ = sheet.draft.state.withLock { $0.begin(ByteRange(6, 12)) }
        #expect(sheet.draft.state.withLock { $0.running == nil })
    }

    @Test func whatWasFetchedGivesItsRoomBack() throws {
        let sheet = try Sheet(base: base)
        try sheet.write([1, 2, 3], at: 100)
        try sheet.fill(ByteRange(0, 8_000))
        try sheet.draft.synchronize()
        try sheet.fill(ByteRange(0, 30_000))
        try sheet.write([4, 5, 6], at: 9_000)
        sheet.draft.beginRead()
        try sheet.draft.dropFilled()
        #expect(sheet.draft.bytesHere == 30_000)
        sheet.draft.endRead()
        try sheet.draft.dropFilled()
        #expect(sheet.draft.bytesHere == 8_003)
        #expect(try sheet.read() == sheet.bytes)
        try sheet.recover()
        #expect(try sheet.read() == sheet.bytes)
    }

    @Test func strays() throws {
        let sheet = try Sheet(base: base)
        try sheet.write([1], at: 0)
        try sheet.spool.file(DraftID(9)).create()
        #expect(try sheet.spool.removeStrays(keeping: [DraftID(1)]) == 1)
        #expect(try sheet.draft.file.facts() != nil)
        #expect(try sheet.spool.removeStrays(keeping: []) == 2)
    }
}
