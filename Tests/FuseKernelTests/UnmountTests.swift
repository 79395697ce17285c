import Basics
import Glibc
import TestSupport
import Testing
import VFS

@testable import FuseKernel

@Suite(.enabled(if: hasFuseDevice, "needs /dev/fuse"), .timeLimit(.minutes(2)))
struct UnmountTests {
    @Test func anExitUnmounts() async throws {
        let (path, end) = try await withMount(SyntheticFileSystem()) { mount in mount.path }
        #expect(end == SessionEnd(cause: .exitRequested, stuckRequests: 0))
        let table = await Child.run("cat", "/proc/self/mountinfo").text
        #expect(!table.contains(path))
    }

    @Test func whoeverUnmountsEndsTheSession() async throws {
        let (_, end) = try await withMount(SyntheticFileSystem()) { mount in
            _ = await Child.run("ls", mount.path)
            #expect(await Child.run("fusermount3", "-u", mount.path).status == 0)
            let end = try await mount.session.end()
            #expect(end.cause == .unmounted)
        }
        #expect(end.cause == .unmounted)
    }

    @Test func anExitEndsAMountInUse() async throws {
        let fileSystem = SyntheticFileSystem()
        fileSystem.add("file", .bytes([1]))
        try await withMount(fileSystem) { mount in
            let holder = Child(["sh", "-c", "cd \(mount.path) && exec 3<file && exec sleep 30"])
            try await fileSystem.calls.wait(for: .open, count: 1)
            mount.session.requestExit()
            let end = try await mount.session.end()
            #expect(end == SessionEnd(cause: .exitRequested, stuckRequests: 0))
            holder.send(SIGKILL)
            _ = await holder.outcome()
        }
    }

    /// Lookups, page reads, direct reads and a notification that waits behind them, all under way when the mount
    /// goes: every process comes back with an error, and nothing is answered after the session is gone.
    @Test(arguments: 0..<20) func anExitWithRequestsUnderWayEndsThemAll(round: Int) async throws {
        let fileSystem = SyntheticFileSystem()
        for number in 0..<4 { fileSystem.add(FileName("stalling-\(number)"), .stalling(1 << 20)) }
        fileSystem.add("plain", .pattern(64 << 20))
        var options = FuseOptions()
        options.largeBuffersMax = 3
        options.clonesDescriptor = round.isMultiple(of: 2)
        let children = try await withMount(fileSystem, options) { mount in
            var children = (0..<4).map { number -> Child in
                let way = number < 2 ? "iflag=direct" : "iflag=fullblock"
                return Child(["dd", "if=\(mount("stalling-\(number)"))", "of=/dev/null", "bs=1M", way])
            }
            children += (0..<3).map { _ in Child(["stat", mount("stalled-name")]) }
            children.append(Child(["sh", "-c", "while cat \(mount("plain")) >/dev/null; do :; done; exit 1"]))
            children.append(Child(["sh", "-c", "while ls -l \(mount.path) >/dev/null; do :; done; exit 1"]))
            try await fileSystem.calls.wait(for: .stall, count: 1 + round % 3)
            for number in 0..<4 {
                fileSystem.kernel?.invalidateEntry(FileName("stalling-\(number)"), in: .root)
                fileSystem.kernel?.invalidate(InodeNumber(UInt64(2 + number)), content: true)
            }
            fileSystem.kernel?.invalidateEntry(SyntheticFileSystem.stallingName, in: .root)
            return children
        }
        for child in children.value {
            let outcome = await child.outcome()
            #expect(outcome.status != 0)
        }
        #expect(children.end == SessionEnd(cause: .exitRequested, stuckRequests: 0))
    }

    /// An operation that ignores its cancellation keeps neither the mount nor the session's end, and its late answer
    /// hurts nobody.
    @Test(arguments: [true, false]) func anOperationThatDoesNotStopIsLeftBehind(clonesDescriptor: Bool) async throws {
        let fileSystem = SyntheticFileSystem()
        var options = FuseOptions()
        options.drainTime = .milliseconds(20)
        options.clonesDescriptor = clonesDescriptor
        try await withFolder { path in
            let session = try await FuseSession.mount(
                fileSystem, at: path, options: options, time: SystemTime(), logger: silentLogger())
            let child = Child(["stat", "\(path)/stubborn-name"])
            try await fileSystem.calls.wait(for: .stall, count: 1)
            session.requestExit()
            let end = try await session.end()
            #expect(end == SessionEnd(cause: .exitRequested, stuckRequests: 1))
            #expect(await !Child.run("cat", "/proc/self/mountinfo").text.contains(path))
            fileSystem.yieldAtLast()
            #expect(await child.outcome().status == 1)
            try await fileSystem.calls.wait(for: .yield, count: 1)
            while session.statistics.inFlight > 0 { try await SystemTime().sleep(for: .milliseconds(5)) }
        }
    }

    /// The connection is cut while an answer is on its way: what it credited is taken back.
    @Test(.enabled(if: geteuid() == 0, "only root may force an unmount"), arguments: [false, true])
    func anAnswerThatNobodyGetsCreditsNobody(listing: Bool) async throws {
        let fileSystem = SyntheticFileSystem()
        for number in 0..<5 { fileSystem.add(FileName("entry-\(number)"), .bytes([])) }
        fileSystem.add(SyntheticFileSystem.stubbornName, .bytes([]))
        if listing { fileSystem.letListingsResist() }
        let (_, end) = try await withMount(fileSystem) { mount in
            let child = listing ? Child(["ls", mount.path]) : Child(["stat", mount("stubborn-name")])
            try await fileSystem.calls.wait(for: .stall, count: 1)
            _ = await Child.run("umount", "-f", mount.path)
            #expect(await child.outcome().status != 0)
            fileSystem.yieldAtLast()
            _ = try await mount.session.end()
            #expect(mount.session.statistics.repliesToNobody == 1)
        }
        #expect(end.cause == .unmounted)
        #expect(fileSystem.held.isEmpty)
    }

    @Test func droppingTheSessionUnmounts() async throws {
        try await withFolder { path in
            do {
                let session = try await FuseSession.mount(
                    SyntheticFileSystem(), at: path, time: SystemTime(), logger: quietLogger())
                _ = session.statistics
            }
            while await Child.run("cat", "/proc/self/mountinfo").text.contains(path) {
                try await SystemTime().sleep(for: .milliseconds(10))
            }
        }
    }
}
