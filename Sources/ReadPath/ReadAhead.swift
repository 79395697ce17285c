import Basics

/// Guesses from the reads of one handle what will be read next.
///
/// Follows up to four places at once, so that several threads may read one handle in turn, and takes the kernel's
/// slightly reordered requests for what they are. A window opens at the start of a file or with the second read in
/// a row, doubles while it is used up, and is given up on a seek: places that are not read on fall asleep.
struct ReadAhead: Hashable, Sendable {
    /// One place that is being read on from.
    struct Track: Hashable, Sendable {
        /// Everything up to here has been asked for, or will be by requests that were overtaken.
        var high: Int64
        /// Bytes wanted beyond `high`; 0 until the reading looks sequential.
        var window: Int64
        /// `high` when the window was last changed.
        var grownAt: Int64
        /// Up to here reading ahead has been started. Blocks may have been lost since: the reader will tell.
        var frontier: Int64
        var isAwake: Bool
        var lastUse: UInt64

        /// What is wanted in advance, and what requests that were overtaken may still ask for.
        func wants(_ range: ByteRange, limit: Int64, slack: Int64) -> Bool {
            isAwake && window > 0 && range.upper > high - slack && range.lower < high + min(window, limit)
        }
    }

    enum Step: Hashable, Sendable {
        /// Reading goes on at the track of this index.
        case onward(track: Int)
        /// A seek: another place, now the track of this index; the other tracks sleep.
        case jump(track: Int)
    }

    /// How far a request may come before or after its place in line, at least.
    static let slack: Int64 = 1 << 20
    /// The same in requests: the kernel sends several ahead at once, and they overtake one another.
    private static let slackRequests: Int64 = 4
    /// The first window.
    static let firstWindow: Int64 = 1 << 20
    private static let mostTracks = 4

    private(set) var tracks: [Track] = []
    private var uses: UInt64 = 0

    /// Takes note of a read. `limit` is the largest window allowed now.
    mutating func note(_ range: ByteRange, limit: Int64) -> Step {
        uses += 1
        if let index = nearest(to: range) {
            advance(index, to: range, limit)
            return .onward(track: index)
        }
        for index in tracks.indices { tracks[index].isAwake = false }
        let window = range.lower == 0 ? min(Self.firstWindow, limit) : 0
        let track = Track(
            high: range.upper, window: window, grownAt: range.upper, frontier: range.upper, isAwake: true,
            lastUse: uses)
        if tracks.count < Self.mostTracks {
            tracks.append(track)
            return .jump(track: tracks.count - 1)
        }
        let oldest = tracks.indices.min { tracks[$0].lastUse < tracks[$1].lastUse } ?? 0
        tracks[oldest] = track
        return .jump(track: oldest)
    }

    /// Reading ahead has been started up to here. Never goes back, so that nothing is read ahead twice.
    mutating func reached(_ frontier: Int64, track: Int) {
        tracks[track].frontier = max(tracks[track].frontier, frontier)
    }

    /// The reader had to wait, so what was read ahead is not there: it goes on from the fetch made for the reader.
    mutating func restart(at frontier: Int64, track: Int) {
        tracks[track].frontier = frontier
    }

    private func nearest(to range: ByteRange) -> Int? {
        var best: Int?
        var bestDistance = Int64.max
        let slack = max(Self.slack, Self.slackRequests * range.count)
        for index in tracks.indices {
            let distance = abs(range.lower - tracks[index].high)
            if distance <= slack, distance < bestDistance {
                best = index
                bestDistance = distance
            }
        }
        return best
    }

    private mutating func advance(_ index: Int, to range: ByteRange, _ limit: Int64) {
        tracks[index].lastUse = uses
        tracks[index].isAwake = true
        guard range.upper > tracks[index].high else { return }
        tracks[index].high = range.upper
        tracks[index].frontier = max(tracks[index].frontier, range.upper)
        let window = tracks[index].window
        if window == 0 {
            tracks[index].window = min(Self.firstWindow, limit)
            tracks[index].grownAt = range.upper
        } else if range.upper - tracks[index].grownAt >= window / 4, window < limit {
            tracks[index].window = min(window * 2, limit)
            tracks[index].grownAt = range.upper
        }
    }
}
