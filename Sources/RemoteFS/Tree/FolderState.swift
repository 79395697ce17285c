import Basics

/// What is known of one folder's listing, and what to do when somebody wants it. A value: it decides, `DirectoryCache`
/// acts.
struct FolderState {
    /// What to do for somebody who wants the listing. What is to be started is already entered here as under way.
    enum Decision {
        /// Answer from this one.
        case serve(Listing, freshUntil: Moment)
        /// Answer from this one, from an earlier run, and ask the drive behind the caller's back.
        case serveAndRevalidate(Listing, ListingLoad)
        /// Ask the drive now; `fallback` serves when it cannot be reached.
        case load(ListingLoad, fallback: Listing?)
        /// Somebody asks the drive already.
        case join(ListingLoad, fallback: Listing?)
        /// Look into the database first.
        case restore
        /// Somebody looks already.
        case joinRestore(Flight<Void, Never>)
        /// The last try failed a moment ago.
        case fail(ListingFailure)
    }

    private(set) var listing: Listing?
    /// What is known here and not in the listing.
    var edits = FolderEdits()
    private var laidOver: (listing: Listing, version: Int, merged: Listing)?
    /// Counts local knowledge: a listing that was asked for before it rose is not installed.
    private(set) var epoch = 0
    /// Up to when `listing` is believed without asking.
    private(set) var freshUntil = Moment(sinceBoot: .zero)
    private(set) var load: ListingLoad?
    /// When it was last used, for the choice of what to drop from memory.
    private(set) var lastUse = Moment(sinceBoot: .zero)

    /// When the listing that came last was asked for.
    private var lastAsked: Moment?
    private var restore: Flight<Void, Never>?
    private var isRestored = false
    /// The listing is of an earlier run and has not been compared with the drive in this one.
    private var isUnproved = false
    private var failure: (what: ListingFailure, until: Moment)?

    mutating func wanted(_ time: any TimeSource) -> Decision {
        let now = time.now()
        lastUse = now
        if let restore { return .joinRestore(restore) }
        if !isRestored {
            restore = Flight(time: time)
            return .restore
        }
        if let listing, now < freshUntil { return .serve(listing, freshUntil: freshUntil) }
        let isPausing = failure.map { now < $0.until } ?? false
        if let listing, isUnproved {
            if load != nil || isPausing { return .serve(listing, freshUntil: now) }
            return .serveAndRevalidate(listing, startLoad(time))
        }
        if let load { return .join(load, fallback: listing) }
        if let failure, isPausing {
            return listing.map { .serve($0, freshUntil: now) } ?? .fail(failure.what)
        }
        return .load(startLoad(time), fallback: listing)
    }

    private mutating func startLoad(_ time: any TimeSource) -> ListingLoad {
        let load = ListingLoad(epoch: epoch, time: time)
        self.load = load
        return load
    }

    /// The database has answered. A listing that was dropped from memory in this run keeps its age. Returns whom to
    /// tell.
    mutating func restored(_ stored: Listing?) -> Flight<Void, Never>? {
        defer { restore = nil }
        isRestored = true
        if listing == nil, let stored {
            listing = stored
            isUnproved = freshUntil.sinceBoot == .zero
        }
        return restore
    }

    /// The drive's listing is whole. Returns what was seen before and what is seen now, where both are known; `false`
    /// when it must not be installed because something newer is known.
    mutating func loadFinished(
        _ load: ListingLoad, _ listing: Listing, freshUntil: Moment
    ) -> (seen: (before: Listing, now: Listing)?, installed: Bool) {
        guard self.load === load else { return (nil, false) }
        self.load = nil
        failure = nil
        guard load.epoch == epoch else { return (nil, false) }
        let before = self.listing.map { merged($0) }
        self.listing = listing
        self.freshUntil = freshUntil
        isUnproved = false
        lastAsked = load.asked
        edits.installed(askedAt: load.asked)
        return (before.map { ($0, merged(listing)) }, true)
    }

    /// Whether what `load` brought is still what the drive said last.
    func isLast(_ load: ListingLoad) -> Bool { load.epoch == epoch && lastAsked == load.asked }

    /// A folder made a moment ago: it is known to be empty.
    mutating func made(freshUntil: Moment) {
        listing = Listing([])
        isRestored = true
        isUnproved = false
        self.freshUntil = freshUntil
    }

    /// `listing` with what is known here laid over it.
    mutating func merged(_ listing: Listing) -> Listing {
        if edits.isEmpty { return listing }
        if let laidOver, laidOver.listing === listing, laidOver.version == edits.version { return laidOver.merged }
        let merged = Listing(edits.merged(listing))
        laidOver = (listing, edits.version, merged)
        return merged
    }

    /// The drive could not be asked; nobody asks again before `until`.
    mutating func loadFailed(_ load: ListingLoad, _ what: ListingFailure, until: Moment) {
        guard self.load === load else { return }
        self.load = nil
        failure = (what, until)
        if what == .gone { listing = nil }
    }

    /// What is cached is known to be out of date: the next access asks the drive, and answers under way do not count.
    mutating func invalidate() {
        epoch += 1
        freshUntil = Moment(sinceBoot: .nanoseconds(1))
        isUnproved = false
        load = nil
        failure = nil
    }

    /// Forgets the listing to save memory; the database still has it.
    mutating func evict() {
        guard load == nil, restore == nil else { return }
        listing = nil
        laidOver = nil
        isRestored = false
    }
}
