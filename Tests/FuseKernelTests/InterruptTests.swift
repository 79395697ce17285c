import Basics
import Glibc
import TestSupport
import Testing
import VFS

@testable import FuseKernel

@Suite(.enabled(if: hasFuseDevice, "needs /dev/fuse"), .timeLimit(.minutes(1)))
struct InterruptTests {
    @Test func controlCEndsAStalledLookup() async throws {
        let fileSystem = SyntheticFileSystem()
        try await withMount(fileSystem) { mount in
            let child = Child(["stat", mount("stalled-name")])
            try await fileSystem.calls.wait(for: .stall, count: 1)
            child.send(SIGINT)
            #expect(await child.outcome().status == -SIGINT)
            try await mount.until { mount.session.statistics.inFlight == 0 }
            #expect(mount.session.statistics.interrupted == 1)
            // The mount goes on.
            #expect(await Child.run("ls", mount.path).status == 0)
        }
    }

    @Test func aStalledLookupHoldsUpNobodyElseInItsFolder() async throws {
        let fileSystem = SyntheticFileSystem()
        fileSystem.add("other", .bytes([]))
        try await withMount(fileSystem) { mount in
            let stalled = Child(["stat", mount("stalled-name")])
            try await fileSystem.calls.wait(for: .stall, count: 1)
            #expect(await Child.run("stat", mount("other")).status == 0)
            #expect(await Child.run("ls", mount.path).text == "other\n")
            #expect(fileSystem.calls[.stall] == 1)
            #expect(mount.session.statistics.inFlight == 1)
            stalled.send(SIGINT)
            _ = await stalled.outcome()
        }
    }

    @Test func controlCEndsAStalledDirectRead() async throws {
        let fileSystem = SyntheticFileSystem()
        fileSystem.add("stalling", .stalling(1 << 20))
        try await withMount(fileSystem) { mount in
            let child = Child(["dd", "if=\(mount("stalling"))", "of=/dev/null", "iflag=direct", "bs=1M"])
            try await fileSystem.calls.wait(for: .stall, count: 1)
            child.send(SIGINT)
            _ = await child.outcome()
            try await mount.until { mount.session.statistics.inFlight == 0 }
            #expect(mount.session.statistics.interrupted == 1)
            // Closing follows, so the file is released too.
            try await fileSystem.calls.wait(for: .release, count: 1)
        }
    }

    /// The kernel sends no interrupt for read-ahead: the process goes, the request stays until the mount ends.
    @Test func controlCEndsTheReaderOfAStalledPage() async throws {
        let fileSystem = SyntheticFileSystem()
        fileSystem.add("stalling", .stalling(1 << 20))
        let (_, end) = try await withMount(fileSystem) { mount in
            let child = Child(["cat", mount("stalling")])
            try await fileSystem.calls.wait(for: .stall, count: 1)
            child.send(SIGINT)
            #expect(await child.outcome().status == -SIGINT)
        }
        #expect(end == SessionEnd(cause: .exitRequested, stuckRequests: 0))
    }

    @Test func aReaderThatWaitsForABufferCanBeInterrupted() async throws {
        let fileSystem = SyntheticFileSystem()
        for number in 0..<2 { fileSystem.add(FileName("stalling-\(number)"), .stalling(1 << 20)) }
        var options = FuseOptions()
        options.largeBuffersMax = 1
        try await withMount(fileSystem, options) { mount in
            func reader(_ number: Int) -> Child {
                Child(["dd", "if=\(mount("stalling-\(number)"))", "of=/dev/null", "iflag=direct", "bs=1M"])
            }
            let first = reader(0)
            try await fileSystem.calls.wait(for: .stall, count: 1)
            let second = reader(1)
            try await mount.until { mount.session.statistics.readsParked == 1 }
            second.send(SIGINT)
            _ = await second.outcome()
            #expect(mount.session.statistics.readsParked == 0)
            #expect(fileSystem.calls[.stall] == 1)
            first.send(SIGINT)
            _ = await first.outcome()
        }
    }

    @Test func requestsBeyondTheBoundAreRefused() async throws {
        let fileSystem = SyntheticFileSystem()
        fileSystem.add("folder", .directory)
        var options = FuseOptions()
        options.requestsMax = 1
        try await withMount(fileSystem, options) { mount in
            let stalled = Child(["stat", mount("stalled-name")])
            try await fileSystem.calls.wait(for: .stall, count: 1)
            let refused = await Child.run("stat", mount("folder"))
            #expect(refused.text.contains("Cannot allocate memory"))
            #expect(mount.session.statistics.refused > 0)
            stalled.send(SIGINT)
            _ = await stalled.outcome()
            try await mount.until { mount.session.statistics.inFlight == 0 }
            #expect(await Child.run("stat", mount("folder")).status == 0)
        }
    }
}
