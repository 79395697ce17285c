import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    @Suite struct Renames {
        private static func plant(_ rig: Rig) throws {
            for name in ["a", "b", "d/in", "e/in"] { try rig.emulator.put("/" + name, .text("was " + name)) }
            try rig.emulator.mkdir("/bare")
        }

        @Test func storedObjectsKeepTheirBytesAndMoveNone() async throws {
            try await Rig.with(isLimited: false) { rig in
                try Self.plant(rig)
                try await rig.mount("--upload-delay 0s")
                let before = rig.stored()
                rig.emulator.resetCounters()
                _ = try await rig.check(
                    "cd mnt; mv a a2; mv b d/b2; mv d/in e/in2; mv d bare/; mv e e3; ls -R > ../names")
                try await rig.drained()
                #expect(rig.calls("part") == 0 && rig.calls("create") == 0)
                let after = rig.stored()
                for (old, new) in [
                    ("/a", "/a2"), ("/b", "/bare/d/b2"), ("/d/in", "/e3/in2"), ("/e/in", "/e3/in"), ("/d", "/bare/d"),
                ] {
                    #expect(after[new]?.fileId == before[old]?.fileId, "\(new)")
                }
                #expect(after.count == before.count)
                try await rig.remount()
                _ = try await rig.check("cd mnt; ls -R | diff ../names -; grep -qx 'was b' bare/d/b2")
            }
        }

        @Test func pendingFilesMoveWithoutACall() async throws {
            try await Rig.with(isLimited: false) { rig in
                try Self.plant(rig)
                try await rig.mount("--upload-delay 3s")
                rig.emulator.resetCounters()
                _ = try await rig.check("cd mnt; echo x > x; mv x y; mv y d/z; mv d/z e/z; mv e/z a")
                #expect(rig.changes == [:])
                try await rig.drained()
                #expect(rig.changes == ["create": 1, "part": 1, "complete": 1, "trash": 1])
                #expect(rig.stored()["/a"]?.size == 2 && rig.stored()["/e/z"] == nil)
            }
        }

        /// What is made in a folder, and the folder then moved or removed, is seen and gone in one place each.
        @Test func whatWasMadeHereIsNowhereTwice() async throws {
            try await Rig.with(isLimited: false) { rig in
                try await rig.mount("--upload-delay 0s")
                _ = try await rig.check("cd mnt; mkdir m n; echo f > m/f; mkdir m/g")
                try await rig.drained()
                _ = try await rig.check("""
                    cd mnt; mv m/g n/; mv m/f n/f2; [ -z "$(ls -A m)" ]; rmdir m; [ "$(ls n | tr '\\n' ' ')" = 'f2 g ' ]
                    mkdir m; mv n/g m/g; rm n/f2; rmdir n; echo again > n; rm -r m; [ "$(ls)" = n ]
                    """)
                try await rig.drained()
                #expect(Set(rig.stored().keys) == ["/n"])
                try await rig.remount()
                #expect(try await rig.check("ls mnt").lines == ["n"])
            }
        }

        @Test func targetsAreReplacedByTheRules() async throws {
            try await Rig.with(isLimited: false) { rig in
                try Self.plant(rig)
                try await rig.mount("--upload-delay 0s")
                _ = try await rig.check("""
                    cd mnt; mv -T b a; grep -qx 'was b' a; mv -T d bare; grep -qx 'was d/in' bare/in
                    ! mv -T bare e 2> ../err; grep -q 'not empty' ../err
                    ! mv -T a e 2> /dev/null; ! mv -T e a 2> /dev/null
                    mv -n a e/in; grep -qx 'was b' a; ! rmdir e 2> /dev/null
                    """)
                try await rig.drained()
                #expect(Set(rig.stored().keys) == ["/a", "/bare", "/bare/in", "/e", "/e/in"])
            }
        }

        /// A name whose old bearer is open still, or not gone yet, is free for whatever comes.
        @Test func aNameIsFreeAtOnce() async throws {
            try await Rig.with(provokes: true, isLimited: false) { rig in
                try Self.plant(rig)
                try await rig.mount("--upload-delay 0s")
                _ = try await rig.check("""
                    cd mnt; exec 3< a; rm a; mkdir a; echo x > a/x; cat <&3 | grep -qx 'was a'; exec 3<&-
                    exec 3< b; mv d/in b; cat <&3 | grep -qx 'was b'; exec 3<&-; grep -qx 'was d/in' b
                    """)
                try await rig.drained()
                #expect(Set(rig.stored().keys) == ["/a", "/a/x", "/b", "/bare", "/d", "/e", "/e/in"])
            }
        }
    }
}
