import Glibc

/// The streams of the account over all processes of this machine: one file each, locked by whoever streams; the
/// kernel frees the locks of a process that dies. Not thread-safe: its owner keeps it behind a lock.
struct StreamSlots: ~Copyable {
    private let descriptors: [Int32]
    /// Locked shared by a process that waits while others hold the streams it may have.
    private let wanted: Int32
    private let probe: Int32
    private var held: Set<Int> = []
    private var isStarving = false

    init(directory: String, count: Int) throws(FileFault) {
        var opened: [Int32] = []
        do throws(FileFault) {
            for index in 0..<count { opened.append(try Self.open("\(directory)/stream-\(index)")) }
            for _ in 0..<2 { opened.append(try Self.open("\(directory)/stream-wanted")) }
        } catch {
            for descriptor in opened { close(descriptor) }
            throw error
        }
        probe = opened.removeLast()
        wanted = opened.removeLast()
        descriptors = opened
    }

    deinit {
        for descriptor in descriptors + [wanted, probe] { close(descriptor) }
    }

    var open: Int { held.count }

    /// Takes a free stream; `nil` when other processes hold them all.
    mutating func take() -> Int? {
        for (index, descriptor) in descriptors.enumerated() where !held.contains(index) {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                held.insert(index)
                starve(false)
                return index
            }
        }
        starve(true)
        return nil
    }

    /// Gives a stream back and tells whether another process waits for one.
    mutating func release(_ index: Int) -> Bool {
        guard held.remove(index) != nil else { return false }
        flock(descriptors[index], LOCK_UN)
        starve(false)
        guard flock(probe, LOCK_EX | LOCK_NB) == 0 else { return true }
        flock(probe, LOCK_UN)
        return false
    }

    /// Nobody of this process waits any more.
    mutating func contented() { starve(false) }

    private mutating func starve(_ starving: Bool) {
        guard starving != isStarving else { return }
        isStarving = starving
        flock(wanted, (starving ? LOCK_SH : LOCK_UN) | LOCK_NB)
    }

    private static func open(_ path: String) throws(FileFault) -> Int32 {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFault("open", path) }
        return descriptor
    }
}
