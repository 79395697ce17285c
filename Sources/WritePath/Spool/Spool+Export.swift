import Basics
import Glibc
import MetadataStore

/// What the spool has of one change, for copying it out.
public struct UnsentBytes: Hashable, Sendable {
    public var size: Int64
    public var modified: UnixTime
    /// What only the drive's version has, below `size`; zeros in a copy.
    public var missing: [ByteRange]
}

extension Spool {
    /// What is here of `record`; `nil` when it has no bytes, or they are gone.
    public func unsent(_ record: DraftRecord) throws(SpoolError) -> UnsentBytes? {
        guard var content = record.content, !record.isRemoved else { return nil }
        let file = file(record.id)
        guard let facts = try file.facts() else { return nil }
        if content.base != nil {
            let (present, baseEnd) = WriteBack.replay(try file.entries(), content)
            (content.present, content.baseEnd) = (present.ranges, baseEnd)
        }
        content.size = facts.size
        return UnsentBytes(size: facts.size, modified: facts.modified, missing: content.missing)
    }

    /// Copies what is here of `id` to a new file at `target`, holes as holes; with the time of its last change.
    public func copy(_ id: DraftID, _ unsent: UnsentBytes, to target: String) throws(SpoolError) {
        let fd = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard fd >= 0 else { throw SpoolError("cannot make \(target)", code: errno) }
        defer { close(fd) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        let source = file(id)
        source.retain()
        defer { source.release() }
        var offset: Int64 = 0
        while offset < unsent.size {
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(1 << 20, unsent.size - offset))])
            try source.read(at: offset, into: piece)
            if piece.contains(where: { $0 != 0 }) { try Self.write(piece, to: fd, at: offset, target) }
            offset += Int64(piece.count)
        }
        let time = timespec(tv_sec: Int(unsent.modified.seconds), tv_nsec: Int(unsent.modified.nanoseconds))
        guard ftruncate(fd, Int(unsent.size)) == 0, futimens(fd, [time, time]) == 0, fsync(fd) == 0 else {
            throw SpoolError("cannot finish \(target)", code: errno)
        }
    }

    private static func write(
        _ bytes: UnsafeMutableRawBufferPointer, to fd: Int32, at offset: Int64, _ target: String
    ) throws(SpoolError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(fd, bytes.baseAddress! + done, bytes.count - done, Int(offset) + done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SpoolError("cannot write \(target)", code: count < 0 ? errno : EIO) }
            done += count
        }
    }
}
