import Drive
import Synchronization

/// A sealed draft's bytes for the drive client.
struct SpoolSource: UploadSource {
    let file: SpoolFile

    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(UploadSourceError) {
        do {
            try file.read(at: offset, into: buffer)
        } catch {
            throw UploadSourceError("\(error)")
        }
    }
}
