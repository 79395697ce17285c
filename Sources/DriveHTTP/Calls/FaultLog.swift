import Basics
import Drive
import Logging
import Synchronization

/// The newest faults, for `status`, and the log they go to as well. Texts come redacted.
final class FaultLog: Sendable {
    private static let most = 16

    private let time: any TimeSource
    private let logger: Logger
    private let faults = Mutex<[DriveHealth.Fault]>([])

    init(time: any TimeSource, logger: Logger) {
        self.time = time
        self.logger = logger
    }

    var latest: [DriveHealth.Fault] { faults.withLock { $0 } }

    func note(_ what: String, _ reason: String) {
        logger.notice("\(what): \(reason)")
        let fault = DriveHealth.Fault(at: time.wallTime(), what: "\(what): \(reason)")
        faults.withLock { faults in
            if faults.count == Self.most { faults.removeFirst() }
            faults.append(fault)
        }
    }
}
