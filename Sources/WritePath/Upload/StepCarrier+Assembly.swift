import Basics
import MetadataStore
import Synchronization

// Files of which only a part was written here.
extension StepCarrier {
    /// Brings what only the base has into the spool. A try that failed may have brought some of it.
    func assemble() async throws(Trouble) -> [DraftEvent] {
        guard let content = draft.record.content, let base = content.base else { return [] }
        let whole = ByteRange(0, min(content.size, min(content.baseEnd, base.size)))
        let pieces = draft.state.withLock { $0.present.pieces(of: whole) }
        let missing = pieces.filter { !$0.isPresent }.map(\.range)
        var promised = missing.reduce(0) { $0 + $1.count }
        try await takeRoom(promised)
        defer { giveBack(promised) }
        let piece = PieceBuffer(count: 1 << 20)
        for range in missing {
            var offset = range.lower
            while offset < range.upper {
                guard draft.wants(content.revision) else { return [] }
                let count = Int(min(Int64(piece.count), range.upper - offset))
                do throws(WriteError) {
                    let deadline = owner.time.now() + .seconds(60)
                    try await owner.readBase(base, of: draft, at: offset, into: piece.first(count), until: deadline)
                } catch {
                    throw Trouble(error)
                }
                guard try await fill(piece, count, at: offset) else { return [] }
                offset += Int64(count)
                promised -= Int64(count)
                owner.room.redeem(Int64(count))
            }
        }
        do throws(SpoolError) {
            try await owner.synchronize(draft)
        } catch {
            throw Trouble(.passing, "\(error)")
        }
        return draft.wants(content.revision) ? [.assembled] : []
    }

    private func fill(_ piece: PieceBuffer, _ count: Int, at offset: Int64) async throws(Trouble) -> Bool {
        do throws(SpoolError) {
            return try await owner.disk.run { [draft] () throws(SpoolError) in
                try draft.fill(UnsafeRawBufferPointer(piece.first(count)), at: offset)
            }
        } catch {
            if error.isFull { await dropFilled() }
            throw Trouble(.passing, "\(error)")
        }
    }

    /// All of the room at once, or none: two of which each has half of what it needs would wait for each other. Nobody
    /// waits here, in one of the few places for uploads.
    private func takeRoom(_ bytes: Int64) async throws(Trouble) {
        let answer: Room.Answer
        do throws(SpoolError) {
            answer = try owner.room.promise(bytes, own: draft.bytesHere) {
                owner.allDrafts.reduce(0) { $0 + $1.bytesHere }
            }
        } catch {
            throw Trouble(.passing, "\(error)")
        }
        switch answer {
        case .yes: return
        case .wait(let words), .no(let words):
            await dropFilled()
            throw Trouble(.passing, "no room to complete it from the stored version: \(words)")
        case .never(let words):
            await dropFilled()
            throw Trouble(
                .final,
                "with what it keeps of the stored version \(words): mount with more, then 'aliyunfs uploads retry'")
        }
    }

    private func giveBack(_ promised: Int64) {
        guard promised > 0 else { return }
        owner.room.redeem(promised)
        owner.freed.ring()
    }

    /// What an earlier try brought makes room for others.
    private func dropFilled() async {
        do throws(SpoolError) {
            try await owner.disk.run { [draft] () throws(SpoolError) in try draft.dropFilled() }
        } catch {
            owner.log.error("room in the spool cannot be given back: \(error)")
        }
        owner.freed.ring()
    }
}
