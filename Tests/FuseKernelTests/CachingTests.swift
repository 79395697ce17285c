import Basics
import Glibc
import TestSupport
import Testing
import VFS

@testable import FuseKernel

/// What the kernel remembers, and what makes it forget.
@Suite(.enabled(if: hasFuseDevice, "needs /dev/fuse"), .timeLimit(.minutes(1)))
struct CachingTests {
    @Test func anAbsentNameIsRememberedForItsTime() async throws {
        let fileSystem = SyntheticFileSystem()
        try await withMount(fileSystem) { mount in
            for _ in 0..<3 {
                #expect(await Child.run("stat", mount("absent")).text.contains("No such file"))
            }
            #expect(fileSystem.calls[.lookup] == 1)
        }
    }

    @Test func anAbsentNameWithoutTimeIsAskedForAgain() async throws {
        var trust = SyntheticFileSystem.Trust()
        trust.absence = .zero
        let fileSystem = SyntheticFileSystem(trust: trust)
        try await withMount(fileSystem) { mount in
            for _ in 0..<3 { _ = await Child.run("stat", mount("absent")) }
            #expect(fileSystem.calls[.lookup] == 3)
        }
    }

    @Test func aNameThatAppearsIsSeenAfterItsInvalidation() async throws {
        let fileSystem = SyntheticFileSystem()
        try await withMount(fileSystem) { mount in
            #expect(await Child.run("stat", mount("later")).status == 1)
            fileSystem.add("later", .bytes([]))
            #expect(await Child.run("stat", mount("later")).status == 1)
            fileSystem.kernel?.invalidateEntry("later", in: .root)
            try await mount.whenNotificationsAreDelivered()
            #expect(await Child.run("stat", mount("later")).status == 0)
        }
    }

    @Test func aNameThatVanishesIsGoneAfterItsInvalidation() async throws {
        let fileSystem = SyntheticFileSystem()
        fileSystem.add("vanishing", .bytes([]))
        try await withMount(fileSystem) { mount in
            #expect(await Child.run("stat", mount("vanishing")).status == 0)
            fileSystem.remove("vanishing")
            #expect(await Child.run("stat", mount("vanishing")).status == 0)
            fileSystem.kernel?.invalidateEntry("vanishing", in: .root)
            try await mount.whenNotificationsAreDelivered()
            #expect(await Child.run("stat", mount("vanishing")).text.contains("No such file"))
            #expect(await Child.run("ls", mount.path).text == "")
        }
    }

    @Test func newContentIsReadAfterItsInvalidation() async throws {
        let fileSystem = SyntheticFileSystem()
        let inode = fileSystem.add("changing", .bytes(Array("old".utf8)))
        try await withMount(fileSystem) { mount in
            #expect(await Child.run("cat", mount("changing")).text == "old")
            fileSystem.replace(inode, with: .bytes(Array("newer".utf8)))
            #expect(await Child.run("cat", mount("changing")).text == "old")
            fileSystem.kernel?.invalidate(inode, content: true)
            try await mount.whenNotificationsAreDelivered()
            #expect(await Child.run("cat", mount("changing")).text == "newer")
        }
    }

    @Test func attributesAloneAreAskedForAgainAndPagesStay() async throws {
        let fileSystem = SyntheticFileSystem()
        let inode = fileSystem.add("touched", .pattern(4096))
        try await withMount(fileSystem) { mount in
            _ = await Child.run("cat", mount("touched"))
            let reads = fileSystem.calls[.read]
            let asked = fileSystem.calls[.attributes]
            fileSystem.kernel?.invalidate(inode, content: false)
            try await mount.whenNotificationsAreDelivered()
            _ = await Child.run("stat", mount("touched"))
            _ = await Child.run("cat", mount("touched"))
            #expect(fileSystem.calls[.attributes] == asked + 1)
            #expect(fileSystem.calls[.read] == reads)
        }
    }

    @Test func tellingWhatTheKernelDoesNotKnowIsOrdinary() async throws {
        let fileSystem = SyntheticFileSystem()
        try await withMount(fileSystem) { mount in
            _ = await Child.run("ls", mount.path)
            fileSystem.kernel?.invalidate(InodeNumber(4711), content: true)
            fileSystem.kernel?.invalidateEntry("nowhere", in: InodeNumber(4711))
            fileSystem.kernel?.invalidateEntry("sl/ash", in: .root)
            try await mount.whenNotificationsAreDelivered()
            #expect(mount.session.statistics.notifications.unknownToKernel == 2)
            #expect(mount.session.statistics.notifications.failed == 0)
        }
    }

    /// Told at once it would wait for the stalled lookup in the kernel, and everybody else in the folder behind it.
    @Test func anInvalidationBehindAStalledLookupHoldsUpNobody() async throws {
        let fileSystem = SyntheticFileSystem()
        fileSystem.add("known", .bytes([]))
        fileSystem.add("unknown", .bytes([]))
        try await withMount(fileSystem) { mount in
            #expect(await Child.run("stat", mount("known")).status == 0)
            let stalled = Child(["stat", mount("stalled-name")])
            try await fileSystem.calls.wait(for: .stall, count: 1)
            fileSystem.kernel?.invalidateEntry("known", in: .root)
            // Long enough for the bridge to have lost its patience with all but the stalled one.
            try await SystemTime().sleep(for: Patience.patience * 2)
            #expect(await Child.run("stat", mount("unknown")).status == 0)
            #expect(mount.session.statistics.notifications.waiting == 1)
            stalled.send(SIGINT)
            _ = await stalled.outcome()
            try await mount.whenNotificationsAreDelivered()
            #expect(mount.session.statistics.notifications.delivered == 1)
        }
    }

    /// The kernel gives every credit back, those of listings too, once it forgets the names.
    @Test func theLedgerOfLookupsIsEmptyInTheEnd() async throws {
        let fileSystem = SyntheticFileSystem()
        let folder = fileSystem.add("folder", .directory)
        for number in 0..<500 { fileSystem.add(FileName("entry-\(number)"), .bytes([]), in: folder) }
        try await withMount(fileSystem) { mount in
            for _ in 0..<2 { _ = await Child.run("ls", "-lR", mount.path) }
            _ = await Child.run("stat", mount("folder/entry-7"), mount("folder/absent"))
            _ = await Child.run("find", mount.path)
            #expect(fileSystem.held.count == 501)
            for number in 0..<500 {
                fileSystem.kernel?.invalidateEntry(FileName("entry-\(number)"), in: folder)
            }
            fileSystem.kernel?.invalidateEntry("folder", in: .root)
            try await mount.until { fileSystem.held.isEmpty }
        }
        #expect(fileSystem.held.isEmpty)
        #expect(fileSystem.openCount == 0)
    }
}
