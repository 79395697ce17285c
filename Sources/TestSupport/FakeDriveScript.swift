import Basics
import Drive

/// The functions of `Drive` and `WritableDrive` that a test can count, script and hold.
public enum FakeFunction: Hashable, Sendable, CaseIterable {
    case account, space, list, file, fileAtPath, files, downloadLinks, download
    case createFolder, createFile, uploadLinks, uploadedParts, sendPart, completeUpload
    case rename, move, copy, remove, taskState

    /// Moves bytes, so that it can also fail on the way.
    var hasBody: Bool { self == .download || self == .sendPart }
}

/// How a `createFile` call described the content.
public enum FakeDeclaration: Hashable, Sendable {
    case plain, preHash, hashed
}

/// One call as it arrived.
public struct FakeCall: Hashable, Sendable {
    public var function: FakeFunction
    /// What it is about: the parent where something is created, the placeholder of an upload; `nil` for `account`,
    /// `space`, `fileAtPath`, `files` and `taskState`.
    public var object: ObjectID?
    /// Parts are sent with the background's.
    public var urgency: Urgency
    /// Of a download or a part.
    public var range: ByteRange?
    /// Of a download of one stream of a live photo.
    public var stream: String?
    /// Of a listing.
    public var marker: String?
    /// Of a creation or a renaming.
    public var name: FileName?
    public var declaration: FakeDeclaration?
    /// The number of a part that is sent.
    public var part: Int?
    /// Where a move or a copy goes.
    public var destination: FileID?
    public var removal: Removal?
    /// 0 for the first call of this function, then 1, and so on.
    public var index: Int
}

/// What is to happen to a call instead of, or on the way to, its right answer. Steps in the order of the fields.
public struct FakeResponse: Sendable {
    /// Holds the call before anything else happens.
    public var gate: FakeGate?
    /// Of a download or a part: how many bytes are sent before `error`, or before `bodyGate`.
    public var bytesFirst: Int64 = 0
    /// Holds a download's or a part's body after `bytesFirst` bytes.
    public var bodyGate: FakeGate?
    /// Fails the call, which has no effect then; without it the right answer follows.
    public var error: DriveError?
    /// Holds the answer of a changing call, which has taken effect by then.
    public var answerGate: FakeGate?
    /// Comes in place of the answer of a changing call, which has taken effect by then.
    public var lost: DriveError?
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

    /// A changing call takes effect, and its answer is lost.
    public static func lose(_ error: DriveError = .change(.uncertain("the answer was lost"))) -> FakeResponse {
        var response = FakeResponse()
        response.lost = error
        return response
    }

    /// A changing call takes effect, and its answer waits at `gate`.
    public static func holdAnswer(_ gate: FakeGate, thenLose error: DriveError? = nil) -> FakeResponse {
        var response = FakeResponse()
        response.answerGate = gate
        response.lost = error
        return response
    }

    /// A part is cut after so many of its bytes: nothing of it is stored.
    public static func cutPart(
        after bytes: Int64, _ failure: PartFailure = .cut("reset")
    ) -> FakeResponse {
        var response = FakeResponse.fail(.change(.part(failure)))
        response.bytesFirst = bytes
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
