import Basics
import Drive
import Foundation
import Synchronization

@testable import DriveHTTP

/// Bytes in memory to be uploaded; remembers how they were read.
final class MemorySource: UploadSource {
    private let bytes: [UInt8]
    private let failsFrom: Int64
    private let log = Mutex<[(offset: Int64, count: Int)]>([])

    /// Reading at or behind `failsFrom` fails.
    init(_ bytes: [UInt8], failsFrom: Int64 = .max) {
        self.bytes = bytes
        self.failsFrom = failsFrom
    }

    static let failure = UploadSourceError("the disk is gone")

    var reads: [(offset: Int64, count: Int)] { log.withLock { $0 } }

    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(UploadSourceError) {
        log.withLock { $0.append((offset, buffer.count)) }
        if offset + Int64(buffer.count) > min(failsFrom, Int64(bytes.count)) { throw Self.failure }
        buffer.copyBytes(from: bytes[Int(offset)..<Int(offset) + buffer.count])
    }
}

/// Opens once, for one that waits.
final class Gate: Sendable {
    private let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    func open() { continuation.finish() }
    func waited() async { for await _ in stream {} }
}

/// Adds up.
final class Sum: Sendable {
    private let total = Atomic(0)
    var value: Int { total.load(ordering: .acquiring) }
    func add(_ count: Int) { total.add(count, ordering: .acquiringAndReleasing) }
}

extension HTTPCall {
    /// The fields of a JSON body.
    var fields: NSDictionary? {
        guard let body else { return nil }
        return (try? JSONSerialization.jsonObject(with: Data(body))) as? NSDictionary
    }
}

extension HTTPAnswer {
    static func code(_ code: String, _ status: Int) -> HTTPAnswer {
        .json(#"{"code":"\#(code)","message":"words"}"#, status: status)
    }
}

extension Refusal {
    init(_ status: Int, _ code: String) { self.init(status: status, code: code, message: "words") }
}

extension Bench {
    static let folder = ObjectID(drive: DriveID("11"), file: FileID("d1"))
    static let session = UploadSession(object: id, uploadID: "U1")

    /// Answers every call with this.
    init(_ answer: HTTPAnswer) throws {
        try self.init { _, _ in .success(answer) }
    }

    var sent: NSDictionary? { transport.asked.last?.fields }
}
