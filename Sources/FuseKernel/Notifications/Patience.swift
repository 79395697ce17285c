import Basics

/// Whether a notification is told now or a little later.
///
/// For a name the kernel locks its folder, for content a file's pages; a process that waits for our answer may hold
/// those. A notification told then would wait too, where no signal helps, and with it everybody who comes to that
/// folder; were we killed meanwhile, not even our end would free them. So it waits here as long as a request about
/// the inode is under way. Short ones must not put it off for ever: after `patience` only those that were there when
/// it came still count.
struct Patience {
    static let patience: Duration = .milliseconds(200)

    private let since: Moment
    private let limit: RequestID

    /// `next` is what the next request will be called.
    init(since: Moment, next: RequestID) {
        self.since = since
        self.limit = next
    }

    /// The requests that count at `now`: those before this one.
    func limit(at now: Moment, next: RequestID) -> RequestID {
        now - since < Self.patience ? next : limit
    }
}
