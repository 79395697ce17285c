import SystemPackage

extension FilePath {
    /// The whole of a small file. `EFBIG` beyond the bound. Blocks: for start-up and commands, not for a serving mount.
    public func readBytes(atMost bound: Int) throws(Errno) -> [UInt8] {
        do {
            let file = try FileDescriptor.open(self, .readOnly, options: [.closeOnExec])
            return try file.closeAfter { try file.readBytes(atMost: bound) }
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }

    /// As `readBytes`; `EILSEQ` when the file is not UTF-8.
    public func readText(atMost bound: Int) throws(Errno) -> String { try readBytes(atMost: bound).text() }
}

extension FileDescriptor {
    /// Everything up to the end of the file or stream. Blocks.
    public func readBytes(atMost bound: Int) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        do {
            while true {
                let count = try buffer.withUnsafeMutableBytes { try read(into: $0) }
                if count == 0 { return bytes }
                bytes += buffer.prefix(count)
                guard bytes.count <= bound else { throw Errno.fileTooLarge }
            }
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }

    /// As `readBytes`; `EILSEQ` when it is not UTF-8.
    public func readText(atMost bound: Int) throws(Errno) -> String { try readBytes(atMost: bound).text() }
}

extension [UInt8] {
    fileprivate func text() throws(Errno) -> String {
        guard let text = String(validating: self, as: UTF8.self) else { throw .illegalByteSequence }
        return text
    }
}

extension Errno {
    /// The system's words in lower case, for the middle of a sentence.
    public var words: String { description.prefix(1).lowercased() + description.dropFirst() }
}
