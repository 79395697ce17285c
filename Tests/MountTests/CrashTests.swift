import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    /// The program dies at its n-th change of journal or drive, for many n, and at random moments under load. What was
    /// acknowledged is on the drive in the end, once, and whole.
    @Suite struct Crashes {
        /// Everything that has steps: each line is a change that counts as done once it returned, noted in `done`.
        private static let scenario = """
            cd mnt
            does() { local what=$1; shift; eval "$*" && echo "$what" >> ../done; }
            does new 'head -c 5000 /dev/zero > new'
            does empty ': > empty'
            does change 'echo changed > old'
            does middle 'printf XX | dd of=base bs=1 seek=1000 conv=notrunc status=none'
            does folder 'mkdir folder'
            does move 'mv moved folder/elsewhere'
            does replace 'echo better > .tmp && mv .tmp replaced'
            does over 'mv victor victim'
            does gone 'rm gone'
            does link 'ln -s new link'
            does bare 'rmdir bare'
            does pending 'echo p > pending && mv pending folder/pending2'
            sleep 1.5
            does again 'echo again > new'
            sleep 1
            """

        private static func plant(_ rig: Rig) throws {
            for name in ["old", "moved", "replaced", "victor", "victim", "gone"] {
                try rig.emulator.put("/" + name, .text("first " + name))
            }
            try rig.emulator.put("/base", .synthetic(size: 3000))
            try rig.emulator.mkdir("/bare")
        }

        /// What the drive must have by what had been acknowledged: the value of what was done, or either where the
        /// crash was in the middle of it.
        private static func verify(_ rig: Rig, _ done: [String], _ point: Int) async throws {
            let found = rig.stored(isAfterCrash: true)
            func expect(_ step: String, _ isRight: Bool) {
                guard done.contains(step) else { return }
                #expect(isRight, "point \(point): \(step) is lost; \(done), \(found.keys.sorted())")
            }
            func size(_ path: String) -> Int64? { found[path]?.size }
            // Emptied when it was opened, and no more than that.
            let isNewAgain = [0, 6].contains(size("/new"))
            expect("new", size("/new") == 5000 || isNewAgain)
            expect("again", size("/new") == 6)
            expect("empty", size("/empty") == 0)
            expect("change", size("/old") == 8)
            expect("middle", size("/base") == 3000 && found["/base"]?.sha1 == Self.changedBase)
            expect("folder", found["/folder"]?.isFolder == true)
            expect("move", size("/folder/elsewhere") == 11 && found["/moved"] == nil)
            expect("replace", size("/replaced") == 7 && found["/.tmp"] == nil)
            expect("over", size("/victim") == 12 && found["/victor"] == nil)
            expect("gone", found["/gone"] == nil)
            expect("link", found["/link"] != nil)
            expect("bare", found["/bare"] == nil)
            expect("pending", size("/folder/pending2") == 2 && found["/pending"] == nil)
            // Never half a version, whatever was acknowledged.
            let versions: [String: Set<Int64>] = [
                "/old": [0, 8, 9], "/replaced": [7, 14], "/victim": [12], "/base": [3000], "/new": [0, 5000, 6],
            ]
            for (path, sizes) in versions {
                guard let size = size(path) else {
                    #expect(path == "/new" && !done.contains("new"), "point \(point): \(path) is gone")
                    continue
                }
                #expect(sizes.contains(size), "point \(point): \(path) has \(size) bytes")
            }
        }

        /// SHA-1 of 3000 bytes i mod 251 with two X at 1000.
        private static let changedBase = "B3ACFE17CAD0A58D7BBBDF4AAB6B6EC20D89C142"

        private static func run(_ point: Int) async throws -> Int {
            var passed = 0
            // A call that a crash left without an answer may be refused when it is repeated.
            try await Rig.with(provokes: true, isLimited: false) { rig in
                rig.emulator.change { $0.asyncMs = 0 }
                try plant(rig)
                try await rig.mount("--upload-delay 0s", environment: ["STOP_ALIYUNFS_AT": "\(point)"])
                _ = try await rig.sh(scenario, limit: 60)
                if try await rig.sh("ls mnt > names").status == 0 {
                    try await rig.unmount()
                    let line = try await rig.sh("grep -o 'stop points passed: [0-9]*' log | tail -n 1")
                    passed = line.lines.first?.split(separator: " ").last.flatMap { Int($0) } ?? 0
                } else {
                    _ = try await rig.sh("fusermount3 -u -z mnt")
                }
                try await rig.mount("--upload-delay 0s")
                try await rig.drained()
                let done = try await rig.sh("cat done").lines
                try await verify(rig, done, point)
                // What the mount shows is what is there, with no names made up for twins.
                let names = Set(try await rig.check("ls -A mnt").lines)
                let top = rig.stored(isAfterCrash: true).keys.map { $0.dropFirst() }.filter { !$0.contains("/") }
                #expect(names == Set(top.map(String.init)), "point \(point)")
            }
            return passed
        }

        /// `ALIYUNFS_TEST_POINTS` sets how many of the points are tried, evenly spread (24).
        @Test func whateverItWasDoingWhenItDiedIsDoneInTheEnd() async throws {
            let all = try await Self.run(0)
            #expect(all > 60)
            let wanted = ProcessInfo.processInfo.environment["ALIYUNFS_TEST_POINTS"].flatMap { Int($0) } ?? 24
            let step = max(1, all / max(1, wanted))
            let first = Int.random(in: 1...step)
            for point in stride(from: first, through: all, by: step) { _ = try await Self.run(point) }
            print("\(all) points; tried every \(step) from \(first) on")
        }

        /// Puts new files in place and replaces one again and again, until the mount is gone; keeps what was
        /// acknowledged in `kept`, and the number of the newest version in `newest`.
        private static func witness(_ kill: Int) -> String {
            """
            mkdir -p mnt/w made kept
            (
                n=\(kill)000
                while n=$((n + 1)); do
                    echo $n $RANDOM > made/$n
                    cp made/$n mnt/w/$n && ln made/$n kept/$n || exit
                    cp made/$n mnt/w/.new && mv mnt/w/.new mnt/w/version && echo $n > newest || exit
                done
            ) 2> /dev/null & witness=$!
            """
        }

        /// After a crash, before anybody repairs anything: what the last witness was told to be safe.
        private static let testimony = """
            for f in $(cd kept && find . -newer ../mark -type f); do cmp kept/$f mnt/w/$f || exit 1; done
            newest=$(cat newest)
            # The first crash may have come before the first version.
            [ $newest = 0 ] && exit 0
            read shown rest < mnt/w/version && [ $shown -ge $newest ] || { ls -la mnt/w; echo "$newest" >&2; exit 1; }
            """

        /// `ALIYUNFS_TEST_KILLS` sets how many (20).
        @Test func killsUnderAnRsyncLoadLoseNothing() async throws {
            let kills = ProcessInfo.processInfo.environment["ALIYUNFS_TEST_KILLS"].flatMap { Int($0) } ?? 20
            try await Rig.with(provokes: true, isLimited: false) { rig in
                rig.emulator.change { $0.asyncMs = 0 }
                _ = try await rig.check("""
                    mkdir -p src/a/b src/c; for i in $(seq 60); do
                        head -c $((RANDOM * 3)) /dev/urandom > src/a/f$i; echo $i > src/a/b/g$i; echo $i > src/c/h$i
                    done; echo 0 > newest
                    """)
                for kill in 1...kills {
                    try await rig.mount("--upload-delay 0s")
                    if kill > 1 { _ = try await rig.check(Self.testimony) }
                    // Something changes each time, so that there is always something to lose.
                    _ = try await rig.sh("""
                        touch mark; for i in 1 2 3; do echo \(kill) $RANDOM > src/a/f$((RANDOM % 60 + 1)); done
                        mv src/c/h\(kill) src/a/b/m\(kill) 2> /dev/null
                        pid=$(getfattr --only-values -n user.aliyun.status mnt | grep -o '"pid":[0-9]*' | cut -d: -f2)
                        \(Self.witness(kill))
                        rsync -a --delete --exclude=/w src/ mnt/ & load=$!
                        sleep 0.$((RANDOM % 9))$((RANDOM % 10)); kill -9 $pid; wait $load; wait $witness
                        while [ -e /proc/$pid ]; do sleep 0.02; done; fusermount3 -u -z mnt
                        """, limit: 60)
                }
                try await rig.mount("--upload-delay 0s")
                _ = try await rig.check(Self.testimony)
                // Of the witness's files none may be missing; one that it was not told of may be there.
                _ = try await rig.check("""
                    mv kept src/w; rsync -a --delete --exclude=/w src/ mnt/
                    for f in $(ls -A mnt/w); do [ -e src/w/$f ] || rm mnt/w/$f; done
                    """)
                try await rig.drained()
                try await rig.expectOnDrive("src", at: "", isAfterCrash: true)
                let again = try await rig.check("rsync -a -c --delete --exclude=/w -i src/ mnt/").output
                #expect(again == "")
                print("\(kills) kills, \(try await rig.check("ls src/w | wc -l").lines[0]) files kept")
            }
        }
    }
}
