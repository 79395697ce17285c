import VFS
import WritePath

extension FSError {
    /// What a writing application is told. The one border between the two.
    init(_ error: WriteError) {
        switch error {
        case .spool(let error): self = FSError(error)
        case .journal, .refused: self = .inputOutput
        case .base(let error): self = FSError(error)
        case .noRoom: self = .noSpace
        case .drive(.quotaExhausted): self = .quotaExceeded
        case .drive(.driveLocked): self = .readOnly
        case .drive(let error): self = FSError(error)
        case .cancelled: self = .interrupted
        case .timedOut: self = .timedOut
        case .removed: self = .stale
        }
    }

    init(_ error: SpoolError) { self = error.isFull ? .noSpace : error.isTooLarge ? .fileTooLarge : .inputOutput }

    /// Runs `body` with its errors turned into what an application is told.
    static func from<T>(_ body: () async throws(WriteError) -> T) async throws(FSError) -> T {
        do throws(WriteError) {
            return try await body()
        } catch {
            throw FSError(error)
        }
    }
}
