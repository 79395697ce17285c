import Basics
import Synchronization
import VFS

/// What a file of the synthetic filesystem holds.
enum SyntheticContent: Sendable {
    case bytes([UInt8])
    /// `SyntheticFileSystem.pattern`, as long as wanted.
    case pattern(Int64)
    /// Every read waits until it is cancelled.
    case stalling(Int64)
    case directory

    var size: Int64 {
        switch self {
        case .bytes(let bytes): Int64(bytes.count)
        case .pattern(let size), .stalling(let size): size
        case .directory: 0
        }
    }
}

/// A filesystem in memory that can be told to stall, to fail and to change, and that counts what it is asked.
///
/// Lookups are kept as a strict ledger: taking back more than was given is a test failure by trap.
final class SyntheticFileSystem: FileSystem {
    struct Node {
        var parent: InodeNumber
        var content: SyntheticContent
        /// Names in the order of their cookies; `nil` marks one that is gone.
        var children: [(name: FileName, inode: InodeNumber)?] = []
        var version: Int64 = 1
    }

    struct State {
        var nodes: [InodeNumber: Node] = [.root: Node(parent: .root, content: .directory)]
        var nextInode: UInt64 = 2
        var lookups: [InodeNumber: UInt64] = [:]
        var openFiles: [FileHandle: InodeNumber] = [:]
        var openFolders: [DirectoryHandle: InodeNumber] = [:]
        var nextHandle: UInt64 = 1
        var kernel: (any KernelNotifier)?
        /// A listing fails once, when it would emit this entry's position.
        var failListingAt: Int?
        /// Listings wait, with their entries credited, until `yieldAtLast` is called.
        var listingsResist = false
    }

    /// How long the kernel may believe things; changed before the mount.
    struct Trust: Sendable {
        var entries: Duration = .seconds(3600)
        var attributes: Duration = .seconds(3600)
        var absence: Duration = .seconds(3600)
        var cachesListings = false
        var keepsCache = true
    }

    static let modified = UnixTime(seconds: 1_600_000_000, nanoseconds: 123_456_789)
    /// A lookup of it waits until it is cancelled.
    static let stallingName: FileName = "stalled-name"
    /// A lookup of it waits until `yieldAtLast` is called, against the rules.
    static let stubbornName: FileName = "stubborn-name"

    let trust: Trust
    let state = Mutex(State())
    let calls = Tally()
    private let never = Flight<Void, Never>(time: SystemTime())
    private let stubbornness = Flight<Void, Never>(time: SystemTime())

    init(trust: Trust = Trust()) { self.trust = trust }

    // MARK: - Building and changing

    @discardableResult
    func add(_ name: FileName, _ content: SyntheticContent, in parent: InodeNumber = .root) -> InodeNumber {
        state.withLock { state in
            let inode = InodeNumber(state.nextInode)
            state.nextInode += 1
            state.nodes[inode] = Node(parent: parent, content: content)
            state.nodes[parent]?.children.append((name, inode))
            return inode
        }
    }

    func remove(_ name: FileName, from parent: InodeNumber = .root) {
        state.withLock { state in
            guard let at = state.nodes[parent]?.children.firstIndex(where: { $0?.name == name }) else { return }
            state.nodes[parent]?.children[at] = nil
        }
    }

    func replace(_ inode: InodeNumber, with content: SyntheticContent) {
        state.withLock { state in
            state.nodes[inode]?.content = content
            state.nodes[inode]?.version += 1
        }
    }

    func letListingsResist() { state.withLock { $0.listingsResist = true } }
    func failListing(at position: Int) { state.withLock { $0.failListingAt = position } }

    var kernel: (any KernelNotifier)? { state.withLock { $0.kernel } }
    /// Inodes that the kernel holds; the root is never looked up, so it is not among them.
    var held: [InodeNumber: UInt64] { state.withLock { $0.lookups } }
    var openCount: Int { state.withLock { $0.openFiles.count + $0.openFolders.count } }

    /// Repeated over and over by patterned files; its length is a prime, so that no block of a read is like another.
    private static let patternBlock = (0..<65_521).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 11) }

    /// Byte `offset` of every patterned file.
    static func pattern(_ offset: Int64) -> UInt8 { patternBlock[Int(offset) % patternBlock.count] }

    static func fill(_ bytes: UnsafeMutableRawBufferPointer, from offset: Int64) {
        var done = 0
        while done < bytes.count {
            let start = (Int(offset) + done) % patternBlock.count
            let count = min(patternBlock.count - start, bytes.count - done)
            UnsafeMutableRawBufferPointer(rebasing: bytes[done..<done + count])
                .copyBytes(from: patternBlock[start..<start + count])
            done += count
        }
    }

    // MARK: - FileSystem

    func attach(_ kernel: any KernelNotifier) { state.withLock { $0.kernel = kernel } }

    func lookup(_ name: FileName, in parent: InodeNumber) async throws(FSError) -> LookupReply {
        calls.bump(.lookup)
        if name == Self.stallingName { try await stall() }
        if name == Self.stubbornName { await resist() }
        return state.withLock { state in
            let children = state.nodes[parent]?.children ?? []
            guard let child = children.first(where: { $0?.name == name }), let child else {
                return .absent(validFor: trust.absence)
            }
            state.lookups[child.inode, default: 0] += 1
            return .found(entry(child.inode, state))
        }
    }

    func forget(_ inode: InodeNumber, lookups: UInt64) {
        state.withLock { state in
            guard inode != .root else { return }
            let held = state.lookups[inode] ?? 0
            precondition(lookups <= held, "more lookups given back than were handed out")
            state.lookups[inode] = held == lookups ? nil : held - lookups
        }
        calls.bump(.forget)
    }

    func attributes(of inode: InodeNumber) async throws(FSError) -> AttributesReply {
        calls.bump(.attributes)
        let attributes = state.withLock { state in
            state.nodes[inode].map { Self.attributes(inode, $0) }
        }
        guard let attributes else { throw .stale }
        return AttributesReply(attributes: attributes, validFor: trust.attributes)
    }

    func statistics() async throws(FSError) -> FileSystemStatistics {
        FileSystemStatistics(totalBytes: 1 << 40, freeBytes: 1 << 39)
    }

    func open(_ inode: InodeNumber, _ flags: OpenFlags) async throws(FSError) -> OpenReply {
        calls.bump(.open)
        return state.withLock { state in
            let handle = FileHandle(state.nextHandle)
            state.nextHandle += 1
            state.openFiles[handle] = inode
            return OpenReply(handle: handle, keepsCache: trust.keepsCache)
        }
    }

    func read(_ handle: FileHandle, at offset: Int64, into buffer: ReadBuffer) async throws(FSError) -> Int {
        calls.bump(.read)
        let content = state.withLock { state in
            state.openFiles[handle].flatMap { state.nodes[$0] }?.content
        }
        guard let content else { throw .badHandle }
        let count = Int(max(0, min(Int64(buffer.count), content.size - offset)))
        let target = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<count])
        switch content {
        case .bytes(let bytes): target.copyBytes(from: bytes[Int(offset)..<Int(offset) + count])
        case .pattern: Self.fill(target, from: offset)
        case .stalling: try await stall()
        case .directory: throw .isADirectory
        }
        return count
    }

    func release(_ handle: FileHandle) {
        state.withLock { _ = $0.openFiles.removeValue(forKey: handle) }
        calls.bump(.release)
    }

    func openDirectory(_ inode: InodeNumber) async throws(FSError) -> OpenDirectoryReply {
        calls.bump(.openDirectory)
        return state.withLock { state in
            let handle = DirectoryHandle(state.nextHandle)
            state.nextHandle += 1
            state.openFolders[handle] = inode
            return OpenDirectoryReply(handle: handle, mayCache: trust.cachesListings)
        }
    }

    func readDirectory(
        _ handle: DirectoryHandle, after cookie: DirectoryCookie, plus: Bool, emit: (DirectoryEntry) -> Bool
    ) async throws(FSError) {
        calls.bump(.readDirectory)
        let failed = state.withLock { emitEntries(&$0, handle, after: cookie, plus: plus, emit) }
        if failed { throw .unreachable }
        if state.withLock({ $0.listingsResist }) { await resist() }
    }

    func releaseDirectory(_ handle: DirectoryHandle) {
        state.withLock { _ = $0.openFolders.removeValue(forKey: handle) }
        calls.bump(.releaseDirectory)
    }

    func extendedAttribute(_ name: FileName, of inode: InodeNumber) async throws(FSError) -> [UInt8] {
        guard name == "user.aliyun.file_id" else { throw .noSuchAttribute }
        return Array("id-\(inode.rawValue)".utf8)
    }

    func extendedAttributeNames(of inode: InodeNumber) async throws(FSError) -> [FileName] {
        ["user.aliyun.file_id", "user.aliyun.name"]
    }

    // MARK: - Inside

    func yieldAtLast() { stubbornness.complete(.success(())) }

    private func resist() async {
        calls.bump(.stall)
        _ = await Task.detached { [stubbornness] in try await stubbornness.value() }.result
        calls.bump(.yield)
    }

    private func stall() async throws(FSError) {
        calls.bump(.stall)
        do { try await never.value() } catch { throw .interrupted }
    }

    /// Positions: 0 is `.`, 1 is `..`, then the children; a cookie is the position plus one. True for a failure.
    private func emitEntries(
        _ state: inout State, _ handle: DirectoryHandle, after cookie: DirectoryCookie, plus: Bool,
        _ emit: (DirectoryEntry) -> Bool
    ) -> Bool {
        guard let folder = state.openFolders[handle], let node = state.nodes[folder] else { return true }
        for position in Int(cookie.rawValue)..<node.children.count + 2 {
            let next = DirectoryCookie(UInt64(position + 1))
            if state.failListingAt == position {
                state.failListingAt = nil
                return true
            }
            if position < 2 {
                let inode = position == 0 ? folder : node.parent
                let dots = DirectoryEntry(
                    name: position == 0 ? "." : "..", inode: inode, kind: .directory, cookie: next, entry: nil)
                if !emit(dots) { return false }
            } else if let child = node.children[position - 2] {
                let known = entry(child.inode, state)
                let taken = emit(
                    DirectoryEntry(
                        name: child.name, inode: child.inode, kind: known.attributes.kind, cookie: next,
                        entry: plus ? known : nil))
                if !taken { return false }
                if plus { state.lookups[child.inode, default: 0] += 1 }
            }
        }
        return false
    }

    private func entry(_ inode: InodeNumber, _ state: State) -> Entry {
        let node = state.nodes[inode] ?? Node(parent: .root, content: .bytes([]))
        return Entry(
            attributes: Self.attributes(inode, node), generation: 7, entryValidFor: trust.entries,
            attributesValidFor: trust.attributes)
    }

    private static func attributes(_ inode: InodeNumber, _ node: Node) -> Attributes {
        let isFolder = if case .directory = node.content { true } else { false }
        var time = modified
        time.seconds += node.version - 1
        return Attributes(
            inode: inode, kind: isFolder ? .directory : .file, size: node.content.size,
            permissions: isFolder ? 0o755 : 0o640, userID: 0, groupID: 0, accessed: time, modified: time, changed: time)
    }
}
