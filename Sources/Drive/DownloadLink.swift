import Basics

/// A signed address of one object's bytes. Anybody who holds it can read them, so it describes itself without
/// its address and must never be logged.
public struct DownloadLink: Hashable, Sendable {
    public let url: String
    /// On the local monotonic clock, already corrected by the server's clock; asked for again ahead of it.
    public let expires: Moment

    public init(url: String, expires: Moment) {
        self.url = url
        self.expires = expires
    }
}

extension DownloadLink: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "DownloadLink(secret)" }
    public var debugDescription: String { description }
}

/// What one link request brings: a link for the whole object, or one for each stream of a live photo.
public struct DownloadLinks: Hashable, Sendable {
    public var whole: DownloadLink?
    /// By stream name: `jpeg`, `heic`, `mov`.
    public var streams: [String: DownloadLink]

    public init(whole: DownloadLink?, streams: [String: DownloadLink] = [:]) {
        self.whole = whole
        self.streams = streams
    }
}

/// Takes the bytes of a download as they arrive.
public protocol DownloadSink: Sendable {
    /// The next bytes, in order and without gaps; valid during the call only. Called from one thread at a time,
    /// possibly the event loop's: copy and return. False closes the body: no more is wanted.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool
}
