import Basics
import Glibc
import TestSupport
import Testing
import VFS

@testable import FuseKernel

/// Names that come, go and change.
@Suite(.enabled(if: hasFuseDevice, "needs /dev/fuse"), .timeLimit(.minutes(1)))
struct ChangingTests {
    let fileSystem = WritableFileSystem()
    private static let noReplace: UInt32 = 1
    private static let exchange: UInt32 = 2

    @Test func foldersComeAndGo() async throws {
        try await withMount(fileSystem, writable()) { mount in
            try await calling {
                try Call.check(mkdir(mount("folder"), 0o750))
                try Call.with(mount("folder/file"), O_WRONLY | O_CREAT) { _ in }
            }
            #expect(fileSystem.node("folder")?.permissions == 0o750)
            #expect(await Child.run("ls", mount("folder")).text == "file\n")
            await #expect(throws: CallError(ENOTEMPTY)) { try await calling { try Call.check(rmdir(mount("folder"))) } }
            await #expect(throws: CallError(EEXIST)) { try await calling { try Call.check(mkdir(mount("folder"), 0)) } }
            try await calling {
                try Call.check(unlink(mount("folder/file")))
                try Call.check(rmdir(mount("folder")))
            }
            #expect(fileSystem.node("folder") == nil)
            #expect(await Child.run("ls", mount.path).text == "")
        }
    }

    @Test func aRemovedFileCanBeReadToItsEnd() async throws {
        try await withMount(fileSystem, writable()) { mount in
            let read = try await calling {
                try Call.with(mount("file"), O_RDWR | O_CREAT) { file in
                    try Call.write(file, "still here")
                    try Call.check(unlink(mount("file")))
                    return try Call.read(file, 100)
                }
            }
            #expect(read == Array("still here".utf8))
            #expect(fileSystem.node("file") == nil)
        }
    }

    @Test func aRenameReplacesRefusesOrExchanges() async throws {
        fileSystem.add("a", "first")
        fileSystem.add("b", "second")
        fileSystem.add("c", "third")
        try await withMount(fileSystem, writable()) { mount in
            await #expect(throws: CallError(EEXIST)) {
                try await calling { try Call.rename(mount("a"), mount("b"), flags: Self.noReplace) }
            }
            try await calling { try Call.rename(mount("a"), mount("b"), flags: Self.exchange) }
            #expect(fileSystem.bytes("a") == Array("second".utf8))
            #expect(fileSystem.bytes("b") == Array("first".utf8))
            try await calling { try Call.rename(mount("a"), mount("c"), flags: 0) }
            #expect(fileSystem.bytes("a") == nil)
            #expect(fileSystem.bytes("c") == Array("second".utf8))
            try await calling { try Call.rename(mount("c"), mount("d"), flags: Self.noReplace) }
            #expect(await Child.run("cat", mount("d"), mount("b")).text == "secondfirst")
        }
    }

    @Test func aRenameIntoAnotherFolder() async throws {
        fileSystem.add("file", "text")
        try await withMount(fileSystem, writable()) { mount in
            try await calling {
                try Call.check(mkdir(mount("folder"), 0o755))
                try Call.rename(mount("file"), mount("folder/moved"), flags: 0)
            }
            #expect(await Child.run("cat", mount("folder/moved")).text == "text")
            #expect(fileSystem.bytes("file") == nil)
        }
    }

    @Test func aSymbolicLinkIsFollowed() async throws {
        fileSystem.add("file", "text")
        try await withMount(fileSystem, writable()) { mount in
            let long = String(repeating: "x", count: 4000)
            try await calling {
                try Call.check(symlink("file", mount("link")))
                try Call.check(symlink(long, mount("long")))
            }
            #expect(await Child.run("readlink", mount("link")).text == "file\n")
            #expect(await Child.run("readlink", mount("long")).text == long + "\n")
            #expect(await Child.run("cat", mount("link")).text == "text")
        }
    }

    @Test func hardLinksAndSpecialFilesAreNotPermitted() async throws {
        fileSystem.add("file", "text")
        try await withMount(fileSystem, writable()) { mount in
            for _ in 0..<2 {
                await #expect(throws: CallError(EPERM)) {
                    try await calling { try Call.check(link(mount("file"), mount("other"))) }
                }
                await #expect(throws: CallError(EPERM)) {
                    try await calling { try Call.check(mkfifo(mount("pipe"), 0o600)) }
                }
            }
            try await calling { try Call.check(mknod(mount("plain"), S_IFREG | 0o640, 0)) }
            #expect(fileSystem.bytes("plain") == [])
            #expect(fileSystem.node("plain")?.permissions == 0o640)
        }
    }

    @Test func controlCEndsAStalledCreation() async throws {
        try await withMount(fileSystem, writable()) { mount in
            let child = Child(["touch", mount("stalled-name")])
            try await fileSystem.calls.wait(for: .stall, count: 1)
            child.send(SIGINT)
            #expect(await child.outcome().status == -SIGINT)
            try await mount.until { mount.session.statistics.inFlight == 0 }
            #expect(mount.session.statistics.interrupted == 1)
            #expect(fileSystem.openCount == 0)
            #expect(fileSystem.held.isEmpty)
        }
    }

    /// The connection is cut while a new file's answer is on its way: it is closed, and its credit taken back.
    @Test(.enabled(if: geteuid() == 0, "only root may force an unmount"))
    func aCreatedFileThatNobodyGetsIsReleased() async throws {
        let (_, end) = try await withMount(fileSystem, writable()) { mount in
            let child = Child(["touch", mount("stubborn-name")])
            try await fileSystem.calls.wait(for: .stall, count: 1)
            _ = await Child.run("umount", "-f", mount.path)
            #expect(await child.outcome().status != 0)
            fileSystem.yieldAtLast()
            _ = try await mount.session.end()
            #expect(mount.session.statistics.repliesToNobody == 1)
        }
        #expect(end.cause == .unmounted)
        #expect(fileSystem.held.isEmpty)
        #expect(fileSystem.openCount == 0)
    }

    @Test func theLedgerOfLookupsIsEmptyInTheEnd() async throws {
        try await withMount(fileSystem, writable()) { mount in
            try await calling {
                for number in 0..<20 {
                    let name = mount("file-\(number)")
                    try Call.with(name, O_WRONLY | O_CREAT | O_EXCL) { try Call.write($0, "text") }
                    try Call.with(name, O_WRONLY | O_CREAT) { _ in }
                    try Call.check(mkdir(mount("folder-\(number)"), 0o755))
                    try Call.rename(name, mount("folder-\(number)/moved"), flags: 0)
                    try Call.check(symlink("folder-\(number)/moved", mount("link-\(number)")))
                    try Call.check(mknod(mount("node-\(number)"), S_IFREG | 0o600, 0))
                    try Call.rename(mount("link-\(number)"), mount("node-\(number)"), flags: Self.exchange)
                }
            }
            _ = await Child.run("ls", "-lR", mount.path)
            _ = await Child.run("rm", "-r", "--", mount("folder-0"), mount("link-1"), mount("node-1"))
            let names = fileSystem.state.withLock { state -> [FileName] in
                guard case .folder(let children)? = state.nodes[.root]?.content else { return [] }
                return Array(children.keys)
            }
            #expect(names.count == 57)
            _ = await Child.run("sh", "-c", "rm -r -- \(mount.path)/*")
            try await mount.until { fileSystem.held.isEmpty }
        }
        #expect(fileSystem.held.isEmpty)
        #expect(fileSystem.openCount == 0)
    }
}
