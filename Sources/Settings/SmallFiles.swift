import SystemPackage

extension FilePath {
    /// The whole of a small text file. `EFBIG` beyond the bound, `EILSEQ` when it is not UTF-8. Blocks: for start-up.
    public func readText(atMost bound: Int) throws(Errno) -> String {
        do {
            let file = try FileDescriptor.open(self, .readOnly, options: [.closeOnExec])
            return try file.closeAfter { try file.readText(atMost: bound) }
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }
}

extension FileDescriptor {
    /// Everything up to the end of the file or stream. Blocks.
    public func readText(atMost bound: Int) throws(Errno) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        do {
            while true {
                let count = try buffer.withUnsafeMutableBytes { try read(into: $0) }
                if count == 0 { break }
                bytes += buffer.prefix(count)
                guard bytes.count <= bound else { throw Errno.fileTooLarge }
            }
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .illegalByteSequence }
        return text
    }
}

extension Errno {
    /// The system's words in lower case, for the middle of a sentence.
    public var words: String { description.prefix(1).lowercased() + description.dropFirst() }
}
