import Basics
import Drive
import LivePhoto
import ReadPath
import Synchronization
import VFS

/// A live photo read as a ZIP: headers made here, bytes from the drive's streams.
///
/// Headers carry the parts' checksums, so the first read that touches one reads all parts through once.
final class ArchiveFile: OpenFile {
    let inode: InodeNumber
    private let layout: ArchiveLayout
    private let contents: [OpenContent]
    private let time: any TimeSource
    private let tasks: TaskRegistry
    private let timeout: Duration
    private let checksums = Mutex<Flight<[UInt32], FSError>?>(nil)

    /// - Parameter contents: the open streams, in the order of the layout's parts.
    init(
        inode: InodeNumber, layout: ArchiveLayout, contents: [OpenContent], time: any TimeSource,
        tasks: TaskRegistry, timeout: Duration
    ) {
        self.inode = inode
        self.layout = layout
        self.contents = contents
        self.time = time
        self.tasks = tasks
        self.timeout = timeout
    }

    func read(at offset: Int64, into buffer: ReadBuffer, until deadline: Moment) async throws(FSError) -> Int {
        guard offset < layout.size else { return 0 }
        let range = ByteRange(offset, min(layout.size, offset + Int64(buffer.count)))
        let checksums = layout.needsChecksums(range) ? try await self.checksums(until: deadline) : nil
        var filled = 0
        for segment in layout.segments(of: range, checksums: checksums) {
            switch segment {
            case .made(let bytes):
                buffer.part(from: filled, count: bytes.count).bytes.copyBytes(from: bytes)
                filled += bytes.count
            case .stream(let stream, let range):
                guard let index = layout.parts.firstIndex(where: { $0.stream == stream }) else { throw .inputOutput }
                let part = buffer.part(from: filled, count: Int(range.count))
                filled += try await Self.fill(part, from: contents[index], at: range.lower, until: deadline)
            }
        }
        return filled
    }

    func close() { for content in contents { content.close() } }

    private func checksums(until deadline: Moment) async throws(FSError) -> [UInt32] {
        let (flight, isNew) = checksums.withLock { current in
            if let current { return (current, false) }
            let flight = Flight<[UInt32], FSError>(time: time)
            current = flight
            return (flight, true)
        }
        if isNew { tasks.spawn { await self.compute(flight) } }
        do throws(FlightError<FSError>) {
            return try await flight.value(until: deadline)
        } catch {
            throw FSError(error) { $0 }
        }
    }

    private func compute(_ flight: Flight<[UInt32], FSError>) async {
        do throws(FSError) {
            var values: [UInt32] = []
            for (part, content) in zip(layout.parts, contents) {
                values.append(try await checksum(of: content, size: part.stream.size))
            }
            flight.complete(.success(values))
        } catch {
            // The next read tries anew.
            checksums.withLock { $0 = nil }
            flight.complete(.failure(error))
        }
    }

    private func checksum(of content: OpenContent, size: Int64) async throws(FSError) -> UInt32 {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        let buffer = ReadBuffer(piece)
        defer { buffer.bytes.deallocate() }
        var crc = CRC32()
        var offset: Int64 = 0
        while offset < size {
            let part = buffer.part(from: 0, count: Int(min(Int64(buffer.count), size - offset)))
            let count = try await Self.fill(part, from: content, at: offset, until: time.now() + timeout)
            crc.update(UnsafeRawBufferPointer(part.bytes))
            offset += Int64(count)
        }
        return crc.value
    }

    /// Reads exactly as much as `part` holds.
    private static func fill(
        _ part: ReadBuffer, from content: OpenContent, at offset: Int64, until deadline: Moment
    ) async throws(FSError) -> Int {
        var filled = 0
        while filled < part.count {
            let rest = part.part(from: filled, count: part.count - filled)
            do throws(ReadError) {
                let target = ReadTarget(rest.bytes)
                let count = try await content.read(at: offset + Int64(filled), into: target, until: deadline)
                guard count > 0 else { throw .inputOutput("a live photo's stream is shorter than the drive says") }
                filled += count
            } catch {
                throw FSError(error)
            }
        }
        return filled
    }
}
