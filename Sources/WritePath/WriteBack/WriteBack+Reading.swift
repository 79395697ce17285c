import Basics
import Drive
import MetadataStore
import ReadPath

// Unsent bytes and those of the drive as one file.
extension WriteBack {
    /// Fills `target` from `offset`; returns how many bytes, fewer only at the end of the file.
    public func read(
        _ draft: Draft, at offset: Int64, into target: UnsafeMutableRawBufferPointer, until deadline: Moment
    ) async throws(WriteError) -> Int {
        let size = draft.size
        guard offset < size, target.count > 0 else { return 0 }
        draft.beginRead()
        defer { draft.endRead() }
        let (pieces, base) = draft.plan(ByteRange(offset, min(size, offset + Int64(target.count))))
        var filled = 0
        for piece in pieces {
            let part = UnsafeMutableRawBufferPointer(rebasing: target[filled..<filled + Int(piece.range.count)])
            if piece.isHere {
                do { try draft.file.read(at: piece.range.lower, into: part) } catch { throw .spool(error) }
            } else if let base {
                try await readBase(base, of: draft, at: piece.range.lower, into: part, until: deadline)
            }
            filled += part.count
        }
        return filled
    }

    func readBase(
        _ base: BaseContent, of draft: Draft, at offset: Int64, into part: UnsafeMutableRawBufferPointer,
        until deadline: Moment
    ) async throws(WriteError) {
        let content = draft.base(base, reader)
        var filled = 0
        while filled < part.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: part[filled...])
            do throws(ReadError) {
                let count = try await content.read(
                    at: offset + Int64(filled), into: ReadTarget(rest), until: deadline)
                if count == 0 { throw ReadError.inputOutput("the stored object is shorter than the drive says") }
                filled += count
            } catch {
                throw .base(error)
            }
        }
    }
}
