import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    @Suite struct Rsync {
        /// Odd names, old times, links, modes, nothing and much.
        private static let plant = """
            mkdir -p 'src/深 い/emoji 😀' src/empty src/many && cd src
            for i in $(seq 8); do head -c $((i * 3000)) /dev/urandom > many/f$i; done
            printf x > 'sp ace'; printf y > $'new\\nline'; printf z > '深 い/emoji 😀/~tilde~.tar.gz'; : > zero
            head -c 300000 /dev/urandom > 'large "quoted" $HOME'
            ln -s '../many/f1' '深 い/link'; ln -s nowhere dangling
            touch -d '1999-01-02 03:04:05.123456789' 'sp ace'; touch -d '2031-05-06 07:08:09.1' many/f2
            touch -h -d '2002-02-02 02:02:02.2' dangling
            chmod 600 zero; chmod 755 many/f3; chmod 2750 many; touch -d '2001-01-01 01:01:01.01' empty many .
            """

        /// The drive's limits are held, a small file costs create, one body and complete, and the copy is as good as
        /// its source: the second run finds nothing to do, now and after a remount.
        @Test func aTreeIsCopiedOnceAndForAll() async throws {
            try await Rig.with { rig in
                _ = try await rig.check(Self.plant)
                try await rig.mount()
                _ = try await rig.check("rsync -a src/ mnt/dst/")
                try await rig.drained()
                try await rig.expectOnDrive("src", at: "/dst")
                // 12 files with bytes, an empty one, two links, five folders.
                #expect(rig.changes == ["create": 20, "part": 14, "complete": 14])
                for _ in 1...2 {
                    rig.emulator.resetCounters()
                    #expect(try await rig.check("rsync -a -i src/ mnt/dst/").output == "")
                    #expect(rig.changes == [:])
                    try await rig.remount()
                }
                #expect(try await rig.check("rsync -a -c -i src/ mnt/dst/").output == "")
                #expect(rig.changes == [:])
            }
        }

        /// As large as a real project. Whatever its place in the tree, a small file costs two calls and one body.
        @Test func tenThousandFiles() async throws {
            try await Rig.with(isLimited: false) { rig in
                let tree = try SourceTree(at: rig.folder.path + "/src", files: 10_000, seed: 1)
                try await rig.mount()
                _ = try await rig.check("rsync -a src/ mnt/dst/", limit: 600)
                try await rig.drained(limit: 600)
                try await rig.expectOnDrive("src", at: "/dst")
                // The folder that it is copied into is one more.
                let bodies = tree.objects - tree.folders - tree.emptyFiles
                #expect(rig.changes == ["create": tree.objects + 1, "part": bodies, "complete": bodies])
                for _ in 1...2 {
                    rig.emulator.resetCounters()
                    #expect(try await rig.check("rsync -a -i src/ mnt/dst/", limit: 300).output == "")
                    #expect(rig.changes == [:])
                    try await rig.remount()
                }
            }
        }

        @Test func aChangedFileIsUploadedOnceWhicheverWayRsyncWrites() async throws {
            try await Rig.with(isLimited: false) { rig in
                try await rig.mount()
                _ = try await rig.check("mkdir src; head -c 400000 /dev/urandom > src/a; rsync -a src/ mnt/")
                try await rig.drained()
                for (index, how) in ["", "--inplace", "--inplace --no-whole-file", "--append"].enumerated() {
                    rig.emulator.resetCounters()
                    let change = how == "--append" ? "printf more >> src/a" : """
                        printf NEW\(index) | dd of=src/a bs=1 seek=200000 conv=notrunc status=none
                        """
                    _ = try await rig.check("\(change); rsync -a \(how) src/ mnt/; cmp src/a mnt/a")
                    try await rig.drained()
                    try await rig.expectOnDrive("src", at: "")
                    #expect(rig.changes == ["create": 1, "part": 1, "complete": 1, "trash": 1], "\(how)")
                    #expect(try await rig.check("rsync -a -i src/ mnt/").output == "")
                }
            }
        }

        @Test func whatIsGoneAtTheSourceGoesHere() async throws {
            try await Rig.with(isLimited: false) { rig in
                try await rig.mount()
                _ = try await rig.check("""
                    mkdir -p src/d/e; for i in 1 2 3; do echo $i > src/d/$i; done; echo x > src/d/e/x
                    rsync -a src/ mnt/
                    """)
                // Half of it before anything is uploaded, half after.
                _ = try await rig.check("rm src/d/1; rsync -a --delete src/ mnt/")
                try await rig.drained()
                try await rig.expectOnDrive("src", at: "")
                _ = try await rig.check("rm -r src/d/2 src/d/e; echo file > src/d/e; rsync -a --delete src/ mnt/")
                try await rig.drained()
                try await rig.expectOnDrive("src", at: "")
                #expect(try await rig.check("rsync -a --delete -i src/ mnt/").output == "")
            }
        }
    }
}
