import FoundationEssentials
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Synchronization

/// Where the state is kept over restarts: a snapshot, and a log of what changed since.
///
/// Each change is in the log before its answer leaves, so killing the process loses nothing that was answered. A last
/// line that was cut off is dropped. After a failing write the store says so once and keeps nothing more: the emulator
/// goes on from memory. Blocks; used under the state's lock.
final class Store: Sendable {
    private let directory: String
    /// The open log; -1 after a failure.
    private let log: Mutex<Int32>

    private var snapshotPath: String { directory + "/snapshot.jsonl" }
    private var logPath: String { directory + "/log.jsonl" }

    init(directory: String) throws {
        self.directory = directory
        let descriptor = open(directory + "/log.jsonl", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StartError.store(path: directory, reason: "errno \(errno)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            closeDescriptor(descriptor)
            throw StartError.store(path: directory, reason: "another emulator uses it")
        }
        log = Mutex(descriptor)
    }

    func close() {
        log.withLock { descriptor in
            if descriptor >= 0 {
                // Closing alone leaves it locked while a child that is being started has a copy.
                flock(descriptor, LOCK_UN)
                closeDescriptor(descriptor)
            }
            descriptor = -1
        }
    }

    /// The number that links are signed with, the same in every run.
    func signingSeed(fresh: UInt64) throws -> UInt64 {
        if let seed = try number(in: "signing-seed") { return seed }
        try keep(fresh, in: "signing-seed")
        return fresh
    }

    /// How often the store has been opened, this time included: no two runs may make the same ids.
    func countRun() throws -> UInt64 {
        let run = try (number(in: "runs") ?? 0) + 1
        try keep(run, in: "runs")
        return run
    }

    private func number(in file: String) throws -> UInt64? {
        let path = directory + "/" + file
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        guard let number = UInt64(text) else { throw StartError.store(path: path, reason: "is not a number") }
        return number
    }

    private func keep(_ number: UInt64, in file: String) throws {
        try Data(String(number).utf8).write(to: URL(filePath: directory + "/" + file), options: .atomic)
    }

    /// Puts what is stored into the state; true if the store is new.
    func load(into state: inout State, files: ContentFiles) throws -> Bool {
        for content in try files.stored() { state.learn(content) }
        let isNew = !FileManager.default.fileExists(atPath: snapshotPath)
        for path in [snapshotPath, logPath] where FileManager.default.fileExists(atPath: path) {
            try replay(path, into: &state)
        }
        for item in state.tree.items.values {
            if let content = item.content { state.learn(content) }
            for stream in item.more.streams { state.learn(stream.content) }
        }
        return isNew
    }

    private func replay(_ path: String, into state: inout State) throws {
        let data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
        let decoder = JSONDecoder()
        var start = data.startIndex
        while start < data.endIndex {
            guard let end = data[start...].firstIndex(of: 10) else { return }
            let line = data[start..<end]
            start = data.index(after: end)
            do {
                apply(try decoder.decode(StoreRecord.self, from: line), to: &state)
            } catch {
                throw StartError.store(path: path, reason: "a line cannot be read: \(error)")
            }
        }
    }

    private func apply(_ record: StoreRecord, to state: inout State) {
        if let item = record.item?.item {
            if state.tree[item.id] == nil { state.tree.insert(item) } else { state.tree.update(item.id) { $0 = item } }
        }
        if let id = record.gone.flatMap({ ItemID($0) }) { state.tree.remove(id) }
        if let token = record.token { state.tokens.put(token) }
        if let id = record.uploadGone { state.uploads.end(id) }
        if let upload = record.upload {
            if let session = upload.session() {
                state.uploads.begin(session)
            } else if let id = ItemID(upload.file), state.tree[id]?.status == .uploading {
                state.tree.remove(id)
            }
        }
    }

    /// Writes a new snapshot and empties the log. A crash in between only replays what the snapshot has already.
    func compact(_ state: inout State) throws {
        var lines: [UInt8] = []
        let temporary = snapshotPath + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StartError.store(path: temporary, reason: "errno \(errno)") }
        defer { closeDescriptor(descriptor) }
        for item in state.tree.items.values where !state.tree.isRoot(item.id) {
            try Self.append(StoreRecord(item: ItemRecord(item)), to: &lines)
            if lines.count > 1 << 20 { try flush(&lines, to: descriptor, temporary) }
        }
        for token in state.tokens.tokens.values { try Self.append(StoreRecord(token: token), to: &lines) }
        for session in state.uploads.sessions.values {
            try Self.append(StoreRecord(upload: UploadRecord(session)), to: &lines)
        }
        try flush(&lines, to: descriptor, temporary)
        guard fsync(descriptor) == 0, rename(temporary, snapshotPath) == 0 else {
            throw StartError.store(path: snapshotPath, reason: "errno \(errno)")
        }
        log.withLock { _ = ftruncate($0, 0) }
        forgetChanges(&state)
    }

    /// Adds what has changed to the log.
    func save(_ state: inout State) {
        guard
            !(state.tree.changed.isEmpty && state.tree.removed.isEmpty && state.tokens.changed.isEmpty
                && state.uploads.changed.isEmpty)
        else { return }
        var lines: [UInt8] = []
        do {
            for id in state.tree.changed {
                if let item = state.tree[id], !state.tree.isRoot(id) {
                    try Self.append(StoreRecord(item: ItemRecord(item)), to: &lines)
                }
            }
            for id in state.tree.removed { try Self.append(StoreRecord(gone: id.text), to: &lines) }
            for token in state.tokens.changed { try Self.append(StoreRecord(token: token), to: &lines) }
            for id in state.uploads.changed {
                let session = state.uploads.sessions[id]
                try Self.append(
                    StoreRecord(upload: session.map { UploadRecord($0) }, uploadGone: session == nil ? id : nil),
                    to: &lines)
            }
            try log.withLock { if $0 >= 0 { try flush(&lines, to: $0, logPath) } }
        } catch {
            close()
            complain("alipan-emulator: the store is not written any more: \(error)\n")
        }
        forgetChanges(&state)
    }

    private func forgetChanges(_ state: inout State) {
        state.tree.changed = []
        state.tree.removed = []
        state.tokens.changed = []
        state.uploads.changed = []
    }

    private static func append(_ record: StoreRecord, to lines: inout [UInt8]) throws {
        lines += try JSONEncoder().encode(record)
        lines.append(10)
    }

    private func flush(_ lines: inout [UInt8], to descriptor: Int32, _ path: String) throws {
        var done = 0
        while done < lines.count {
            let wrote = lines.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, lines.count - done) }
            if wrote < 0 && errno == EINTR { continue }
            guard wrote > 0 else { throw StartError.store(path: path, reason: "errno \(errno)") }
            done += wrote
        }
        lines.removeAll(keepingCapacity: true)
    }
}

/// Standard error without its C variable; if even that fails there is nobody left to tell.
private func complain(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) } }

/// `close(2)`, which the method of that name would hide.
private func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }
