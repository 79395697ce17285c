import Basics
import Glibc
import TestSupport
import Testing
import VFS

@testable import FuseKernel

/// A mount that may be changed.
func writable() -> FuseOptions {
    var options = FuseOptions()
    options.readOnly = false
    return options
}

@Suite(.enabled(if: hasFuseDevice, "needs /dev/fuse"), .timeLimit(.minutes(1)))
struct WritingTests {
    let fileSystem = WritableFileSystem()

    @Test func aFileIsCreatedWrittenAndRead() async throws {
        try await withMount(fileSystem, writable()) { mount in
            let read = try await calling {
                try Call.with(mount("new"), O_RDWR | O_CREAT, 0o600) { file in
                    try Call.write(file, "hello")
                    try Call.write(file, "world", at: 10)
                    return try Call.read(file, 100)
                }
            }
            #expect(read == Array("hello\0\0\0\0\0world".utf8))
            #expect(fileSystem.bytes("new") == read)
            #expect(fileSystem.node("new")?.permissions == 0o600)
            #expect(fileSystem.node("new")?.owner == Caller(userID: geteuid(), groupID: getegid()))
            #expect(mount.session.statistics.bytesWritten == 10)
            #expect(mount.session.statistics.requests[.create] == 1)
        }
    }

    @Test func theKernelAppliesTheMask() async throws {
        try await withMount(fileSystem, writable()) { mount in
            let line = "umask 027 && : >\(mount("file")) && mkdir \(mount("folder"))"
            #expect(await Child.run("sh", "-c", line).status == 0)
            #expect(fileSystem.node("file")?.permissions == 0o640)
            #expect(fileSystem.node("folder")?.permissions == 0o750)
        }
    }

    @Test func exclusiveCreationRefusesWhatIsThere() async throws {
        try await withMount(fileSystem, writable()) { mount in
            try await calling {
                try Call.with(mount("once"), O_WRONLY | O_CREAT | O_EXCL) { try Call.write($0, "first") }
            }
            await #expect(throws: CallError(EEXIST)) {
                try await calling { try Call.open(mount("once"), O_WRONLY | O_CREAT | O_EXCL) }
            }
            // Somebody else made it meanwhile, and the kernel does not know.
            #expect(await Child.run("stat", mount("behind")).status == 1)
            fileSystem.add("behind", "old")
            await #expect(throws: CallError(EEXIST)) {
                try await calling { try Call.open(mount("behind"), O_WRONLY | O_CREAT | O_EXCL) }
            }
            let read = try await calling {
                try Call.with(mount("behind"), O_RDWR | O_CREAT) { try Call.read($0, 10) }
            }
            #expect(read == Array("old".utf8))
        }
    }

    @Test func twoHandlesThatAppendTakeTurns() async throws {
        try await withMount(fileSystem, writable()) { mount in
            try await calling {
                try Call.with(mount("log"), O_WRONLY | O_CREAT | O_APPEND) { first in
                    try Call.with(mount("log"), O_WRONLY | O_APPEND) { second in
                        for turn in 0..<3 {
                            try Call.write(first, "a\(turn)")
                            try Call.write(second, "b\(turn)")
                        }
                    }
                }
            }
            #expect(fileSystem.bytes("log") == Array("a0b0a1b1a2b2".utf8))
        }
    }

    @Test func truncationComesWithOpening() async throws {
        try await withMount(fileSystem, writable()) { mount in
            let size = try await calling {
                try Call.with(mount("file"), O_WRONLY | O_CREAT) { try Call.write($0, "a long text") }
                try Call.with(mount("file"), O_WRONLY | O_TRUNC) { try Call.write($0, "short") }
                return try Call.status(mount("file")).st_size
            }
            #expect(size == 5)
            #expect(fileSystem.bytes("file") == Array("short".utf8))
            #expect(fileSystem.calls[.setAttributes] == 0)
        }
    }

    @Test func aFileIsCutAndLengthened() async throws {
        try await withMount(fileSystem, writable()) { mount in
            let read = try await calling {
                try Call.with(mount("file"), O_RDWR | O_CREAT) { file in
                    try Call.write(file, "0123456789")
                    try Call.check(ftruncate(file, 3))
                    try Call.check(ftruncate(file, 6))
                    return try Call.read(file, 100)
                }
            }
            #expect(read == Array("012\0\0\0".utf8))
            try await calling { try Call.check(truncate(mount("file"), 1)) }
            #expect(fileSystem.bytes("file") == Array("0".utf8))
            let changes = fileSystem.state.withLock { $0.changes }
            #expect(changes.map(\.size) == [3, 6, 1])
            let handles = fileSystem.state.withLock { $0.changedThrough }
            #expect(handles.map { $0 != nil } == [true, true, false])
        }
    }

    @Test(arguments: [false, true]) func aLargeWriteComesInRequestsOfOneMebibyte(isSlow: Bool) async throws {
        if isSlow { fileSystem.dally() }
        try await withMount(fileSystem, writable()) { mount in
            let bytes = pattern(4 << 20)
            try await calling {
                try Call.with(mount("large"), O_WRONLY | O_CREAT) { try Call.write($0, bytes, at: 0) }
            }
            #expect(fileSystem.written == (0..<4).map { .init(offset: Int64($0) << 20, count: 1 << 20) })
            let arrived = fileSystem.bytes("large") == bytes
            #expect(arrived)
        }
    }

    /// The bytes outlive the callback, though libfuse uses its memory for the next request at once.
    @Test func writersAtOnceDoNotDisturbEachOther() async throws {
        fileSystem.dally()
        var options = writable()
        // Fewer buffers than writers: some bytes lie elsewhere.
        options.writeBuffersMax = 2
        try await withMount(fileSystem, options) { mount in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    let bytes = pattern(2 << 20, from: number * 1000)
                    group.addTask {
                        try await calling {
                            try Call.with(mount("file-\(number)"), O_WRONLY | O_CREAT) { try Call.write($0, bytes) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            for number in 0..<8 {
                let arrived = fileSystem.bytes(FileName("file-\(number)")) == pattern(2 << 20, from: number * 1000)
                #expect(arrived, "file \(number)")
            }
            try await mount.until { mount.session.statistics.inFlight == 0 }
        }
    }

    /// Writes that wait hold their bytes; beyond the bound one is refused, and nobody else is held up.
    @Test func writesThatWaitAreBoundedAndCanBeInterrupted() async throws {
        var options = writable()
        options.writeBuffersMax = 1
        options.writeOverflowBytesMax = 1 << 20
        fileSystem.letWritesStall(true)
        try await withMount(fileSystem, options) { mount in
            let write: @Sendable (String) -> Child = { name in
                Child(["dd", "if=/dev/zero", "of=\(mount(name))", "bs=1M", "count=1"])
            }
            let waiting = [write("a"), write("b")]
            try await fileSystem.calls.wait(for: .stall, count: 2)
            #expect(await write("c").outcome().text.contains("Cannot allocate memory"))
            #expect(mount.session.statistics.refused == 1)
            #expect(await Child.run("ls", mount.path).text == "a\nb\nc\n")
            for child in waiting { child.send(SIGINT) }
            for child in waiting { _ = await child.outcome() }
            try await mount.until { mount.session.statistics.inFlight == 0 }
            #expect(mount.session.statistics.interrupted == 2)
            fileSystem.letWritesStall(false)
            #expect(await write("c").outcome().status == 0)
            #expect(fileSystem.bytes("c")?.count == 1 << 20)
        }
    }

    @Test func aSharedMappingIsWrittenBack() async throws {
        try await withMount(fileSystem, writable()) { mount in
            let read = try await calling {
                try Call.with(mount("mapped"), O_RDWR | O_CREAT) { file in
                    try Call.check(ftruncate(file, 8192))
                    let start = mmap(nil, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                    guard let start, start != MAP_FAILED else { throw CallError(errno) }
                    defer { munmap(start, 8192) }
                    start.storeBytes(of: 0x41, toByteOffset: 5000, as: UInt8.self)
                    try Call.check(msync(start, 8192, MS_SYNC))
                    return try Call.read(file, 1, at: 5000)
                }
            }
            #expect(read == [0x41])
            #expect(fileSystem.bytes("mapped")?[5000] == 0x41)
        }
    }

    @Test func whatFlushingThrowsIsTheErrorOfClose() async throws {
        try await withMount(fileSystem, writable()) { mount in
            let file = try await calling { try Call.open(mount("file"), O_WRONLY | O_CREAT) }
            fileSystem.fail(.flush, with: .quotaExceeded)
            await #expect(throws: CallError(EDQUOT)) { try await calling { try Call.close(file) } }
        }
    }

    /// A new file is told of even where nothing was written into it.
    @Test func aFileThatWasMadeOrEmptiedIsFlushed() async throws {
        fileSystem.add("old", "text")
        try await withMount(fileSystem, writable()) { mount in
            for path in [mount("new"), mount("old")] {
                let flushed = fileSystem.calls[.flush]
                try await calling { try Call.with(path, O_RDONLY | O_CREAT | O_TRUNC) { _ in } }
                #expect(fileSystem.calls[.flush] > flushed)
            }
            #expect(fileSystem.bytes("old") == [])
        }
    }

    @Test func aFileThatWasOnlyReadHasNothingToFlush() async throws {
        fileSystem.add("file", "text")
        try await withMount(fileSystem, writable()) { mount in
            #expect(await Child.run("cat", mount("file")).text == "text")
            try await fileSystem.calls.wait(for: .release, count: 1)
            #expect(fileSystem.calls[.flush] == 0)
        }
    }

    @Test func synchronizingIsPassedOn() async throws {
        try await withMount(fileSystem, writable()) { mount in
            try await calling {
                try Call.with(mount("file"), O_WRONLY | O_CREAT) { file in
                    try Call.check(fsync(file))
                    try Call.check(fdatasync(file))
                }
                try Call.with(mount.path, O_RDONLY | O_DIRECTORY) { try Call.check(fsync($0)) }
            }
            #expect(fileSystem.calls[.synchronize] == 2)
            #expect(fileSystem.calls[.synchronizeDirectory] == 1)
            fileSystem.fail(.synchronize, with: .noSpace)
            await #expect(throws: CallError(ENOSPC)) {
                try await calling { try Call.with(mount("file"), O_WRONLY) { try Call.check(fsync($0)) } }
            }
        }
    }

    @Test func whatWritingThrowsIsTheErrorOfWrite() async throws {
        try await withMount(fileSystem, writable()) { mount in
            fileSystem.fail(.write, with: .noSpace)
            await #expect(throws: CallError(ENOSPC)) {
                try await calling { try Call.with(mount("file"), O_WRONLY | O_CREAT) { try Call.write($0, "x") } }
            }
            #expect(mount.session.statistics.bytesWritten == 0)
        }
    }

    private func pattern(_ count: Int, from offset: Int = 0) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { SyntheticFileSystem.fill($0, from: Int64(offset)) }
        return bytes
    }
}
