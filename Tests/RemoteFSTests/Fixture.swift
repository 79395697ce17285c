import Basics
import Drive
import Foundation
import LivePhoto
import Logging
import Synchronization
import TestSupport
import Testing
import VFS
import WritePath

@testable import RemoteFS

/// A spool in a folder that goes away with its owner.
final class SpoolFolder: Sendable {
    let path: String
    let spool: Spool

    init() {
        path = FileManager.default.temporaryDirectory.path + "/spool-" + UUID().uuidString
        do {
            spool = try Spool(path: path)
        } catch {
            preconditionFailure("no spool for a test: \(error)")
        }
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { print("left behind: \(error)") }
    }
}

/// A filesystem over an in-memory drive, with clocks moved by hand and a kernel that only writes down what it is told.
struct Fixture {
    let time: ManualTime
    let drive: FakeDrive
    let store: MemoryStore
    let kernel = RecordingKernel()
    let scratch = SpoolFolder()
    let fs: RemoteFS

    init(
        livePhotos: LivePhotoMode = .jpeg, time: ManualTime = ManualTime(), store: MemoryStore = MemoryStore(),
        drive: FakeDrive? = nil, cachedEntriesMax: Int = 1_000_000
    ) {
        self.time = time
        self.store = store
        self.drive = drive ?? FakeDrive(time: time)
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var configuration = RemoteFSConfiguration(
            root: .folder(self.drive.object(.root)), livePhotos: livePhotos, userID: 1, groupID: 2)
        configuration.cachedEntriesMax = cachedEntriesMax
        fs = RemoteFS(
            drive: self.drive, store: store, spool: scratch.spool, configuration: configuration,
            time: time, random: { 0 }, log: log, statusDocument: { Array("{}".utf8) })
        fs.attach(kernel)
    }

    /// The names in a folder, in the order shown, `.` and `..` left out.
    func names(_ inode: InodeNumber = .root) async throws -> [String] {
        try await entries(inode).map(\.name.text)
    }

    func entries(_ inode: InodeNumber = .root, plus: Bool = true) async throws -> [DirectoryEntry] {
        let handle = try await fs.openDirectory(inode).handle
        defer { fs.releaseDirectory(handle) }
        var all: [DirectoryEntry] = []
        while true {
            let before = all.count
            try await fs.readDirectory(handle, after: all.last?.cookie ?? .start, plus: plus) { entry in
                all.append(entry)
                return true
            }
            if all.count == before { break }
        }
        for entry in all where entry.entry != nil { fs.forget(entry.inode, lookups: 1) }
        return Array(all.dropFirst(2))
    }

    func find(_ path: String...) async throws -> Entry {
        var entry: Entry?
        for name in path {
            let parent = entry?.attributes.inode ?? .root
            guard case .found(let found) = try await fs.lookup(FileName(name), in: parent) else {
                throw FSError.noSuchEntry
            }
            entry = found
        }
        return try #require(entry)
    }

    /// The whole file, read in pieces of `piece` bytes.
    func contents(_ inode: InodeNumber, piece: Int = 1000) async throws -> [UInt8] {
        let handle = try await fs.open(inode, []).handle
        defer { fs.release(handle) }
        var bytes: [UInt8] = []
        while true {
            let buffer = ReadBuffer(UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 16))
            defer { buffer.bytes.deallocate() }
            let count = try await fs.read(handle, at: Int64(bytes.count), into: buffer)
            if count == 0 { return bytes }
            bytes += buffer.bytes.prefix(count)
        }
    }

    /// A new file with these bytes, closed.
    @discardableResult
    func write(_ name: FileName, _ bytes: [UInt8], in folder: InodeNumber = .root) async throws -> InodeNumber {
        let (entry, opened) = try await fs.create(
            Place(parent: folder, name: name), permissions: 0o644, .write, exclusive: true, by: Self.caller)
        try await write(bytes, at: 0, through: opened.handle)
        try await close(opened.handle)
        return entry.attributes.inode
    }

    func write(
        _ bytes: [UInt8], at offset: Int64, through handle: VFS.FileHandle, isMapped: Bool = false
    ) async throws {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        memory.copyBytes(from: bytes)
        defer { memory.deallocate() }
        try await fs.write(handle, at: offset, WriteBytes(UnsafeRawBufferPointer(memory), isMapped: isMapped))
    }

    /// Appends to a file that is there; closes it.
    func append(_ bytes: [UInt8], to inode: InodeNumber) async throws {
        let handle = try await fs.open(inode, [.write, .append]).handle
        try await write(bytes, at: 0, through: handle)
        try await close(handle)
    }

    func close(_ handle: VFS.FileHandle) async throws {
        try await fs.flush(handle)
        fs.release(handle)
    }

    /// Returns when the drive has everything.
    func stored() async throws { _ = try await fs.writing.waitUntilStored(fs.writing.drafts, until: nil) }

    static let caller = Caller(userID: 1, groupID: 2)

    /// Returns when no listing is on its way.
    func settled() async {
        while fs.directories.statistics.loading > 0 { await Task.yield() }
    }
}

final class RecordingKernel: KernelNotifier {
    enum Call: Hashable { case entry(FileName, InodeNumber), inode(InodeNumber, content: Bool) }
    private let state = Mutex<[Call]>([])
    var calls: [Call] { state.withLock { $0 } }

    func invalidateEntry(_ name: FileName, in parent: InodeNumber) {
        state.withLock { $0.append(.entry(name, parent)) }
    }

    func invalidate(_ inode: InodeNumber, content: Bool) {
        state.withLock { $0.append(.inode(inode, content: content)) }
    }
}
