import ProcessLife
import Status

/// Waits for a mount's uploads, and shows how far they are.
struct UploadWait: Sendable {
    let subject: Subject

    /// - Parameter limit: the longest to wait; nil is for as long as it takes.
    func run(atMost limit: Duration?) async throws(MountFailure) -> Inquiry.Synced {
        let line = ProgressLine()
        let watcher = Task { if line.isShown { await watch(line) } }
        let result: Result<Inquiry.Synced, MountFailure>
        do throws(MountFailure) {
            let milliseconds = limit.map { UInt64(max(0, $0 / .milliseconds(1))) }
            result = .success(
                try await OurMount.ask(
                    .sync(milliseconds: milliseconds), about: subject,
                    within: limit.map { $0 + .seconds(60) } ?? OurMount.forEver))
        } catch {
            result = .failure(error)
        }
        watcher.cancel()
        await watcher.value
        line.clear()
        return try result.get()
    }

    private func watch(_ line: ProgressLine) async {
        var pace = Pace()
        while !Task.isCancelled {
            if let queue = await OurMount.report(subject.mount)?.queue, !Task.isCancelled {
                pace.note(QueueText.left(queue), at: Composition.time.now().sinceBoot)
                line.show(QueueText.progress(queue, of: pace.most, perSecond: pace.perSecond))
            }
            do { try await Composition.time.sleep(for: .milliseconds(500)) } catch { return }
        }
    }
}

/// How fast the bytes that are left get fewer. A value.
struct Pace {
    private var samples: [(left: Int64, at: Duration)] = []
    /// The most that was ever left.
    private(set) var most: Int64 = 0

    mutating func note(_ left: Int64, at moment: Duration) {
        most = max(most, left)
        samples.append((left, moment))
        if samples.count > 20 { samples.removeFirst() }
    }

    /// nil while nothing is known, or more came than went.
    var perSecond: Double? {
        guard let first = samples.first, let last = samples.last, last.at > first.at, first.left > last.left else {
            return nil
        }
        return Double(first.left - last.left) / ((last.at - first.at) / .seconds(1))
    }
}
