import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    /// `.livp` files that are ordinary objects: listed as they are, looked into by name.
    @Suite struct StoredArchives {
        static let maker = """
            import os, zipfile
            os.mkdir("parts")
            for name, size, modulus in [("IMG_0001.HEIC", 300_000, 251), ("IMG_0001.MOV", 2_000_000, 241)]:
                with open("parts/" + name, "wb") as f: f.write(bytes(i % modulus for i in range(size)))
            for path, method in [("seed/IMG_0001.livp", zipfile.ZIP_STORED), ("seed/small.livp", zipfile.ZIP_DEFLATED)]:
                with zipfile.ZipFile(path, "w", method) as z:
                    for name in sorted(os.listdir("parts")): z.write("parts/" + name, name)
            """

        @Test func partsOpenByNameAndAreNotListed() async throws {
            try await Rig.with(seed: { seed in
                let script = "python3 - <<'END'\n\(Self.maker)\nEND"
                let made = await Shell.run(script, in: seed.deletingLastPathComponent())
                #expect(made.status == 0, "\(made.errors)")
            }) { rig in
                try await rig.mount("--livp both")
                #expect(try await rig.check("ls mnt").lines == ["IMG_0001.livp", "small.livp"])
                let sizes = try await rig.check("stat -c '%s %A' mnt/IMG_0001.heic mnt/IMG_0001.mov")
                #expect(sizes.lines == ["300000 -rw-r--r--", "2000000 -rw-r--r--"])
                _ = try await rig.check(
                    "cmp parts/IMG_0001.HEIC mnt/IMG_0001.heic && cmp parts/IMG_0001.MOV mnt/IMG_0001.mov")
                _ = try await rig.check("cmp seed/IMG_0001.livp mnt/IMG_0001.livp")
                // Compressed parts have no views.
                let absent = try await rig.sh("cat mnt/small.heic || cat mnt/IMG_0001.jpeg || cat mnt/none.jpeg")
                #expect(absent.status != 0 && absent.errors.contains("No such file"))
                #expect(rig.calls("getDownloadUrl") == 2)
                // Copying the folder again copies nothing, and listing shows what there was.
                let again = "rsync -a mnt/ copy/ && touch mark && rsync -ai --delete mnt/ copy/ && ls mnt copy"
                let names = ["IMG_0001.livp", "small.livp"]
                #expect(try await rig.check(again).lines == ["copy:"] + names + ["mnt:"] + names)
            }
        }
    }
}
