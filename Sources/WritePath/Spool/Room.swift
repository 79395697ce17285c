import Basics
import Synchronization

/// Whether there is room for more unsent bytes: the spool's bound, its disk, and the account's quota. Looks seldom, as
/// looking costs: once for so many bytes.
final class Room: Sendable {
    enum Answer: Hashable {
        case yes
        /// Wait for uploads to make room.
        case wait(String)
        /// Waiting is of no use.
        case no(String)
        /// Nor is anything else but a larger spool.
        case never(String)
    }

    private struct State {
        var credit: Int64 = 0
        /// For what is being fetched to complete files.
        var promised: Int64 = 0
    }

    /// Bytes written between two looks.
    private static let step: Int64 = 8 << 20

    private let spool: Spool
    private let settings: WriteSettings
    private let state = Mutex(State())
    /// What the account has left, less what is queued; `nil` while it is not known.
    let quota = Mutex<(@Sendable () -> Int64?)?>(nil)

    init(spool: Spool, settings: WriteSettings, time: any TimeSource) {
        self.spool = spool
        self.settings = settings
    }

    /// Takes `bytes` from the credit; without enough of it looks anew. `queued` is what the spool holds.
    func take(_ bytes: Int64, queued: () -> Int64) throws(SpoolError) -> Answer {
        let isPaid = state.withLock { state in
            guard state.credit >= bytes else { return false }
            state.credit -= bytes
            return true
        }
        if isPaid { return .yes }
        if let quota = quota.withLock({ $0 }), let left = quota(), left < bytes {
            return .no("the drive has no room for it")
        }
        let answer = try look(bytes, queued: queued(), promised: state.withLock { $0.promised })
        if answer == .yes { state.withLock { $0.credit = Self.step } }
        return answer
    }

    /// Keeps room for `bytes` of a file that is queued already, `own` bytes of it, until they are there: `redeem`.
    func promise(_ bytes: Int64, own: Int64, queued: () -> Int64) throws(SpoolError) -> Answer {
        if bytes == 0 { return .yes }
        // One at a time looks and takes.
        let result = state.withLock { state -> Result<Answer, SpoolError> in
            do throws(SpoolError) {
                let answer = try look(bytes, own: own, queued: queued(), promised: state.promised)
                if answer == .yes { state.promised += bytes }
                return .success(answer)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// `bytes` of what was promised are there, or are not going to be.
    func redeem(_ bytes: Int64) { state.withLock { $0.promised -= bytes } }

    private func look(_ bytes: Int64, own: Int64 = 0, queued: Int64, promised: Int64) throws(SpoolError) -> Answer {
        let wanted = bytes + promised + Self.step
        if let most = settings.spoolMax, queued + promised + bytes > most {
            if own + bytes > most { return .never("it is larger than --spool-size allows") }
            return .wait("the spool is at its bound")
        }
        let free = try spool.freeBytes() - settings.diskReserve
        if free < wanted {
            return queued > 0 ? .wait("the spool's disk is full") : .no("the spool's disk is full")
        }
        return .yes
    }
}
