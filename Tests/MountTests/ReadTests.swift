import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    @Suite struct Reading {
        static let sizes: [Int64] = [0, 1, 4095, 4096, 4097, 131_072, 1_048_577, 20_000_000]

        @Test func filesOfAllSizesReadWholeCostOneLinkEach() async throws {
            try await Rig.with { rig in
                for size in Self.sizes { try rig.emulator.put("/f/\(size)", .synthetic(size: size)) }
                try await rig.mount()
                let sums = try await rig.check("cd mnt/f && sha1sum *").lines
                let stored = Dictionary(
                    uniqueKeysWithValues: rig.emulator.tree().filter { !$0.isFolder }.map { ($0.path, $0.sha1) })
                #expect(sums.count == Self.sizes.count)
                for line in sums {
                    let parts = line.split(separator: " ").map(String.init)
                    #expect(stored["/f/" + parts[1]] == parts[0].uppercased())
                }
                // An empty file needs none.
                #expect(rig.calls("getDownloadUrl") == Self.sizes.count - 1)
            }
        }

        /// 300 MB by eight readers at once, each in its own manner; all must see the same bytes.
        @Test func eightReadersOfOneLargeFile() async throws {
            try await Rig.with { rig in
                try rig.emulator.put("/large", .synthetic(size: 300_000_000))
                try await rig.mount()
                try Data(Self.reader.utf8).write(to: rig.folder.appendingPathComponent("reader.py"))
                let script = """
                    for n in 1 2 3; do sha1sum mnt/large > sum$n & done
                    for n in 4 5; do python3 reader.py backwards > sum$n & done
                    for n in 6 7 8; do python3 reader.py random $n > sum$n & done
                    for job in $(jobs -p); do wait $job || exit 1; done
                    cut -d' ' -f1 sum1 sum2 sum3 | sort -u
                    cat sum4 sum5 sum6 sum7 sum8 | sort -u
                    """
                let lines = try await rig.check(script, limit: 300).lines
                let sha1 = rig.emulator.tree().first { $0.path == "/large" }?.sha1
                #expect(lines == [sha1?.lowercased(), "right"])
                #expect(rig.calls("getDownloadUrl") == 1)
                #expect(rig.emulator.counters.mostOpenBodies <= 3)
            }
        }

        /// Compares with the known content: byte i is i mod 251.
        static let reader = """
            import os, random, sys
            size = 300_000_000
            pattern = bytes(i % 251 for i in range(251 * 4400))
            f = os.open("mnt/large", os.O_RDONLY)
            def check(at, n):
                n = min(n, size - at)
                got = os.pread(f, n, at)
                while len(got) < n: 
                    more = os.pread(f, n - len(got), at + len(got))
                    assert more, "short"
                    got += more
                assert got == pattern[at % 251 : at % 251 + n], "wrong bytes at %d" % at
            if sys.argv[1] == "backwards":
                at = size
                while at > 0:
                    n = min(1_000_000, at)
                    at -= n
                    check(at, n)
                    if at < size - 60_000_000: break
            else:
                random.seed(sys.argv[2])
                for _ in range(150): check(random.randrange(size), random.choice([1, 4096, 70_000, 1_000_000]))
            assert os.pread(f, 10, size) == b""
            print("right")
            """

        @Test func aFilmIsUnderstoodByMediaTools() async throws {
            try await Rig.with(seed: { seed in
                let film = "ffmpeg -v error -f lavfi -i testsrc=duration=2:size=320x240:rate=10 film.mp4"
                let made = await Shell.run(film, in: seed)
                #expect(made.status == 0, "\(made.errors)")
            }) { rig in
                try await rig.mount()
                let probe = try await rig.check(
                    "ffprobe -v error -show_entries stream=width,height -of csv=p=0 mnt/film.mp4")
                #expect(probe.output == "320,240\n")
            }
        }

        @Test func whatWasReadStaysInMemoryUnderAnyName() async throws {
            try await Rig.with { rig in
                try rig.emulator.put("/a", .synthetic(size: 3_000_000))
                try await rig.mount("--dir-cache-time 1s")
                _ = try await rig.check("cat mnt/a > one")
                try rig.emulator.move("/a", to: "/d/b")
                _ = try await rig.check("while ! cat mnt/d/b > two; do sleep 0.2; done; cmp one two", limit: 20)
                #expect(rig.emulator.counters["link"].bytesOut == 3_000_000)
            }
        }

        @Test func writingIsRefusedPlainly() async throws {
            try await Rig.with { rig in
                try rig.emulator.put("/a", .text("x"))
                try await rig.mount("--read-only")
                for command in ["touch mnt/new", "echo y >> mnt/a", "rm mnt/a", "mkdir mnt/d", "mv mnt/a mnt/b"] {
                    let outcome = try await rig.sh(command)
                    #expect(outcome.status != 0 && outcome.errors.contains("Read-only file system"), "\(command)")
                }
                #expect(try await rig.check("cat mnt/a").output == "x")
            }
        }
    }
}
