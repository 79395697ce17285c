import Basics
import Drive
import Synchronization

/// Takes one answer of the object store: checks that it is the range asked for, and hands its bytes to the sink;
/// keeps a refusal's body instead.
final class RangeReceiver: AnswerReceiver {
    /// What the answer turned out to be.
    enum Outcome: Hashable, Sendable {
        case complete
        /// The sink wanted no more.
        case stopped
        /// The connection ended with this many bytes missing.
        case short(missing: Int64)
        case redirect(String)
        case failed(DownloadFailure)
    }

    private enum Mode {
        case waiting
        case body(missing: Int64)
        case refusal(status: Int, body: [UInt8])
        case done(Outcome)
    }

    private let range: ByteRange
    private let size: Int64
    private let sink: any DownloadSink
    private let onFlow: @Sendable () -> Void
    private let pause: @Sendable (Int) -> Duration
    private let mode = Mutex(Mode.waiting)

    /// `onFlow` is called when the right answer begins, `pause` gives the wait after so many bytes.
    init(
        range: ByteRange, size: Int64, sink: any DownloadSink, onFlow: @escaping @Sendable () -> Void,
        pause: @escaping @Sendable (Int) -> Duration
    ) {
        self.range = range
        self.size = size
        self.sink = sink
        self.onFlow = onFlow
        self.pause = pause
    }

    var outcome: Outcome {
        mode.withLock { mode in
            switch mode {
            case .waiting: .short(missing: range.count)
            case .body(let missing): missing == 0 ? .complete : .short(missing: missing)
            case .refusal(let status, let body): .failed(LinkRefusal.read(status: status, body: body))
            case .done(let outcome): outcome
            }
        }
    }

    func receive(status: Int, fields: HTTPFields) -> Bool {
        let next = judge(status, fields)
        mode.withLock { $0 = next }
        switch next {
        case .body:
            onFlow()
            return true
        case .refusal: return true
        case .waiting, .done: return false
        }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> AnswerAppetite {
        // Calls come one at a time, so the sink can be called outside the lock.
        switch mode.withLock({ $0 }) {
        case .body(let missing): deliver(bytes, missing)
        case .refusal(let status, let body): keep(bytes, status, body)
        case .waiting, .done: .enough
        }
    }

    private func deliver(_ bytes: UnsafeRawBufferPointer, _ missing: Int64) -> AnswerAppetite {
        // A body longer than it may be is none of the server's business to decide.
        let wanted = Int(min(missing, Int64(bytes.count)))
        let wantsMore = sink.receive(UnsafeRawBufferPointer(rebasing: bytes[..<wanted]))
        let left = missing - Int64(wanted)
        let isOver = mode.withLock { mode -> Bool in
            mode = left == 0 ? .done(.complete) : wantsMore ? .body(missing: left) : .done(.stopped)
            return wanted < bytes.count || (left > 0 && !wantsMore)
        }
        if isOver { return .enough }
        // After the last byte the connection is left to end the answer by itself and to serve the next.
        let wait = left > 0 ? pause(wanted) : .zero
        return wait > .zero ? .after(wait) : .more
    }

    private func keep(_ bytes: UnsafeRawBufferPointer, _ status: Int, _ body: [UInt8]) -> AnswerAppetite {
        let kept = body + bytes.prefix(max(0, LinkRefusal.longestBody - body.count))
        mode.withLock { $0 = .refusal(status: status, body: kept) }
        return kept.count < LinkRefusal.longestBody ? .more : .enough
    }

    private func judge(_ status: Int, _ fields: HTTPFields) -> Mode {
        if let encoding = fields["content-encoding"], encoding.lowercased() != "identity", status < 300 {
            return .done(.failed(.wrongRange("the body is encoded")))
        }
        switch status {
        case 206: return partial(fields)
        case 200: return whole(fields)
        case 301, 302, 303, 307, 308:
            guard let target = fields["location"] else { return .done(.failed(.denied("a redirect to nowhere"))) }
            return .done(.redirect(target))
        case 400...: return .refusal(status: status, body: [])
        default: return .done(.failed(.wrongRange("HTTP \(status)")))
        }
    }

    private func partial(_ fields: HTTPFields) -> Mode {
        guard let got = fields["content-range"].flatMap(ContentRange.init) else {
            return .done(.failed(.wrongRange("206 without a Content-Range")))
        }
        guard got.first == range.lower, got.last == range.upper - 1, got.total == size else {
            let words = "asked \(range.lower)-\(range.upper - 1)/\(size), got \(got.first)-\(got.last)/\(got.total)"
            return .done(.failed(.wrongRange(words)))
        }
        if let length = fields["content-length"], Int64(length) != range.count {
            return .done(.failed(.wrongRange("Content-Length does not fit Content-Range")))
        }
        return .body(missing: range.count)
    }

    /// A 200 brings the whole object: right only when that is what was asked for (contract 6.3).
    private func whole(_ fields: HTTPFields) -> Mode {
        guard range.count == size, fields["content-length"].flatMap({ Int64($0) }) == size else {
            return .done(.failed(.wrongRange("200 and the whole object instead of the range")))
        }
        return .body(missing: size)
    }
}
