import Basics
import Glibc
import Testing
import VFS

@testable import FuseKernel

@Suite(.enabled(if: hasFuseDevice, "needs /dev/fuse"), .timeLimit(.minutes(1)))
struct ChangedAttributesTests {
    let fileSystem = WritableFileSystem()

    @Test func permissionsChange() async throws {
        fileSystem.add("file", "text")
        try await withMount(fileSystem, writable()) { mount in
            let mode = try await calling {
                try Call.check(chmod(mount("file"), 0o4751))
                return try Call.status(mount("file")).st_mode
            }
            #expect(mode == S_IFREG | 0o4751)
            #expect(fileSystem.state.withLock { $0.changes } == [AttributeChange(permissions: 0o4751)])
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files away")) func ownersChange() async throws {
        fileSystem.add("file", "text")
        try await withMount(fileSystem, writable()) { mount in
            try await calling {
                try Call.check(chown(mount("file"), 12, 34))
                try Call.check(chown(mount("file"), uid_t.max, 56))
            }
            #expect(fileSystem.node("file")?.owner == Caller(userID: 12, groupID: 56))
            let changes = fileSystem.state.withLock { $0.changes }
            #expect(changes.map(\.userID) == [12, nil])
            #expect(changes.map(\.groupID) == [34, 56])
        }
    }

    /// The kernel itself takes the set-user-ID bit from a file that changes hands.
    @Test(.enabled(if: geteuid() == 0, "only root gives files away")) func aNewOwnerLosesTheSetUserBit() async throws {
        fileSystem.add("file", "text")
        try await withMount(fileSystem, writable()) { mount in
            try await calling {
                try Call.check(chmod(mount("file"), 0o4755))
                try Call.check(chown(mount("file"), 12, gid_t.max))
            }
            #expect(fileSystem.node("file")?.permissions == 0o755)
        }
    }

    @Test func timesChangeToTheNanosecond() async throws {
        fileSystem.add("file", "text")
        try await withMount(fileSystem, writable()) { mount in
            let set: @Sendable (timespec, timespec) throws -> Void = { accessed, modified in
                try Call.check(utimensat(AT_FDCWD, mount("file"), [accessed, modified], 0))
            }
            let early = timespec(tv_sec: 1_500_000_000, tv_nsec: 987_654_321)
            let before = timespec(tv_sec: -5, tv_nsec: 1)
            let shown = try await calling {
                try set(early, before)
                try set(Call.omit, Call.now)
                try set(Call.now, Call.omit)
                try set(early, Call.omit)
                return try Call.status(mount("file"))
            }
            let at = AttributeChange.Time.at(UnixTime(seconds: 1_500_000_000, nanoseconds: 987_654_321))
            #expect(
                fileSystem.state.withLock { $0.changes } == [
                    AttributeChange(accessed: at, modified: .at(UnixTime(seconds: -5, nanoseconds: 1))),
                    AttributeChange(modified: .now), AttributeChange(accessed: .now), AttributeChange(accessed: at),
                ])
            #expect(shown.st_atim.tv_nsec == 987_654_321)
            #expect(shown.st_mtim.tv_sec == Int(WritableFileSystem.now.seconds))
            #expect(shown.st_mtim.tv_nsec == 42)
        }
    }

    @Test func extendedAttributesComeAndGo() async throws {
        fileSystem.add("file", "text")
        try await withMount(fileSystem, writable()) { mount in
            let file = mount("file")
            let (create, replace): (Int32, Int32) = (1, 2)
            let large = [UInt8](repeating: 7, count: 65_536)
            let read = try await calling {
                try Call.setAttribute(file, "user.plain", [1, 0, 2])
                try Call.setAttribute(file, "user.large", large, flags: create)
                try Call.setAttribute(file, "user.plain", [], flags: replace)
                return [try Call.attribute(file, "user.plain"), try Call.attribute(file, "user.large")]
            }
            #expect(read == [[], large])
            await #expect(throws: CallError(EEXIST)) {
                try await calling { try Call.setAttribute(file, "user.plain", [1], flags: create) }
            }
            await #expect(throws: CallError(ENODATA)) {
                try await calling { try Call.setAttribute(file, "user.absent", [1], flags: replace) }
            }
            try await calling { try Call.removeAttribute(file, "user.plain") }
            await #expect(throws: CallError(ENODATA)) { try await calling { try Call.attribute(file, "user.plain") } }
            await #expect(throws: CallError(ENODATA)) {
                try await calling { try Call.removeAttribute(file, "user.plain") }
            }
        }
    }

    @Test func aMountForReadingRefusesEveryChange() async throws {
        fileSystem.add("file", "text")
        try await withMount(fileSystem) { mount in
            for attempt: @Sendable () throws -> Void in [
                { _ = try Call.open(mount("new"), O_WRONLY | O_CREAT) }, { _ = try Call.open(mount("file"), O_WRONLY) },
                { try Call.check(mkdir(mount("new"), 0o755)) }, { try Call.check(unlink(mount("file"))) },
                { try Call.rename(mount("file"), mount("new"), flags: 0) }, { try Call.check(chmod(mount("file"), 0)) },
                { try Call.setAttribute(mount("file"), "user.a", [1]) },
            ] {
                await #expect(throws: CallError(EROFS)) { try await calling(attempt) }
            }
        }
    }
}
