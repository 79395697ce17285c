import Basics
import Logging
import ProcessLife
import RemoteFS
import VFS

/// Lets uploads come to their end before a mount is taken away at the asking of a signal.
struct Drain: Sendable {
    let filesystem: RemoteFS
    let time: any TimeSource
    let log: Logger

    /// Returns when the drive has everything, after `limit`, or when somebody grows impatient.
    func run(atMost limit: Duration, stop: StopSignal) async {
        let (filesystem, deadline) = (filesystem, time.now() + limit)
        let count = filesystem.writing.drafts.count
        guard count > 0, limit > .zero else { return }
        log.notice("waiting for \(Self.changes(count)), for \(limit.components.seconds) s at most")
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do throws(FSError) { _ = try await filesystem.settle(.root, until: deadline) } catch { return }
            }
            group.addTask {
                do throws(CancellationError) { try await stop.reached(.hurrying) } catch { return }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Says what stays in the journal, after the mount is gone.
    func tellWhatStays() {
        let left = filesystem.writing.statuses
        guard !left.isEmpty else { return }
        let names = left.prefix(3).map { "“\($0.place.name)”" }.joined(separator: ", ")
        let more = left.count > 3 ? " and \(left.count - 3) more" : ""
        log.notice("\(Self.changes(left.count)) in the journal, to go on at the next mount: \(names)\(more)")
    }

    private static func changes(_ count: Int) -> String {
        count == 1 ? "1 unfinished change" : "\(count) unfinished changes"
    }
}
