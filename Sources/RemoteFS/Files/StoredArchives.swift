import Basics
import Drive
import LivePhoto
import Logging
import MetadataStore
import ReadPath
import Synchronization
import VFS

/// A part of an ordinary `.livp` file with the inode by which it is shown.
struct NumberedPart: Hashable, Sendable {
    let stream: String
    let range: ByteRange
    let inode: InodeNumber
}

/// What is inside ordinary `.livp` files: looked up once for each object, as its bytes never change. May be used from
/// any thread.
final class StoredArchives: Sendable {
    private struct State {
        /// Those asked for lately, and those asked for before: when the first are many they take the others' place.
        var young: [ObjectID: [NumberedPart]] = [:]
        var old: [ObjectID: [NumberedPart]] = [:]
        var requests: [ObjectID: Flight<[NumberedPart], FSError>] = [:]

        enum Decision {
            case serve([NumberedPart])
            case join(Flight<[NumberedPart], FSError>)
            case look(Flight<[NumberedPart], FSError>)
        }

        mutating func wanted(_ object: ObjectID, _ time: any TimeSource) -> Decision {
            if let parts = young[object] { return .serve(parts) }
            if let parts = old[object] {
                keep(parts, of: object)
                return .serve(parts)
            }
            if let request = requests[object] { return .join(request) }
            let request = Flight<[NumberedPart], FSError>(time: time)
            requests[object] = request
            return .look(request)
        }

        mutating func keep(_ parts: [NumberedPart], of object: ObjectID) {
            if young.count >= StoredArchives.keptMax {
                old = young
                young = [:]
            }
            young[object] = parts
        }
    }

    /// Half of how many objects are remembered.
    private static let keptMax = 2048

    private let reader: ContentReader
    private let store: any MetadataStore
    private let mode: LivePhotoMode
    private let time: any TimeSource
    private let tasks: TaskRegistry
    private let timeout: Duration
    private let log: Logger
    private let state = Mutex(State())

    init(
        reader: ContentReader, store: any MetadataStore, mode: LivePhotoMode, time: any TimeSource,
        tasks: TaskRegistry, timeout: Duration, log: Logger
    ) {
        self.reader = reader
        self.store = store
        self.mode = mode
        self.time = time
        self.tasks = tasks
        self.timeout = timeout
        self.log = log
    }

    /// The parts of `photo` that the mode shows; empty for what is no ZIP of a live photo. Asks the drive the first
    /// time only.
    func parts(of photo: ListedEntry, until deadline: Moment) async throws(FSError) -> [NumberedPart] {
        let object = photo.file.id
        let request: Flight<[NumberedPart], FSError>
        switch state.withLock({ $0.wanted(object, time) }) {
        case .serve(let parts): return parts
        case .join(let underWay): request = underWay
        case .look(let new):
            request = new
            let source = ContentSource(object: object, size: photo.size, contentHash: photo.file.contentHash)
            tasks.spawn { await self.look(into: source, new) }
        }
        do throws(FlightError<FSError>) {
            return try await request.value(until: deadline)
        } catch {
            throw FSError(error) { $0 }
        }
    }

    private func look(into source: ContentSource, _ request: Flight<[NumberedPart], FSError>) async {
        let result: Result<[NumberedPart], FSError>
        do throws(FSError) {
            let parts = try await find(in: source)
            result = .success(try await numbered(parts, of: source.object))
        } catch {
            result = .failure(error)
        }
        state.withLock { state in
            state.requests[source.object] = nil
            // After a failure the next lookup tries anew.
            if case .success(let parts) = result { state.keep(parts, of: source.object) }
        }
        request.complete(result)
    }

    private func find(in source: ContentSource) async throws(FSError) -> [StoredPart] {
        let deadline = time.now() + timeout
        var photo = StoredLivePhoto(size: source.size, mode: mode)
        if case .done(let parts) = photo.step { return parts }
        let content = reader.open(source)
        defer { content.close() }
        while true {
            switch photo.step {
            case .done(let parts): return parts
            case .read(let range): photo.received(try await Self.bytes(range, of: content, until: deadline))
            }
        }
    }

    private func numbered(_ parts: [StoredPart], of object: ObjectID) async throws(FSError) -> [NumberedPart] {
        if parts.isEmpty { return [] }
        do {
            let keys = parts.map { NodeKey(object, view: .stream($0.stream)) }
            let numbers = try await store.inodeNumbers(for: keys)
            return zip(parts, numbers).map { part, number in
                NumberedPart(stream: part.stream, range: part.range, inode: InodeNumber(number))
            }
        } catch {
            log.error("inode numbers cannot be had: \(error)")
            throw .inputOutput
        }
    }

    /// All of `range`, which lies inside the content and is at most a directory long.
    private static func bytes(
        _ range: ByteRange, of content: OpenContent, until deadline: Moment
    ) async throws(FSError) -> [UInt8] {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(range.count), alignment: 16)
        let buffer = ReadBuffer(piece)
        defer { buffer.bytes.deallocate() }
        do throws(ReadError) {
            let count = try await content.read(at: range.lower, into: ReadTarget(buffer.bytes), until: deadline)
            return Array(buffer.bytes.prefix(count))
        } catch {
            throw FSError(error)
        }
    }
}
