import Basics
import Drive

/// The functions of `Drive` that a test can count, script and hold.
public enum FakeFunction: Hashable, Sendable, CaseIterable {
    case account, space, list, file, fileAtPath, files, downloadLinks, download
}

/// One call as it arrived.
public struct FakeCall: Hashable, Sendable {
    public var function: FakeFunction
    /// What it is about; `nil` for `account`, `space`, `fileAtPath` and `files`.
    public var object: ObjectID?
    public var urgency: Urgency
    /// Of a download.
    public var range: ByteRange?
    /// Of a download of one stream of a live photo.
    public var stream: String?
    /// Of a listing.
    public var marker: String?
    /// 0 for the first call of this function, then 1, and so on.
    public var index: Int
}

/// What is to happen to a call instead of, or on the way to, its right answer. Steps in the order of the fields.
public struct FakeResponse: Sendable {
    /// Holds the call before anything else happens.
    public var gate: FakeGate?
    /// Of a download: how many bytes are sent before `error`, or before `bodyGate`.
    public var bytesFirst: Int64 = 0
    /// Holds a download's body after `bytesFirst` bytes.
    public var bodyGate: FakeGate?
    /// Fails the call; without it the right answer follows.
    public var error: DriveError?
    /// Offsets in the file whose bytes a download delivers wrongly.
    public var corrupted: Set<Int64> = []

    public init() {}

    public static var proceed: FakeResponse { FakeResponse() }

    public static func fail(_ error: DriveError) -> FakeResponse {
        var response = FakeResponse()
        response.error = error
        return response
    }

    /// A download's body fails after so many bytes.
    public static func fail(_ failure: DownloadFailure, after bytes: Int64 = 0) -> FakeResponse {
        var response = FakeResponse.fail(.download(failure))
        response.bytesFirst = bytes
        return response
    }

    public static func hold(_ gate: FakeGate, thenFail error: DriveError? = nil) -> FakeResponse {
        var response = FakeResponse()
        response.gate = gate
        response.error = error
        return response
    }

    /// A download's body stalls at `gate` after so many bytes.
    public static func stall(_ gate: FakeGate, after bytes: Int64, thenFail error: DriveError? = nil) -> FakeResponse {
        var response = FakeResponse()
        response.bytesFirst = bytes
        response.bodyGate = gate
        response.error = error
        return response
    }

    public static func corrupt(at offsets: Set<Int64>) -> FakeResponse {
        var response = FakeResponse()
        response.corrupted = offsets
        return response
    }
}

/// Answers of a `FakeDrive` laid down in advance: first come, first served, each so many times.
struct FakeScript: Sendable {
    private struct Entry: Sendable {
        var function: FakeFunction
        var object: ObjectID?
        var times: Int
        var response: FakeResponse
    }

    private var entries: [Entry] = []

    mutating func add(_ function: FakeFunction, _ object: ObjectID?, _ times: Int, _ response: FakeResponse) {
        entries.append(Entry(function: function, object: object, times: times, response: response))
    }

    mutating func clear() { entries = [] }

    mutating func next(for call: FakeCall) -> FakeResponse? {
        let index = entries.firstIndex { entry in
            entry.function == call.function && (entry.object == nil || entry.object == call.object)
        }
        guard let index else { return nil }
        entries[index].times -= 1
        defer { if entries[index].times == 0 { entries.remove(at: index) } }
        return entries[index].response
    }
}
