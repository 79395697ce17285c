import Basics
import Crypto
import Drive
import Foundation

/// The proof that whoever names a hash has the bytes too: a few of them, at a place that the access token chooses
/// (contract 7.4, version 1).
enum ProofCode {
    static let version = "v1"
    private static let longest: Int64 = 8

    /// Which bytes prove it; empty for an empty file.
    static func range(token: String, size: Int64) -> ByteRange {
        guard size > 0 else { return ByteRange(0, 0) }
        // Unsigned: half of all tokens have the top bit set.
        let number = Insecure.MD5.hash(data: Data(token.utf8)).prefix(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        let start = Int64(number % UInt64(size))
        return ByteRange(start, min(start + longest, size))
    }

    static func text(_ bytes: some Sequence<UInt8>) -> String { Data(bytes).base64EncodedString() }

    /// Reads and writes the proof for `token`, which must be that of the very request it goes with.
    static func make(token: String, size: Int64, source: any UploadSource) async throws(DriveError) -> String {
        let range = range(token: token, size: size)
        if range.isEmpty { return "" }
        do {
            let piece = try await PartReader.read(source, at: range.lower, Int(range.count))
            return text(piece.readableBytesView)
        } catch let error as UploadSourceError {
            throw .change(.source(error))
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .change(.source(UploadSourceError("the local bytes cannot be read: \(error)")))
        }
    }
}
