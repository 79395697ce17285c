import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    @Suite struct Writing {
        /// Contract 15: two calls and one body for a small file, one call for an empty one, whatever wrote it.
        @Test func aSmallFileCostsCreateOneBodyAndComplete() async throws {
            try await Rig.with { rig in
                try await rig.mount("--upload-delay 0s")
                rig.emulator.resetCounters()
                _ = try await rig.check("echo text > mnt/a")
                try await rig.drained()
                #expect(rig.changes == ["create": 1, "part": 1, "complete": 1])
                #expect(rig.calls("get") == 0 && rig.calls("list") == 0 && rig.calls("getUploadUrl") == 0)
                rig.emulator.resetCounters()
                _ = try await rig.check(": > mnt/empty")
                try await rig.drained()
                #expect(rig.changes == ["create": 1])
                // Content that the drive knows: no body.
                rig.emulator.resetCounters()
                _ = try await rig.check("echo text > mnt/b")
                try await rig.drained()
                #expect(rig.changes == ["create": 1])
                #expect(rig.stored()["/b"]?.sha1 == rig.stored()["/a"]?.sha1)
                // Written again with the same bytes: nothing.
                rig.emulator.resetCounters()
                _ = try await rig.check("echo text > mnt/a")
                try await rig.drained()
                #expect(rig.stored()["/a"]?.size == 5)
            }
        }

        @Test func aTemporaryFileThatIsRenamedIsUploadedOnce() async throws {
            try await Rig.with(isLimited: false) { rig in
                try rig.emulator.put("/a", .text("old"))
                try await rig.mount()
                rig.emulator.resetCounters()
                _ = try await rig.check("echo new > mnt/.a.tmp; sync mnt/.a.tmp; mv mnt/.a.tmp mnt/a; cat mnt/a")
                try await rig.drained()
                #expect(rig.changes == ["create": 1, "part": 1, "complete": 1, "trash": 1])
                #expect(rig.stored()["/a"]?.size == 4 && rig.stored().count == 1)
            }
        }

        /// Another client sees at every instant a whole version under the name, at most two of them for a moment.
        @Test func aReplacementLeavesNoHoleForOthers() async throws {
            try await Rig.with(isLimited: false) { rig in
                try rig.emulator.put("/a", .synthetic(size: 100_000, modulus: 200))
                try await rig.mount("--upload-delay 0s")
                let watch = Task { () -> [String] in
                    var bad: [String] = []
                    while !Task.isCancelled {
                        let whole = rig.emulator.tree().filter { $0.path == "/a" && !$0.trashed && !$0.uploading }
                        if whole.isEmpty || whole.count > 2 { bad.append("\(whole.count) under the name") }
                        for one in whole where one.size < 100_000 { bad.append("\(one.size) bytes") }
                        await Task.yield()
                    }
                    return bad
                }
                for index in 1...8 {
                    let size = 100_000 + index
                    let write = "head -c \(size) /dev/urandom"
                    let ways = [
                        "\(write) > mnt/a", "\(write) > mnt/t && mv mnt/t mnt/a",
                        "printf \(index) | dd of=mnt/a bs=1 seek=50000 conv=notrunc status=none", "\(write) >> mnt/a",
                    ]
                    _ = try await rig.check("{ \(ways[index % 4]); }")
                    try await rig.drained()
                }
                watch.cancel()
                #expect(await watch.value == [])
                #expect(rig.stored().count == 1)
            }
        }

        /// Nothing is fetched for the write itself; what is missing comes from the drive for the upload.
        @Test func aSmallChangeOfALargeFileReturnsAtOnce() async throws {
            // The first bytes are known to the drive, so it says that it may know all of them.
            try await Rig.with(provokes: true, isLimited: false) { rig in
                try rig.emulator.put("/large", .synthetic(size: 40_000_000))
                try await rig.mount("--upload-delay 1s")
                _ = try await rig.check("""
                    printf 0123456789 | dd of=mnt/large bs=1 seek=20000000 conv=notrunc status=none
                    """)
                #expect(rig.emulator.counters["link"].bytesOut == 0)
                try await rig.drained()
                #expect(rig.stored()["/large"]?.size == 40_000_000)
                #expect(try await rig.check(
                    "dd if=mnt/large bs=10 skip=2000000 count=1 status=none").output == "0123456789")
                let shown = try await rig.check("sha1sum < mnt/large").output.prefix(40).uppercased()
                #expect(rig.stored()["/large"]?.sha1 == shown)
                #expect(rig.emulator.counters["link"].bytesOut >= 39_000_000)
            }
        }

        @Test func aCopyInsideTheMountMovesNoBytes() async throws {
            try await Rig.with(isLimited: false) { rig in
                try rig.emulator.put("/film", .synthetic(size: 30_000_000))
                try await rig.mount("--upload-delay 0s")
                rig.emulator.resetCounters()
                _ = try await rig.check("mkdir mnt/d; cp mnt/film mnt/d/copy; cp mnt/film mnt/film2")
                try await rig.drained()
                #expect(rig.calls("part") == 0 && rig.calls("link") == 0)
                let stored = rig.stored()
                #expect(stored["/d/copy"]?.sha1 == stored["/film"]?.sha1 && stored["/film2"]?.size == 30_000_000)
            }
        }

        @Test func whatIsRemovedWhileItIsOpenGoesAfterTheLastClose() async throws {
            try await Rig.with(isLimited: false) { rig in
                try rig.emulator.put("/a", .text("stored"))
                try await rig.mount("--upload-delay 0s")
                let script = """
                    exec 3<> mnt/a 4<> mnt/new; rm mnt/a mnt/new; ls -A mnt; echo more >&4; printf S >&3
                    cat /proc/self/fd/3 /proc/self/fd/4; stat -L -c %h /proc/self/fd/3
                    """
                #expect(try await rig.check(script).output == "Storedmore\n0\n")
                try await rig.drained()
                #expect(rig.stored().isEmpty)
            }
        }

        @Test func closedBytesSurviveACrashAndOpenOnesToTheLastWrite() async throws {
            try await Rig.with(provokes: true, isLimited: false) { rig in
                try rig.emulator.put("/stored", .synthetic(size: 10_000))
                try await rig.mount("--upload-delay 60s")
                _ = try await rig.check("""
                    echo closed > mnt/closed; mkdir mnt/d; mv mnt/closed mnt/d/
                    touch -d '2003-03-03 03:03:03.3' mnt/d/closed
                    printf 12345 | dd of=mnt/stored bs=1 seek=5000 conv=notrunc status=none
                    """)
                let hold = "exec 3> mnt/open; echo open >&3; touch held; while [ ! -e go ]; do sleep 0.05; done"
                async let holder = rig.sh(hold, limit: 60)
                _ = try await rig.check("while [ ! -e held ]; do sleep 0.05; done", limit: 20)
                try await rig.crash()
                _ = try await rig.check("touch go")
                _ = try await holder
                try await rig.mount("--upload-delay 0s")
                #expect(try await rig.check("cat mnt/d/closed mnt/open").output == "closed\nopen\n")
                #expect(try await rig.check("stat -c %.Y mnt/d/closed").output.hasPrefix("1046660583.3"))
                #expect(try await rig.check("head -c 5005 mnt/stored | tail -c 5").output == "12345")
                try await rig.drained()
                #expect(Set(rig.stored().keys) == ["/d", "/d/closed", "/open", "/stored"])
                try await rig.expectOnDrive("mnt", at: "")
            }
        }
    }
}
