import Basics
import Drive
import MetadataStore
import Synchronization
import TestSupport

@testable import WritePath

/// What the files are to be, by name: what was acknowledged, and what may be besides while something is under way.
typealias Files = [String: FakeContent]

/// Does to a write side what the filesystem does, and keeps book of what was acknowledged.
final class Stage: Sendable {
    let life: Life
    private let allowed: Mutex<[Files]>
    private let inodes = Mutex<[String: UInt64]>([:])

    init(_ life: Life, _ files: Files) {
        self.life = life
        allowed = Mutex([files])
    }

    var fake: FakeDrive { life.world.fake }
    var back: WriteBack { life.back }
    /// What may be on the drive when everything is done.
    var outcomes: [Files] { allowed.withLock { $0 } }
    var deadline: Moment { life.world.time.now() + .seconds(36_000) }

    /// `body` is to make `change` true: until it returns either may be, afterwards it is.
    private func doing(_ change: (inout Files) -> Void, _ body: () async throws -> Void) async throws {
        // Bytes go to the spool without passing any point, so that one could go on after the end.
        if life.kill.died != nil { throw Missing() }
        allowed.withLock { states in
            var next = states[states.count - 1]
            change(&next)
            states.append(next)
        }
        try await body()
        // A dead process acknowledges nothing.
        if life.kill.died != nil { throw Missing() }
        allowed.withLock { $0 = [$0[$0.count - 1]] }
    }

    /// `d/` is a folder of the drive.
    func place(_ name: String) -> DrivePlace {
        let isBelow = name.hasPrefix("d/")
        let folder = isBelow ? fake.ids(named: "d").first.map(fake.object) : nil
        return DrivePlace(
            folder: folder ?? life.world.root, name: FileName(bytes: Array(name.utf8.dropFirst(isBelow ? 2 : 0))))
    }

    private func id(_ name: String) throws -> FileID {
        let place = place(name)
        return try required(fake.ids(named: place.name, in: place.folder.file).first)
    }

    func inode(_ name: String) async throws -> UInt64 {
        if let known = inodes.withLock({ $0[name] }) { return known }
        let object = try id(name)
        let number = try await life.world.store.inodeNumbers(for: [NodeKey(fake.object(object))])[0]
        inodes.withLock { $0[name] = number }
        return number
    }

    func draft(_ name: String) async throws -> Draft? { back.draft(of: try await inode(name)) }

    func stored(_ name: String) throws -> (object: PlacedObject, base: BaseContent, file: DriveFile) {
        let file = try required(fake.current(try id(name)))
        return (
            PlacedObject(id: file.id, place: place(name)),
            BaseContent(object: file.id, size: file.size, hash: file.contentHash), file
        )
    }

    /// A new file with these bytes, closed.
    func create(_ name: String, _ content: FakeContent, pieces: Int = 2) async throws {
        try await doing({ $0[name] = .bytes([]) }) {
            let draft = try await back.makeFile(at: place(name))
            inodes.withLock { $0[name] = draft.inode }
            back.opened(draft.inode, forWriting: true)
        }
        let bytes = content.allBytes
        let step = max(1, (bytes.count + pieces - 1) / pieces)
        for at in stride(from: 0, to: bytes.count, by: step) {
            try await write(name, Array(bytes[at..<min(bytes.count, at + step)]), at: at)
        }
        try await close(name)
    }

    /// Opens a file that is there, to write.
    func open(_ name: String) async throws { back.opened(try await inode(name), forWriting: true) }

    func write(_ name: String, _ bytes: [UInt8], at offset: Int) async throws {
        let inode = try await inode(name)
        try await doing({ files in
            var all = files[name]?.allBytes ?? []
            all += [UInt8](repeating: 0, count: max(0, offset + bytes.count - all.count))
            all.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            files[name] = .bytes(all)
        }) {
            while true {
                let draft = try await edited(name, inode)
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
                defer { memory.deallocate() }
                memory.copyBytes(from: bytes)
                let lent = Lent(UnsafeRawBufferPointer(memory))
                let isWritten = try await life.spooling {
                    try await back.write(lent.bytes, at: Int64(offset), to: draft, until: deadline)
                }
                if isWritten { return }
            }
        }
    }

    func truncate(_ name: String, to size: Int) async throws {
        let inode = try await inode(name)
        try await doing({ files in
            var all = files[name]?.allBytes ?? []
            all = Array(all.prefix(size)) + [UInt8](repeating: 0, count: max(0, size - all.count))
            files[name] = .bytes(all)
        }) {
            while true {
                if try await back.setSize(Int64(size), of: try await edited(name, inode)) { return }
            }
        }
    }

    private func edited(_ name: String, _ inode: UInt64) async throws -> Draft {
        if let draft = back.draft(of: inode), draft.hasContent { return draft }
        let (object, base, _) = try stored(name)
        return try await back.edit(inode, object, base, keeps: base.size)
    }

    func seal(_ name: String) async throws {
        if let draft = try await draft(name), draft.hasContent { try await back.seal(draft) }
    }

    func close(_ name: String) async throws {
        try await seal(name)
        back.closed(try await inode(name), forWriting: true)
    }

    func rename(_ old: String, _ new: String, over replaces: Bool = false) async throws {
        let inode = try await inode(old)
        let gone = replaces ? try await self.inode(new) : nil
        try await doing({ $0[new] = $0.removeValue(forKey: old) }) {
            while try await !move(inode, old, new, over: gone) {}
        }
        inodes.withLock {
            $0[old] = nil
            $0[new] = inode
        }
    }

    private func move(_ inode: UInt64, _ old: String, _ new: String, over gone: UInt64?) async throws -> Bool {
        var target: WriteBack.Target?
        if let gone {
            if let other = back.draft(of: gone) {
                target = .draft(other)
            } else if back.isBeingWritten(gone) {
                target = .open(inode: gone, try stored(new).object)
            } else {
                target = .stored(
                    ReplacedObject(object: try stored(new).object.id, folder: place(new).folder.file))
            }
        }
        if let draft = back.draft(of: inode) { return try await back.move(draft, to: place(new), over: target) }
        let (object, _, file) = try stored(old)
        return try await back.moveStored(
            [(inode, object, file, place(new))], over: target, until: deadline)
    }

    func exchange(_ a: String, _ b: String) async throws {
        let (first, second) = (try await inode(a), try await inode(b))
        try await doing({ ($0[a], $0[b]) = ($0[b], $0[a]) }) {
            while true {
                var stored: [(UInt64, PlacedObject, DriveFile, DrivePlace)] = []
                var drafts: [(Draft, DrivePlace)] = []
                for (inode, from, to) in [(first, a, b), (second, b, a)] {
                    if let draft = back.draft(of: inode) {
                        drafts.append((draft, place(to)))
                    } else {
                        let (object, _, file) = try self.stored(from)
                        stored.append((inode, object, file, place(to)))
                    }
                }
                if try await back.moveStored(stored, with: drafts, over: nil, until: deadline) { break }
            }
        }
        inodes.withLock {
            $0[a] = second
            $0[b] = first
        }
    }

    /// Removes what has a draft, or is open.
    func remove(_ name: String) async throws {
        let inode = try await inode(name)
        try await doing({ $0[name] = nil }) {
            while true {
                guard let draft = back.draft(of: inode) else {
                    try await back.discardLater(inode, try stored(name).object)
                    return
                }
                if try await back.discard(draft) { return }
            }
        }
    }

    /// A copy made by the drive.
    func copy(_ old: String, to new: String) async throws {
        let (_, base, _) = try stored(old)
        try await doing({ $0[new] = .bytes([]) }) {
            let draft = try await back.makeFile(at: place(new))
            inodes.withLock { $0[new] = draft.inode }
            back.opened(draft.inode, forWriting: true)
        }
        let draft = try required(try await draft(new))
        try await doing({ $0[new] = $0[old] }) {
            _ = try await back.extend(draft, by: base, ByteRange(0, base.size))
        }
        try await close(new)
    }

    /// Does `body` at the given point of a call.
    func at(_ words: String, _ body: @escaping @Sendable (Stage) async throws -> Void) {
        life.kill.at(words) { [self] in
            do { try await body(self) } catch { return }
        }
    }
}

struct Missing: Error {}

/// `#require` for what is no test function.
func required<T>(_ value: T?) throws -> T {
    guard let value else { throw Missing() }
    return value
}

/// Memory that its owner keeps until the call it is lent to has returned.
private struct Lent: @unchecked Sendable {
    // Nobody writes to it meanwhile.
    let bytes: UnsafeRawBufferPointer
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }
}
