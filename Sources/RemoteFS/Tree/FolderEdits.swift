import Basics
import Drive
import VFS

/// What is known here of one folder and not shown by its listing, or not reliably so: laid over the listing whenever
/// somebody looks. A value.
///
/// An edit is pending while its change is unfinished. After that it is settled, and goes when a listing that was asked
/// for well after it has come: the drive may show changes late (contract 12.1).
struct FolderEdits {
    struct Shown {
        var entry: ListedEntry
        /// `nil` while its change is unfinished.
        var settled: Moment?
    }

    private struct Hidden {
        /// `nil` while its change is unfinished.
        var settled: Moment?
        /// After a restart nothing but the stored listing would show it.
        var isKept: Bool
    }

    /// For so long the drive's listings may be behind its own answers.
    static let lag = Duration.seconds(10)

    private var shown: [FileName: Shown] = [:]
    /// Objects that are not to be seen here.
    private var hidden: [ObjectID: Hidden] = [:]
    /// Under which names `shown` shows an object, wherever the listing has it.
    private var objects: [ObjectID: Set<FileName>] = [:]
    private var byInode: [InodeNumber: FileName] = [:]
    /// Unfinished entries whose name another took, and that name.
    private var displaced: [InodeNumber: FileName] = [:]
    /// Rises with each change.
    private(set) var version = 0

    var isEmpty: Bool { shown.isEmpty && hidden.isEmpty }

    /// An unfinished change of another file under the same name stays to be seen, marked like any duplicate.
    mutating func show(_ entry: ListedEntry, settled: Moment? = nil) {
        if displaced.removeValue(forKey: entry.inode) != nil, let marked = byInode[entry.inode] { drop(marked) }
        let other = shown[entry.name].flatMap { $0.settled == nil && $0.entry.inode != entry.inode ? $0.entry : nil }
        drop(entry.name)
        put(entry, settled)
        guard let other else { return }
        let marked = NameAssigner.marked(other.name, other.file.id.file)
        guard shown[marked] == nil else { return }
        put(other.renamed(marked), nil)
        displaced[other.inode] = entry.name
    }

    private mutating func put(_ entry: ListedEntry, _ settled: Moment?) {
        shown[entry.name] = Shown(entry: entry, settled: settled)
        objects[entry.file.id, default: []].insert(entry.name)
        byInode[entry.inode] = entry.name
        version += 1
    }

    /// Takes away what is shown under `name`, if it is this inode.
    mutating func unshow(_ name: FileName, _ inode: InodeNumber) {
        let isDisplaced = displaced[inode] == name
        let name = isDisplaced ? byInode[inode] ?? name : name
        guard shown[name]?.entry.inode == inode else { return }
        drop(name)
        if isDisplaced { displaced[inode] = nil }
        version += 1
    }

    private mutating func drop(_ name: FileName) {
        guard let old = shown.removeValue(forKey: name) else { return }
        objects[old.entry.file.id]?.remove(name)
        if objects[old.entry.file.id]?.isEmpty == true { objects[old.entry.file.id] = nil }
        if byInode[old.entry.inode] == name { byInode[old.entry.inode] = nil }
    }

    /// An object is not to be seen here, neither by the listing nor by what a finished change left; an unfinished one
    /// goes on showing what it shows.
    ///
    /// - Parameter isKept: the database goes on having it here: a move that is unfinished at a restart shows nothing.
    mutating func hide(_ object: ObjectID, settled: Moment?, isKept: Bool = false) {
        hidden[object] = Hidden(settled: settled, isKept: isKept)
        for name in objects[object] ?? [] where shown[name]?.settled != nil { drop(name) }
        version += 1
    }

    /// Something hidden is to be seen again.
    mutating func unhide(_ object: ObjectID) {
        hidden[object] = nil
        version += 1
    }

    /// A listing that was asked for at `asked` takes the place of the older one: what it must know by now is its own.
    mutating func installed(askedAt asked: Moment) {
        let isOld = { (settled: Moment?) in settled.map { $0 + Self.lag < asked } ?? false }
        for (name, item) in shown where isOld(item.settled) { drop(name) }
        hidden = hidden.filter { !isOld($0.value.settled) }
        version += 1
    }

    /// What is shown under `name` and needs no listing to be believed, and up to when: not for ever, as others may
    /// change it too.
    func believed(named name: FileName, at now: Moment, for lifetime: Duration) -> Believed? {
        guard let item = shown[name] else { return nil }
        let until = (item.settled ?? now) + max(lifetime, Self.lag)
        return now < until ? (item.entry, item.settled == nil ? now + lifetime : until) : nil
    }

    func believed(_ inode: InodeNumber, at now: Moment, for lifetime: Duration) -> Believed? {
        byInode[inode].flatMap { believed(named: $0, at: now, for: lifetime) }
    }

    typealias Believed = (entry: ListedEntry?, freshUntil: Moment)

    /// The drive says that what a finished change left is gone.
    mutating func vanished(_ inode: InodeNumber) {
        guard let name = byInode[inode], shown[name]?.settled != nil else { return }
        drop(name)
        version += 1
    }

    func entry(named name: FileName) -> ListedEntry? { shown[name]?.entry }
    func entry(_ inode: InodeNumber) -> ListedEntry? { byInode[inode].flatMap { shown[$0]?.entry } }
    var entries: [ListedEntry] { shown.values.map(\.entry) }
    /// Whether an entry of the listing is to be seen as it is.
    func shows(_ entry: ListedEntry) -> Bool { hidden[entry.file.id] == nil && objects[entry.file.id] == nil }

    /// `listing` as it is to be seen: an entry whose name a local one has is marked like any duplicate.
    func merged(_ listing: Listing) -> [ListedEntry] {
        let kept = listing.entries.compactMap { entry -> ListedEntry? in
            guard shows(entry) else { return nil }
            return shown[entry.name] == nil ? entry : entry.renamed(NameAssigner.marked(entry.name, entry.file.id.file))
        }
        return kept + shown.values.map(\.entry).sorted { $0.name < $1.name }
    }

    /// The files that the drive has by now, for the database: what is unfinished is in the journal.
    func settled(_ files: [DriveFile]) -> [DriveFile] {
        if isEmpty { return files }
        let shown = shown.values.filter { $0.settled != nil }.map(\.entry.file)
        let added = Dictionary(shown.map { ($0.id, $0) }) { first, _ in first }
        return files.filter { added[$0.id] == nil && hidden[$0.id]?.isKept ?? true }
            + added.values.sorted { $0.name < $1.name }
    }
}
