import Basics
import Glibc
import Synchronization
import VFS

/// A filesystem in memory that can be changed in every way, told to stall and to fail, and that counts what it is
/// asked. Lookups are a strict ledger, as with `SyntheticFileSystem`.
final class WritableFileSystem: FileSystem {
    enum Content {
        case file(SparseBytes)
        case folder([FileName: InodeNumber])
        case link([UInt8])
    }

    struct Node {
        var content: Content
        var permissions: UInt32
        var owner: Caller
        var accessed = WritableFileSystem.now
        var modified = WritableFileSystem.now
        var extended: [FileName: [UInt8]] = [:]
    }

    struct Opened {
        var inode: InodeNumber
        var flags: OpenFlags
    }

    struct Written: Equatable {
        var offset: Int64
        var count: Int
    }

    struct State {
        var nodes: [InodeNumber: Node] = [
            .root: Node(content: .folder([:]), permissions: 0o777, owner: Caller(userID: 0, groupID: 0))
        ]
        var nextNumber: UInt64 = 2
        var lookups: [InodeNumber: UInt64] = [:]
        var open: [FileHandle: Opened] = [:]
        var listings: [DirectoryHandle: InodeNumber] = [:]
        var kernel: (any KernelNotifier)?
        /// What the next calls of a kind throw.
        var failures: [Tally.Event: FSError] = [:]
        /// Writes let others run before they take their bytes.
        var dallies = false
        /// Writes wait until they are cancelled.
        var writesStall = false
        var written: [Written] = []
        var changes: [AttributeChange] = []
        var changedThrough: [FileHandle?] = []
    }

    /// The only time there is.
    static let now = UnixTime(seconds: 1_700_000_000, nanoseconds: 42)
    /// Creating it waits until it is cancelled.
    static let stallingName: FileName = "stalled-name"
    /// Creating it waits until `yieldAtLast` is called, against the rules.
    static let stubbornName: FileName = "stubborn-name"

    let state = Mutex(State())
    let calls = Tally()
    private let never = Flight<Void, Never>(time: SystemTime())
    private let stubbornness = Flight<Void, Never>(time: SystemTime())

    // MARK: - For tests

    var kernel: (any KernelNotifier)? { state.withLock { $0.kernel } }
    var held: [InodeNumber: UInt64] { state.withLock { $0.lookups } }
    var openCount: Int { state.withLock { $0.open.count + $0.listings.count } }
    var written: [Written] { state.withLock { $0.written } }

    func fail(_ event: Tally.Event, with error: FSError?) { state.withLock { $0.failures[event] = error } }
    func letWritesStall(_ stall: Bool) { state.withLock { $0.writesStall = stall } }
    func dally() { state.withLock { $0.dallies = true } }

    /// Puts a file into the root, behind the kernel's back.
    func add(_ name: FileName, _ text: String) {
        state.withLock { state in
            var bytes = SparseBytes()
            Array(text.utf8).withUnsafeBytes { bytes.write($0, at: 0) }
            let place = Place(parent: .root, name: name)
            _ = state.add(place, .file(bytes), 0o666, Caller(userID: geteuid(), groupID: getegid()))
        }
    }

    /// The whole content of a file in the root.
    func bytes(_ name: FileName) -> [UInt8]? {
        state.withLock { state in
            guard let inode = state.child(name, in: .root), case .file(let bytes)? = state.nodes[inode]?.content else {
                return nil
            }
            return Array(unsafeUninitializedCapacity: Int(bytes.size)) { buffer, count in
                count = bytes.read(into: UnsafeMutableRawBufferPointer(buffer), at: 0)
            }
        }
    }

    func node(_ name: FileName) -> Node? {
        state.withLock { state in state.child(name, in: .root).flatMap { state.nodes[$0] } }
    }

    func yieldAtLast() { stubbornness.complete(.success(())) }

    /// Counts a call, and throws or waits where it was told to.
    func enter(_ event: Tally.Event, _ name: FileName? = nil) async throws(FSError) {
        calls.bump(event)
        if let error = state.withLock({ $0.failures[event] }) { throw error }
        if name == Self.stallingName {
            calls.bump(.stall)
            do { try await never.value() } catch { throw .interrupted }
        }
        if name == Self.stubbornName {
            calls.bump(.stall)
            _ = await Task.detached { [stubbornness] in try await stubbornness.value() }.result
        }
    }

    // MARK: - Reading

    func attach(_ kernel: any KernelNotifier) { state.withLock { $0.kernel = kernel } }

    func lookup(_ name: FileName, in parent: InodeNumber) async throws(FSError) -> LookupReply {
        calls.bump(.lookup)
        return state.withLock { state in
            guard let inode = state.child(name, in: parent) else { return .absent(validFor: .seconds(3600)) }
            return .found(state.credit(inode))
        }
    }

    func forget(_ inode: InodeNumber, lookups: UInt64) {
        state.withLock { state in
            guard inode != .root else { return }
            let held = state.lookups[inode] ?? 0
            precondition(lookups <= held, "more lookups given back than were handed out")
            state.lookups[inode] = held == lookups ? nil : held - lookups
        }
    }

    func attributes(of inode: InodeNumber) async throws(FSError) -> AttributesReply {
        calls.bump(.attributes)
        return AttributesReply(attributes: state.withLock { $0.attributes(inode) }, validFor: .seconds(3600))
    }

    func statistics() async throws(FSError) -> FileSystemStatistics {
        FileSystemStatistics(totalBytes: 1 << 40, freeBytes: 1 << 39)
    }

    func open(_ inode: InodeNumber, _ flags: OpenFlags) async throws(FSError) -> OpenReply {
        try await enter(.open)
        return state.withLock { $0.open(inode, flags) }
    }

    func read(_ handle: FileHandle, at offset: Int64, into buffer: ReadBuffer) async throws(FSError) -> Int {
        try await enter(.read)
        guard let bytes = state.withLock({ $0.bytes(handle) }) else { throw .badHandle }
        return bytes.read(into: buffer.bytes, at: offset)
    }

    func release(_ handle: FileHandle) {
        state.withLock { _ = $0.open.removeValue(forKey: handle) }
        calls.bump(.release)
    }

    func openDirectory(_ inode: InodeNumber) async throws(FSError) -> OpenDirectoryReply {
        state.withLock { state in
            let handle = DirectoryHandle(state.next())
            state.listings[handle] = inode
            return OpenDirectoryReply(handle: handle, mayCache: false)
        }
    }

    func readDirectory(
        _ handle: DirectoryHandle, after cookie: DirectoryCookie, plus: Bool, emit: (DirectoryEntry) -> Bool
    ) async throws(FSError) {
        state.withLock { state in
            guard let folder = state.listings[handle], case .folder(let all)? = state.nodes[folder]?.content else {
                return
            }
            let sorted = all.sorted { $0.value < $1.value }
            for (position, child) in sorted.enumerated().dropFirst(Int(cookie.rawValue)) {
                let known = state.credit(child.value)
                let taken = emit(
                    DirectoryEntry(
                        name: child.key, inode: child.value, kind: known.attributes.kind,
                        cookie: DirectoryCookie(UInt64(position + 1)), entry: plus ? known : nil))
                if !plus || !taken { state.uncredit(child.value) }
                if !taken { return }
            }
        }
    }

    func releaseDirectory(_ handle: DirectoryHandle) {
        state.withLock { _ = $0.listings.removeValue(forKey: handle) }
        calls.bump(.releaseDirectory)
    }

    func extendedAttribute(_ name: FileName, of inode: InodeNumber) async throws(FSError) -> [UInt8] {
        guard let value = state.withLock({ $0.nodes[inode]?.extended[name] }) else { throw .noSuchAttribute }
        return value
    }

    func extendedAttributeNames(of inode: InodeNumber) async throws(FSError) -> [FileName] {
        state.withLock { Array($0.nodes[inode]?.extended.keys ?? [:].keys) }
    }
}

extension WritableFileSystem.State {
    func child(_ name: FileName, in parent: InodeNumber) -> InodeNumber? {
        guard case .folder(let children)? = nodes[parent]?.content else { return nil }
        return children[name]
    }

    mutating func setChild(_ place: Place, _ inode: InodeNumber?) {
        guard case .folder(var children)? = nodes[place.parent]?.content else { return }
        children[place.name] = inode
        nodes[place.parent]?.content = .folder(children)
    }

    mutating func next() -> UInt64 {
        nextNumber += 1
        return nextNumber - 1
    }

    mutating func open(_ inode: InodeNumber, _ flags: OpenFlags) -> OpenReply {
        let handle = FileHandle(next())
        open[handle] = WritableFileSystem.Opened(inode: inode, flags: flags)
        if flags.contains(.truncate) { edit(inode) { $0.resize(to: 0) } }
        return OpenReply(handle: handle, keepsCache: true)
    }

    func bytes(_ handle: FileHandle) -> SparseBytes? {
        guard let inode = open[handle]?.inode, case .file(let bytes)? = nodes[inode]?.content else { return nil }
        return bytes
    }

    mutating func edit(_ inode: InodeNumber, _ change: (inout SparseBytes) -> Void) {
        guard case .file(var bytes)? = nodes[inode]?.content else { return }
        // One owner, so that the change happens in place.
        nodes[inode]?.content = .link([])
        change(&bytes)
        nodes[inode]?.content = .file(bytes)
    }

    mutating func credit(_ inode: InodeNumber) -> Entry {
        lookups[inode, default: 0] += 1
        return Entry(
            attributes: attributes(inode), generation: 1, entryValidFor: .seconds(3600),
            attributesValidFor: .seconds(3600))
    }

    mutating func uncredit(_ inode: InodeNumber) {
        let held = lookups[inode] ?? 0
        lookups[inode] = held <= 1 ? nil : held - 1
    }

    func attributes(_ inode: InodeNumber) -> Attributes {
        let node = nodes[inode] ?? WritableFileSystem.Node(
            content: .file(SparseBytes()), permissions: 0, owner: Caller(userID: 0, groupID: 0))
        let (kind, size): (NodeKind, Int64) = switch node.content {
        case .file(let bytes): (.file, bytes.size)
        case .folder: (.directory, 0)
        case .link(let target): (.symbolicLink, Int64(target.count))
        }
        return Attributes(
            inode: inode, kind: kind, size: size, permissions: node.permissions, userID: node.owner.userID,
            groupID: node.owner.groupID, accessed: node.accessed, modified: node.modified,
            changed: WritableFileSystem.now)
    }
}
