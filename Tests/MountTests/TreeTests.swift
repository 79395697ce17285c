import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    @Suite struct Tree {
        /// A tree with everything that names and folders can be.
        static func plant(_ seed: URL) throws {
            func file(_ path: String, _ bytes: Int) throws {
                let url = seed.appendingPathComponent(path)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data((0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ path.utf8.count) }).write(to: url)
            }
            try file("照片/北京 的 夏天.txt", 3000)
            try file("emoji 😀👨‍👩‍👧/🎬.bin", 70_000)
            try file("nfd-e\u{301}.txt", 10)
            try file("nfc-\u{E9}.txt", 11)
            try file(String(repeating: "界", count: 85), 12)
            try file("empty-file", 0)
            try file("white space /  two  .txt", 13)
            try file("quotes ' \" ` $HOME \\ * ? [a] {b}", 14)
            try file("-starts-with-dash", 15)
            try file("new\nline", 16)
            try file("deep/1/2/3/4/5/6/7/8/9/leaf", 17)
            try FileManager.default.createDirectory(
                at: seed.appendingPathComponent("empty-folder"), withIntermediateDirectories: true)
        }

        @Test func theWholeTreeEqualsItsSource() async throws {
            try await Rig.with(seed: Self.plant) { rig in
                try await rig.mount()
                _ = try await rig.check("diff -r seed mnt")
                let names = "find . -printf '%y %p\\n' | sort"
                _ = try await rig.check("diff <(cd seed && \(names)) <(cd mnt && \(names))")
                // rsync compares sizes and times, so a copy back changes nothing.
                let changes = try await rig.check("rsync -a --no-p --no-o --no-g --omit-dir-times -in seed/ mnt/")
                #expect(changes.output == "")
                try await rig.unmount()
            }
        }

        @Test func listingsCostOneCallAFolderAndTheSecondTimeNone() async throws {
            try await Rig.with(seed: Self.plant) { rig in
                try rig.emulator.putMany("/many", count: 250)
                try await rig.mount()
                let folders = try await rig.check("find seed -type d | wc -l").lines[0]
                let count = try #require(Int(folders.trimmingCharacters(in: .whitespaces)))
                _ = try await rig.check("ls -lR mnt > first")
                // The seed's folders (its root is the drive's root), `many`, and two more pages of it.
                #expect(rig.calls("list") == count + 1 + 2)
                _ = try await rig.check("ls -lR mnt > second && cmp first second")
                #expect(rig.calls("list") == count + 1 + 2)
                #expect(rig.calls("getDownloadUrl") == 0 && rig.calls("get") == 0 && rig.calls("batch_get") == 0)
            }
        }

        @Test func tenThousandEntriesInOneFolder() async throws {
            try await Rig.with { rig in
                try rig.emulator.putMany("/big", count: 10_000)
                try await rig.mount()
                let names = try await rig.check("ls -U mnt/big | sort -u | wc -l")
                #expect(names.lines == ["10000"])
                #expect(rig.calls("list") == 1 + 100)
                let stats = try await rig.check("stat -c %s mnt/big/file-0000 mnt/big/file-9999")
                #expect(stats.lines == ["0", "0"])
                #expect(rig.calls("list") == 1 + 100)
            }
        }

        @Test func duplicatesAreAllReachable() async throws {
            try await Rig.with { rig in
                for text in ["one", "two", "three"] {
                    try rig.emulator.put("/d/same.txt", .text(text), duplicate: true)
                }
                try await rig.mount()
                let names = try await rig.check("ls mnt/d").lines
                #expect(names.count == 3 && names.contains("same.txt"))
                #expect(names.allSatisfy { $0 == "same.txt" || ($0.hasPrefix("same~") && $0.hasSuffix(".txt")) })
                let contents = try await rig.check("cat mnt/d/*; echo")
                #expect(contents.output.trimmingCharacters(in: .whitespacesAndNewlines).count == "onetwothree".count)
                for text in ["one", "two", "three"] { #expect(contents.output.contains(text)) }
                let first = try await rig.check("ls mnt/d; cat mnt/d/same.txt")
                try await rig.unmount()
                try await rig.mount()
                #expect(try await rig.check("ls mnt/d; cat mnt/d/same.txt").output == first.output)
            }
        }

        @Test func aNameLinuxCannotHoldIsShownAndTold() async throws {
            try await Rig.with { rig in
                try rig.emulator.put("/plain", .text("slash"))
                try rig.emulator.setName("/plain", to: "a/b")
                try rig.emulator.put("/other", .text("dots"))
                try rig.emulator.setName("/other", to: "..")
                try rig.emulator.put("/long", .text("long"))
                try rig.emulator.setName("/long", to: String(repeating: "x", count: 400) + ".txt")
                try await rig.mount()
                #expect(try await rig.check("cat mnt/a／b").output == "slash")
                #expect(try await rig.check("cat mnt/．．").output == "dots")
                #expect(try await rig.check("cat mnt/xxx*~*.txt").output == "long")
                let told = try await rig.check("getfattr --only-values -n user.aliyun.name mnt/a／b")
                #expect(told.output == "a/b")
                #expect(try await rig.check("getfattr -d mnt/a／b").output.contains("user.aliyun.state=\"clean\""))
            }
        }

        @Test func allDrivesAndAFolderOfOne() async throws {
            try await Rig.with { rig in
                let addresses = rig.emulator.addresses
                try rig.emulator.put("/a", .text("default"))
                try rig.emulator.put("/x y/照片/b", .text("resource"), drive: addresses.resourceDriveId)
                try await rig.mount("--drive all")
                #expect(try await rig.check("ls mnt").lines == ["backup", "default", "resource"])
                #expect(try await rig.check("cat mnt/default/a 'mnt/resource/x y/照片/b'").output == "defaultresource")
                try await rig.unmount()
                try await rig.mount("--drive resource --root-path '/x y/照片'")
                #expect(try await rig.check("ls mnt; cat mnt/b").output == "b\nresource")
            }
        }

        @Test func livePhotosOpenAsPicturesMoviesAndArchives() async throws {
            try await Rig.with { rig in
                let parts: [(fileExtension: String, spec: FileSpec)] = [
                    ("jpeg", .synthetic(size: 300_000)), ("mov", .synthetic(size: 2_000_000, modulus: 241)),
                ]
                try rig.emulator.putLivePhoto("/IMG_0001.livp", parts: parts)
                for (mode, expected) in [
                    ("jpeg", "300000 IMG_0001.jpeg"), ("mov", "2000000 IMG_0001.mov"),
                    ("both", "300000 IMG_0001.jpeg\n2000000 IMG_0001.mov"),
                ] {
                    try await rig.mount("--livp \(mode)")
                    let sizes = try await rig.check("cd mnt && for f in *; do echo $(wc -c < $f) $f; done")
                    #expect(sizes.output == expected + "\n")
                    try await rig.unmount()
                }
                try await rig.mount("--livp zip")
                _ = try await rig.check("unzip -tq mnt/IMG_0001.livp && unzip -q mnt/IMG_0001.livp -d out")
                #expect(try await rig.check("stat -c %s out/*").lines == ["300000", "2000000"])
            }
        }
    }
}
