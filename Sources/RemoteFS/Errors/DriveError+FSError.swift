import Basics
import Drive
import Logging
import ReadPath
import VFS

extension FSError {
    /// What an application is told when the drive refused (contract 11). The one border between the two.
    init(_ error: DriveError) {
        switch error {
        case .unreachable, .untrusted: self = .unreachable
        case .cancelled: self = .interrupted
        case .deadlinePassed: self = .timedOut
        case .loginRequired, .misconfigured: self = .loginNeeded
        case .accessDenied, .accountRestricted, .driveLocked: self = .accessDenied
        case .notFound, .inRecycleBin: self = .noSuchEntry
        case .wrongKind: self = .isADirectory
        case .nameTaken: self = .alreadyExists
        case .quotaExhausted: self = .noSpace
        case .tooLarge: self = .fileTooLarge
        case .staleMarker, .rejected, .serverFailure, .malformedAnswer, .download, .change:
            self = .inputOutput
        }
    }
}

extension ListingFailure {
    init(_ error: DriveError, log: Logger) {
        switch error {
        case .notFound, .inRecycleBin, .wrongKind: self = .gone
        case .cancelled: self = .failed(.interrupted)
        case .unreachable, .untrusted, .deadlinePassed, .loginRequired, .misconfigured, .accessDenied,
            .accountRestricted, .driveLocked, .nameTaken, .quotaExhausted, .tooLarge, .staleMarker, .rejected,
            .serverFailure, .malformedAnswer, .download, .change:
            log.warning("a folder cannot be listed: \(error)")
            self = .failed(FSError(error))
        }
    }
}

extension FSError {
    /// What a reading application is told.
    init(_ error: ReadError) {
        switch error {
        case .stale: self = .stale
        case .accessDenied: self = .accessDenied
        case .loginNeeded: self = .loginNeeded
        case .unreachable: self = .unreachable
        case .timedOut: self = .timedOut
        case .interrupted: self = .interrupted
        case .corrupt, .inputOutput: self = .inputOutput
        }
    }
}

extension FSError {
    /// Why a wait for shared work ended; `failure` says what its own failure means.
    init<Failure>(_ error: FlightError<Failure>, _ failure: (Failure) -> FSError) {
        switch error {
        case .failed(let error): self = failure(error)
        case .cancelled: self = .interrupted
        case .deadlinePassed: self = .timedOut
        }
    }

    /// The same for work that cannot fail.
    init(_ error: FlightError<Never>) {
        switch error {
        case .cancelled: self = .interrupted
        case .deadlinePassed: self = .timedOut
        }
    }
}
