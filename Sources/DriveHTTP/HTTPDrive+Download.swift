import Basics
import Drive

extension HTTPDrive {
    /// None was ever seen (contract 6.2).
    private static let mostRedirects = 3

    /// Contract 6.1.
    public func downloadLinks(for id: ObjectID, _ urgency: Urgency) async throws(DriveError) -> DownloadLinks {
        try check(id)
        let call = try APICall(
            "/adrive/v1.0/openFile/getDownloadUrl", .link,
            WireRequest.Link(drive_id: id.drive.rawValue, file_id: id.file.rawValue))
        let wire = try await caller.value(call, as: WireLinks.self, urgency)
        guard wire.whole != nil || !wire.streams.isEmpty else { throw .malformedAnswer("getDownloadUrl: no link") }
        let (now, serverNow) = (time.now(), clock.now())
        let link = { (url: String) -> DownloadLink in
            let life = LinkExpiry.life(of: url, stated: wire.expiration, serverNow: serverNow)
            return DownloadLink(url: url, expires: now + life)
        }
        return DownloadLinks(whole: wire.whole.map(link), streams: wire.streams.mapValues(link))
    }

    /// Contract 6.2 to 6.5.
    public func download(
        _ link: DownloadLink, range: ByteRange, ofSize size: Int64, _ urgency: Urgency, into sink: any DownloadSink
    ) async throws(DriveError) {
        guard !range.isEmpty, range.upper <= size else {
            throw .rejected(Refusal(status: 0, code: "", message: "a range outside the object"))
        }
        if let objection = hosts.objection(to: link.url) { throw .download(.foreignHost(objection)) }
        let slot: Int
        do throws(WaitFailure) {
            slot = try await streams.acquire(urgency, until: time.now() + configuration.timeout)
        } catch {
            switch error {
            case .cancelled: throw .cancelled
            case .deadlinePassed: throw .deadlinePassed
            }
        }
        defer { streams.release(slot) }
        do throws(DriveError) {
            try await follow(link.url, range, size, lane: slot, sink)
        } catch {
            // Links grow old in the ordinary course of things.
            if error != .cancelled && error != .download(.expired) { note("download", error.words) }
            throw error
        }
    }

    /// Gets the range from `url` or from where it redirects to.
    private func follow(
        _ url: String, _ range: ByteRange, _ size: Int64, lane: Int, _ sink: any DownloadSink
    ) async throws(DriveError) {
        var url = url
        for _ in 0...Self.mostRedirects {
            switch try await fetch(url, range, size, lane: lane, sink) {
            case .complete, .stopped: return
            case .short(let missing): throw .download(.cut("\(missing) bytes missing"))
            case .failed(let failure):
                if failure == .tooManyStreams { streams.refused(jitter: random()) }
                throw .download(failure)
            case .redirect(let target):
                guard let next = URLText.resolve(target, against: url) else {
                    throw .download(.denied("a redirect to nowhere"))
                }
                if let objection = hosts.objection(to: next) { throw .download(.foreignHost(objection)) }
                url = next
            }
        }
        throw .download(.denied("too many redirects"))
    }

    private func fetch(
        _ url: String, _ range: ByteRange, _ size: Int64, lane: Int, _ sink: any DownloadSink
    ) async throws(DriveError) -> RangeReceiver.Outcome {
        let (streams, bandwidth, time) = (streams, bandwidth, time)
        let receiver = RangeReceiver(
            range: range, size: size, sink: sink, onFlow: { streams.opened() },
            pause: { bandwidth?.pause(after: $0, now: time.now()) ?? .zero })
        // No bearer, and no field that the link's signature does not know (contract 6.2). An explicit range always:
        // an answer 206 proves the size.
        let call = HTTPCall(
            method: .get, url: url,
            headers: [
                (name: "Range", value: "bytes=\(range.lower)-\(range.upper - 1)"),
                (name: "User-Agent", value: configuration.userAgent),
                (name: "Referer", value: "https://www.aliyundrive.com/"),
            ], lane: lane)
        do {
            try await transport.stream(call, into: receiver)
        } catch {
            switch (error, receiver.outcome) {
            case (.cancelled, _): throw .cancelled
            // What the receiver knows says more than how the connection ended.
            case (_, .complete): return .complete
            case (_, .stopped): return .stopped
            case (_, .failed(let failure)): return .failed(failure)
            case (.unreachable(let words), _): throw .unreachable(words)
            case (.untrusted(let words), _): throw .untrusted(words)
            case (.lost(let words), .short(let missing)): throw .download(.cut("\(words), \(missing) bytes missing"))
            case (.lost(let words), .redirect): throw .download(.cut(words))
            case (.tooLong, _): throw .download(.cut("the answer is too long"))
            case (.badAddress, _): throw .download(.foreignHost("not an address"))
            }
        }
        return receiver.outcome
    }
}
