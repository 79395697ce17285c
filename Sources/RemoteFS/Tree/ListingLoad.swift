import Basics
import Synchronization
import VFS

/// Why a folder could not be listed.
enum ListingFailure: Error, Hashable, Sendable {
    /// With what the application is told.
    case failed(FSError)
    /// The drive says that the folder is not there any more.
    case gone
}

/// One listing on its way, page by page; many may read it while it grows. Its entries only ever become more, in a
/// fixed order, so a position in it stays what it was.
final class ListingLoad: Sendable {
    /// The folder's epoch when the drive was asked.
    let epoch: Int
    /// When the drive was asked: what it answers is as old as this.
    let asked: Moment

    private struct State {
        var entries: [ListedEntry] = []
        var byName: [FileName: Int] = [:]
        var byInode: [InodeNumber: Int] = [:]
        var ending: Result<Void, ListingFailure>?
        /// Lands when there is more to see; replaced by the next one then.
        var change: Flight<Void, Never>
        var waiters = 0
    }

    private let time: any TimeSource
    private let state: Mutex<State>

    init(epoch: Int, time: any TimeSource) {
        self.epoch = epoch
        self.time = time
        asked = time.now()
        state = Mutex(State(change: Flight(time: time)))
    }

    /// Whether an application waits for it.
    var urgency: Urgency { state.withLock { $0.waiters > 0 ? .foreground : .background } }

    func append(_ more: [ListedEntry]) {
        signal { state in
            for entry in more {
                state.byName[entry.name] = state.entries.count
                state.byInode[entry.inode] = state.entries.count
                state.entries.append(entry)
            }
        }
    }

    func finish(_ ending: Result<Void, ListingFailure>) { signal { $0.ending = ending } }

    /// The entry of that name, as soon as it has come; `nil` once the listing is whole without it.
    func entry(named name: FileName, until deadline: Moment) async throws(FSError) -> ListedEntry? {
        try await wait(until: deadline, whole: nil) { state in
            state.byName[name].map { .some(state.entries[$0]) }
        }
    }

    /// The same by inode number.
    func entry(_ inode: InodeNumber, until deadline: Moment) async throws(FSError) -> ListedEntry? {
        try await wait(until: deadline, whole: nil) { state in
            state.byInode[inode].map { .some(state.entries[$0]) }
        }
    }

    /// The entries from `index` on that have come, waiting for the first; empty at the end of the whole listing.
    func entries(from index: Int, until deadline: Moment) async throws(FSError) -> ArraySlice<ListedEntry> {
        try await wait(until: deadline, whole: []) { state in
            index < state.entries.count ? state.entries[index...] : nil
        }
    }

    /// Returns when the listing is whole.
    func whole(until deadline: Moment) async throws(FSError) {
        try await wait(until: deadline, whole: ()) { _ in nil }
    }

    /// Looks until `look` finds what it wants or the listing is `whole` without it; throws how it failed otherwise.
    private func wait<T: Sendable>(
        until deadline: Moment, whole: T, for look: (borrowing State) -> T?
    ) async throws(FSError) -> T {
        state.withLock { $0.waiters += 1 }
        defer { state.withLock { $0.waiters -= 1 } }
        while true {
            let (found, ending, change) = state.withLock { (look($0), $0.ending, $0.change) }
            if let found { return found }
            switch ending {
            case .success: return whole
            case .failure(.gone): throw .noSuchEntry
            case .failure(.failed(let error)): throw error
            case nil: break
            }
            do {
                try await change.value(until: deadline)
            } catch {
                throw FSError(error)
            }
        }
    }

    private func signal(_ update: (inout State) -> Void) {
        let change = state.withLock { state in
            update(&state)
            defer { state.change = Flight(time: time) }
            return state.change
        }
        change.complete(.success(()))
    }
}
