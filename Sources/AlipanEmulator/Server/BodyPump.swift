#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import NIOCore
import NIOHTTP1

extension Content {
    /// Bytes of an answer, for which nobody needs a hash.
    static func inlineUnhashed(_ bytes: [UInt8]) -> Content {
        Content(size: Int64(bytes.count), hash: nil, source: .inline(bytes))
    }
}

/// Sends a body piece by piece, as fast or as badly as it is told to.
///
/// Files go out by sendfile where nothing is encrypted; what is made up is written from a table or computed a piece at
/// a time.
struct BodyPump {
    static let piece: Int64 = 4 << 20

    let exchange: Exchange
    let fault: FaultAction
    /// Bytes a second; 0 is unlimited.
    let bandwidth: Int

    /// - Parameter beforeLast: called once all but the last byte has left, so that whoever has read everything finds
    ///   the slot free.
    func send(
        status: Int, headers: HTTPHeaders, content: Content, from: Int64, count: Int64,
        beforeLast: () async throws -> Void
    ) async throws {
        let end = from + max(0, count - (fault.shortBy ?? 0))
        let source = try PieceSource(
            content, corrupt: fault.corrupt ?? false, isSendable: !exchange.isEncrypted)
        defer { source.close() }
        try await exchange.writeHead(status: status, headers: headers)
        var offset = from
        var pending: EventLoopFuture<Void>?
        while offset < end {
            try await obeyFault(sent: offset - from, pending: pending)
            if offset == end - 1, count > 0 {
                try await pending?.get()
                pending = nil
                try await beforeLast()
            }
            let length = pieceLength(offset: offset, from: from, end: end)
            let written = exchange.enqueue(try source.piece(at: offset, count: length))
            try await pending?.get()
            pending = written
            offset += length
            try await pace(length)
        }
        try await pending?.get()
        if count == 0 { try await beforeLast() }
        try await obeyFault(sent: end - from, pending: nil)
        if end - from < count {
            // Fewer bytes than counted: the line has to end, else the peer takes the next answer for the rest.
            try await exchange.flush()
            throw Exchange.Cut()
        }
        try await exchange.writeEnd()
    }

    private var rate: Int64? {
        if let drip = fault.drip { return max(1, drip) }
        return bandwidth > 0 ? Int64(bandwidth) : nil
    }

    /// Ends at the last byte but one, and where a fault wants to strike.
    private func pieceLength(offset: Int64, from: Int64, end: Int64) -> Int64 {
        var most = Self.piece
        if let rate { most = min(most, max(1, rate / 20)) }
        var length = min(most, end - offset)
        if offset < end - 1 { length = min(length, end - 1 - offset) }
        for mark in [fault.resetAfter, fault.stallAfter].compactMap({ $0 }) where offset - from < mark {
            length = min(length, mark - (offset - from))
        }
        return max(1, length)
    }

    private func obeyFault(sent: Int64, pending: EventLoopFuture<Void>?) async throws {
        if let mark = fault.resetAfter, sent >= mark {
            try await pending?.get()
            try await exchange.flush()
            try await exchange.cut()
        }
        if let mark = fault.stallAfter, sent == mark {
            try await pending?.get()
            try await exchange.flush()
            try await exchange.pause(milliseconds: fault.stallMs ?? 3_600_000)
        }
    }

    private func pace(_ length: Int64) async throws {
        guard let rate else { return }
        try await exchange.pause(milliseconds: Int(length * 1000 / rate))
    }
}

/// Where the pieces come from.
private final class PieceSource {
    private let content: Content
    private let corrupt: Bool
    private var handle: NIOFileHandle?

    /// Modulo bytes, enough to cut a whole piece from at any phase.
    private static let table251: ByteBuffer = {
        let period = (0..<251).map { UInt8($0) }
        var table = ByteBuffer()
        table.reserveCapacity(Int(BodyPump.piece) + 2 * period.count)
        while table.writerIndex < Int(BodyPump.piece) + period.count { table.writeBytes(period) }
        return table
    }()

    /// - Parameter isSendable: the kernel may send files itself.
    init(_ content: Content, corrupt: Bool, isSendable: Bool) throws {
        self.content = content
        self.corrupt = corrupt
        if case .file(let path) = content.source, !corrupt, isSendable {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw ContentError(path: path, errno: errno) }
            handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
        }
    }

    func close() {
        // All writes have ended or failed by now, so nobody reads from the descriptor; a failing close loses nothing.
        do { try handle?.close() } catch {}
        handle = nil
    }

    func piece(at offset: Int64, count: Int64) throws -> IOData {
        if let handle {
            return .fileRegion(
                FileRegion(fileHandle: handle, readerIndex: Int(offset), endIndex: Int(offset + count)))
        }
        if !corrupt, case .synthetic(.modulo(251)) = content.source {
            return .byteBuffer(Self.modulo(at: offset, count: Int(count)))
        }
        var bytes = try content.read(at: offset, count: Int(count))
        if corrupt, !bytes.isEmpty { bytes[0] ^= 1 }
        return .byteBuffer(ByteBuffer(bytes: bytes))
    }

    /// `count` is a piece at most.
    private static func modulo(at offset: Int64, count: Int) -> ByteBuffer {
        table251.getSlice(at: Int(offset % 251), length: count) ?? ByteBuffer()
    }
}
