import Basics
import Drive
import Synchronization

/// A frozen account: after one such answer background calls stop for long, and those of applications are not sent
/// one after the other just to hear the same again (contract 11, `UserNotAllowedAccessResource`).
final class Restriction: Sendable {
    static let background: Duration = .seconds(600)
    static let foreground: Duration = .seconds(15)

    private let state = Mutex<(error: DriveError, since: Moment)?>(nil)

    /// Throws what the drive said, while it is no use to ask again.
    func check(_ urgency: Urgency, now: Moment) throws(DriveError) {
        guard let (error, since) = state.withLock({ $0 }) else { return }
        let pause =
            switch urgency {
            case .background: Self.background
            case .foreground: Self.foreground
            }
        if now - since < pause { throw error }
    }

    func note(_ error: DriveError, now: Moment) {
        guard case .accountRestricted(let refusal) = error, refusal.code == "UserNotAllowedAccessResource" else {
            return
        }
        state.withLock { $0 = (error, now) }
    }

    /// A call was answered as it should.
    func lift() { state.withLock { $0 = nil } }
}
