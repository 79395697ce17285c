import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    @Suite struct OwnAttributes {
        /// Set on what is stored, on what waits, and on folders; there after the upload, a crash and a remount, and no
        /// byte is sent for them.
        @Test func theyLastAndCostNothing() async throws {
            try await Rig.with(provokes: true, isLimited: false) { rig in
                try rig.emulator.put("/stored", .text("s"))
                try rig.emulator.mkdir("/folder")
                try await rig.mount()
                rig.emulator.resetCounters()
                let names = "stored folder waiting"
                let look = """
                    cd mnt; stat -c '%n %a %y %X' \(names); getfattr -d -m '^user.a$' \(names)
                    readlink link; stat -c %y link
                    """
                _ = try await rig.check("""
                    cd mnt; echo w > waiting; ln -s 'where to' link; touch -h -d '2004-04-04 04:04:04.4' link
                    for n in \(names); do
                        chmod 750 $n; setfattr -n user.a -v "of $n" $n
                        touch -d '1987-06-05 04:03:02.123456789' $n; touch -a -d '1990-01-01' $n
                    done
                    """)
                let before = try await rig.check(look).output
                #expect(before.contains("stored 750 1987-06-05 04:03:02.123456789"))
                #expect(rig.changes == [:])
                try await rig.drained()
                #expect(rig.changes == ["create": 2, "part": 2, "complete": 2])
                #expect(try await rig.check(look).output == before)
                try await rig.crash()
                try await rig.mount()
                #expect(try await rig.check(look).output == before)
                try await rig.remount()
                #expect(try await rig.check(look).output == before)
                // They go along with a rename, and a new version of the file has them too but for its time.
                _ = try await rig.check("cd mnt; mv stored renamed; echo more >> renamed; getfattr -n user.a renamed")
                try await rig.drained()
                try await rig.remount()
                #expect(try await rig.check("stat -c %a mnt/renamed").output == "750\n")
                #expect(try await rig.check("getfattr --only-values -n user.a mnt/renamed").output == "of stored")
            }
        }

        @Test func theDrivesOwnAreShownAndCannotBeSet() async throws {
            try await Rig.with(isLimited: false) { rig in
                try await rig.mount("--upload-delay 1s")
                let get = "getfattr --only-values -n user.aliyun."
                _ = try await rig.check("echo x > mnt/a")
                #expect(try await rig.check("\(get)state mnt/a").output == "queued")
                #expect(try await rig.sh("\(get)sha1 mnt/a").status != 0)
                try await rig.drained()
                #expect(try await rig.check("\(get)state mnt/a").output == "clean")
                let stored = rig.stored()["/a"]
                #expect(try await rig.check("\(get)sha1 mnt/a").output.uppercased() == stored?.sha1)
                #expect(try await rig.check("\(get)file_id mnt/a").output == stored?.fileId)
                #expect(try await rig.sh("setfattr -n user.aliyun.sha1 -v x mnt/a").errors.contains("not supported"))
                #expect(try await rig.sh("setfattr -n trusted.a -v x mnt/a").status != 0)
            }
        }

        @Test func modificationTimesGoToTheDrive() async throws {
            try await Rig.with(isLimited: false) { rig in
                try await rig.mount("--upload-delay 1s")
                _ = try await rig.check("echo x > mnt/a; touch -d '2011-12-13 14:15:16.789Z' mnt/a")
                try await rig.drained()
                #expect(rig.stored()["/a"]?.localModifiedAt == "2011-12-13T14:15:16.789Z")
            }
        }

        /// A mount without the overlay says so at once, but for times.
        @Test func withoutTheOverlayTheyAreRefused() async throws {
            try await Rig.with(isLimited: false) { rig in
                try rig.emulator.put("/a", .text("s"))
                try await rig.mount("--no-overlay")
                for change in ["chmod 600 mnt/a", "setfattr -n user.a -v x mnt/a", "ln -s x mnt/l"] {
                    #expect(try await rig.sh(change).errors.contains("not permitted"), "\(change)")
                }
                _ = try await rig.check("cp --preserve=mode,timestamps mnt/a mnt/b; touch -d 2000-01-01 mnt/a")
            }
        }
    }
}
