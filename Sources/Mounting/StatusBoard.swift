import Basics
import Drive
import FuseKernel
import Glibc
import ReadPath
import RemoteFS
import Settings
import Status
import Synchronization
import VFS

/// Puts together what `aliyunfs status` shows, from the parts of a running mount. May be used from any thread.
final class StatusBoard: Sendable {
    struct Parts: Sendable {
        var account: AccountInfo
        var drive: any Drive
        var filesystem: RemoteFS
    }

    private let settings: MountSettings
    private let time: any TimeSource
    private let mountedAt: UnixTime
    /// Set in the order of the start: the filesystem answers the report before it is whole itself.
    private let parts = Mutex<Parts?>(nil)
    private let session = Mutex<FuseSession?>(nil)

    init(settings: MountSettings, time: any TimeSource) {
        self.settings = settings
        self.time = time
        mountedAt = time.wallTime()
    }

    func show(_ parts: Parts) { self.parts.withLock { $0 = parts } }
    func show(_ session: FuseSession) { self.session.withLock { $0 = session } }

    /// The report as JSON; empty as long as nothing is mounted. Never longer than one attribute can be.
    var document: [UInt8] {
        guard let parts = parts.withLock({ $0 }) else { return [] }
        do {
            var report = report(parts)
            var json = try report.json()
            while json.count > InquiryDesk.answerMax, let first = report.queue?.first, !first.isEmpty {
                report.queue?.first.removeLast((first.count + 1) / 2)
                json = try report.json()
            }
            return json
        } catch {
            preconditionFailure("a report of numbers and text is always JSON: \(error)")
        }
    }

    /// What a command asks of the mount.
    func answer(_ name: FileName, about inode: InodeNumber) async throws(FSError) -> [UInt8] {
        guard let filesystem = parts.withLock({ $0?.filesystem }) else { throw .noSuchAttribute }
        return try await InquiryDesk(filesystem: filesystem, time: time).answer(name, about: inode)
    }

    private func queue(_ filesystem: RemoteFS) -> StatusReport.Queue {
        let changes = filesystem.writing.statuses.map {
            StatusReport.Change($0, path: filesystem.path(of: $0.place))
        }
        return StatusReport.Queue(changes, limit: 20)
    }

    private func report(_ parts: Parts) -> StatusReport {
        let health = parts.drive.health()
        let directories = parts.filesystem.statistics
        let kernel = session.withLock { $0 }?.statistics
        let queue = queue(parts.filesystem)
        let advice = advice(health, queue) + waits(parts.filesystem)
        return StatusReport(
            healthy: advice.isEmpty, mountedAt: mountedAt.asDouble, pid: getpid(), version: Product.version,
            profile: settings.profile, login: StatusReport.Login(health.login), accountName: parts.account.name,
            drive: settings.drive.rawValue, budgets: health.budgets.map { budget($0) },
            streams: .init(open: health.streamsOpen, allowed: health.streamsAllowed),
            reads: StatusReport.Reads(parts.filesystem.reader.statistics(), limit: settings.memory),
            directories: .init(
                cached: directories.listings, entries: directories.entries, loading: directories.loading),
            kernel: .init(
                requests: kernel?.requests.values.reduce(0, +) ?? 0, inFlight: kernel?.inFlight ?? 0,
                interrupted: kernel?.interrupted ?? 0),
            queue: queue, stateDir: settings.stateDir.string, drainSeconds: settings.drainTimeout / .seconds(1),
            lastFaults: health.lastFaults.map { .init(at: $0.at.asDouble, what: $0.what) }, advice: advice)
    }

    private func budget(_ budget: DriveHealth.Budget) -> StatusReport.Budget {
        let pause = budget.pausedUntil.map { max(.zero, $0 - time.now()) } ?? .zero
        return StatusReport.Budget(
            name: budget.name, perSecond: budget.perSecond, waiting: budget.waiting, sent: budget.sent,
            throttled: budget.throttled, pausedForMs: pause.components.seconds * 1000)
    }

    /// What keeps uploads from going on until a person does something elsewhere, in the drive's words.
    private func waits(_ filesystem: RemoteFS) -> [String] {
        let lasting = filesystem.writing.statuses.filter { $0.stage != .failed && $0.troubleKind == .lasting }
        guard let words = lasting.first?.trouble else { return [] }
        return ["Uploads wait (\(words)): they go on when that is mended; 'aliyunfs uploads retry' asks at once."]
    }

    /// What a person can do, a sentence each. Nothing to do is what healthy means.
    private func advice(_ health: DriveHealth, _ queue: StatusReport.Queue) -> [String] {
        var advice: [String] = []
        switch health.login {
        case .unknown, .valid: break
        case .needed(let words):
            advice.append(
                "The login is dead (\(words)): get a new refresh token and give it with --refresh-token-file; "
                    + "what is cached stays readable.")
        case .renewalFailing(let words, _):
            advice.append("The login cannot be renewed at the moment (\(words)); it is tried again.")
        }
        let failed = queue.count(.failed)
        if failed > 0 {
            advice.append(
                "\(failed) \(failed == 1 ? "change does" : "changes do") not get to the drive: 'aliyunfs uploads' says "
                    + "why and what can be done; the data is kept.")
        }
        for budget in health.budgets where budget.pausedUntil.map({ $0 > time.now() }) ?? false {
            advice.append("The drive throttles “\(budget.name)” requests: they go on by themselves.")
        }
        return advice
    }
}

extension StatusReport.Login {
    fileprivate init(_ login: DriveHealth.Login) {
        switch login {
        case .unknown: self.init(state: .unknown)
        case .valid: self.init(state: .valid)
        case .needed(let words): self.init(state: .needed, detail: words)
        case .renewalFailing(let words, _): self.init(state: .renewalFailing, detail: words)
        }
    }
}

extension StatusReport.Reads {
    fileprivate init(_ reads: ReadStatistics, limit: Int) {
        self.init(
            bytesServed: reads.bytesServed, bytesFetched: reads.bytesFetched, hits: reads.readsServedAtOnce,
            links: reads.linksAsked, retries: reads.retries, mismatches: reads.mismatches,
            memoryUsed: UInt64(reads.memoryInUse), memoryLimit: UInt64(limit))
    }
}

extension UnixTime {
    fileprivate var asDouble: Double { Double(seconds) + Double(nanoseconds) / 1e9 }
}
