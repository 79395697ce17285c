import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    /// Folders that are empty here and not on the drive.
    @Suite struct EmptyFolders {
        @Test func theBytesOfAMovedFileOutliveItsFolder() async throws {
            try await Rig.with(isLimited: false) { rig in
                for name in ["a/x", "b/y"] { try rig.emulator.put("/" + name, .text("was " + name)) }
                try await rig.mount("--upload-delay 60s")
                _ = try await rig.check("""
                    cd mnt; printf more >> a/x; mv a/x b/x; rmdir a; [ "$(cat b/x)" = 'was a/xmore' ]; [ "$(ls)" = b ]
                    """)
                try await rig.drained()
                #expect(Set(rig.stored().keys) == ["/b", "/b/x", "/b/y"])
                #expect(rig.stored()["/b/x"]?.size == 11)
            }
        }

        @Test func aTreeGoesWhileAFileOfItIsRead() async throws {
            try await Rig.with(isLimited: false) { rig in
                try rig.emulator.put("/a/b/c/x", .text("was x"))
                try await rig.mount("--upload-delay 0s")
                _ = try await rig.check("""
                    cd mnt; exec 3< a/b/c/x; rm -rf a; [ -z "$(ls -A)" ]; [ "$(cat <&3)" = 'was x' ]; exec 3<&-
                    """)
                try await rig.drained()
                #expect(rig.stored().isEmpty)
                try await rig.remount()
                #expect(try await rig.check("ls -A mnt").lines == [])
            }
        }

        @Test func sizesThatNoFileHasAreRefused() async throws {
            try await Rig.with(isLimited: false) { rig in
                try await rig.mount("--upload-delay 0s")
                _ = try await rig.check("""
                    cd mnt; echo x > x
                    for size in 9223372036854775807 70368744177665; do
                        truncate -s $size x 2> ../words && exit 1; grep -q 'File too large' ../words || exit 2
                        fallocate -l $size x 2> ../words && exit 3; grep -q 'File too large' ../words || exit 4
                    done
                    [ "$(cat x)" = x ]
                    """)
            }
        }
    }
}
