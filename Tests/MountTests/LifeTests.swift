import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    /// What happens to a mount: changes behind its back, networks that go, processes that die.
    @Suite struct Life {
        @Test func aFileReplacedBehindTheMountIsNeverMixed() async throws {
            try await Rig.with(provokes: true) { rig in
                try rig.emulator.put("/a", .synthetic(size: 40_000_000, modulus: 251))
                let old = rig.emulator.tree().first { $0.path == "/a" }?.sha1
                try await rig.mount("--dir-cache-time 1s --read-ahead 1M --memory 8M")
                // Half of the old one, then it is replaced, then the rest: the old bytes or an error, nothing else.
                let script = """
                    exec 3< mnt/a; head -c 10000000 <&3 > half; touch ready
                    while [ ! -e go ]; do sleep 0.1; done
                    cat <&3 > rest; echo "status $?"
                    """
                async let reader = rig.sh(script, limit: 60)
                _ = try await rig.check("while [ ! -e ready ]; do sleep 0.1; done", limit: 30)
                try rig.emulator.put("/a", .synthetic(size: 20_000_000, modulus: 241))
                rig.emulator.expireLinks()
                _ = try await rig.check("touch go")
                let outcome = try await reader
                if outcome.output.contains("status 0") {
                    let whole = try await rig.check("cat half rest | sha1sum").output
                    #expect(whole.prefix(40).uppercased() == old)
                }
                let sum = try await rig.check(
                    "for i in 1 2 3 4 5 6; do sha1sum mnt/a && exit 0; sleep 1; done; exit 1").lines.last
                #expect(sum?.prefix(40).uppercased() == rig.emulator.tree().first { $0.path == "/a" }?.sha1)
            }
        }

        @Test func whatIsRemovedBehindTheMountGoesAwayInTime() async throws {
            try await Rig.with { rig in
                try rig.emulator.put("/d/a", .text("x"))
                try await rig.mount("--dir-cache-time 1s")
                #expect(try await rig.check("ls mnt/d").lines == ["a"])
                try rig.emulator.delete("/d/a")
                try rig.emulator.put("/d/b", .text("y"))
                let isSeen = "[ \"$(ls mnt/d)\" = b ] && exit 0"
                _ = try await rig.check("for i in $(seq 50); do \(isSeen); sleep 0.2; done; exit 1")
                #expect(try await rig.sh("stat mnt/d/a").status == 1)
                #expect(try await rig.check("cat mnt/d/b").output == "y")
            }
        }

        @Test func aStalledReadCanBeInterrupted() async throws {
            try await Rig.with(provokes: true) { rig in
                try rig.emulator.put("/a", .synthetic(size: 8_000_000))
                try await rig.mount()
                var act = FaultAction()
                (act.stallAfter, act.stallMs) = (0, 300_000)
                try rig.emulator.addFaults([FaultRule(on: ["link"], act: act)])
                // Direct reads deliver the signal at once; 124 is the limit's, 130 the interrupt's.
                let script = """
                    timeout -s INT -k 20 1 dd if=mnt/a of=/dev/null bs=1M iflag=direct 2> /dev/null
                    [ $? -ne 137 ] && echo interrupted
                    """
                #expect(try await rig.check(script, limit: 40).lines == ["interrupted"])
                rig.emulator.clearFaults()
                #expect(try await rig.check("wc -c < mnt/a", limit: 60).lines == ["8000000"])
            }
        }

        @Test func aStalledListingCanBeInterrupted() async throws {
            try await Rig.with(provokes: true) { rig in
                try rig.emulator.put("/d/a", .text("x"))
                try await rig.mount()
                var act = FaultAction()
                act.delayMs = 300_000
                try rig.emulator.addFaults([FaultRule(on: ["list"], times: 1, act: act)])
                let script = "timeout -s INT -k 20 1 ls mnt/d; [ $? -ne 137 ] && echo interrupted"
                #expect(try await rig.check(script, limit: 40).lines == ["interrupted"])
            }
        }

        @Test func theNetworkGoesAndComesBack() async throws {
            try await Rig.with(provokes: true) { rig in
                try rig.emulator.put("/a", .text("cached"))
                try rig.emulator.put("/d/b", .text("later"))
                try await rig.mount("--dir-cache-time 1s --timeout 5s")
                _ = try await rig.check("cat mnt/a; ls mnt/d")
                try await rig.emulator.setNetwork(.refused)
                // Listed folders and bytes in memory stay; the rest fails within the timeout.
                let offline = try await rig.check("sleep 1.2; ls mnt mnt/d; cat mnt/a", limit: 30)
                #expect(offline.output.hasSuffix("cached"))
                let failed = try await rig.sh("cat mnt/d/b", limit: 30)
                #expect(failed.status == 1, "\(failed)")
                try await rig.emulator.setNetwork(.up)
                let back = "for i in $(seq 60); do cat mnt/d/b && exit 0; sleep 0.5; done; exit 1"
                #expect(try await rig.check(back, limit: 60).output == "later")
            }
        }

        @Test func aSilentNetworkFailsWithinTheTimeout() async throws {
            try await Rig.with(provokes: true) { rig in
                try rig.emulator.put("/d/b", .text("later"))
                try await rig.mount("--timeout 3s")
                try await rig.emulator.setNetwork(.hanging)
                let failed = try await rig.sh("ls mnt/d", limit: 40)
                #expect(failed.status == 2 && !failed.errors.isEmpty, "\(failed)")
                try await rig.emulator.setNetwork(.up)
                let back = "for i in $(seq 60); do ls mnt/d && exit 0; sleep 0.5; done; exit 1"
                #expect(try await rig.check(back, limit: 60).output == "b\n")
            }
        }

        @Test func aRemountAnswersFromTheDatabaseEvenOffline() async throws {
            try await Rig.with(provokes: true) { rig in
                try rig.emulator.put("/d/a", .text("x"))
                try await rig.mount()
                let before = try await rig.check("find mnt -printf '%i %s %T@ %p\\n'").output
                try await rig.unmount()
                try await rig.emulator.setNetwork(.refused)
                try await rig.mount("--timeout 3s")
                #expect(try await rig.check("find mnt -mindepth 1 -printf '%i %s %T@ %p\\n'", limit: 30).lines
                    == before.split(separator: "\n").dropFirst().map(String.init))
                try await rig.emulator.setNetwork(.up)
            }
        }

        @Test func afterAKillTheDeadMountIsClearedAndServedAgain() async throws {
            try await Rig.with { rig in
                try rig.emulator.put("/a", .text("x"))
                try await rig.mount()
                let pid = try await rig.check(
                    "getfattr --only-values -n user.aliyun.status mnt | grep -o '\"pid\":[0-9]*' | cut -d: -f2")
                _ = try await rig.check("cat mnt/a; kill -9 \(pid.lines[0])")
                #expect(try await rig.sh("sleep 1; ls mnt").status != 0)
                try await rig.mount()
                #expect(try await rig.check("cat mnt/a").output == "x")
            }
        }

        @Test func theBackgroundHoldsNothingOfWhoStartedIt() async throws {
            try await Rig.with { rig in
                // The pipe ends only when nobody has its other end any more, under whatever number.
                let script = "{ \(Rig.program) mount \(rig.options) mnt 7>&1 8>&2; } 2>&1 | cat; echo ended"
                let outcome = try await rig.sh(
                    script, limit: 30, environment: ["ALIYUNFS_REFRESH_TOKEN": rig.emulator.addresses.refreshToken])
                #expect(outcome.output == "ended\n", "\(outcome)")
                #expect(try await rig.sh("mountpoint -q mnt").status == 0)
            }
        }

        /// The drive checks every second of both together (`Rig.tearDown`).
        @Test func twoMountsOfOneAccountShareTheLimits() async throws {
            try await Rig.with { rig in
                for index in 0..<14 { try rig.emulator.put("/d\(index)/f", .synthetic(size: 500_000)) }
                try await rig.mount()
                let second = try await rig.sh(
                    "mkdir other && \(Rig.program) mount \(rig.options) --state-dir state2 other",
                    environment: ["ALIYUNFS_REFRESH_TOKEN": rig.emulator.issueTokens().refresh])
                #expect(second.status == 0, "\(second)")
                let script = """
                    for m in mnt other; do (ls -lR $m > list.$m; cat $m/d1/f $m/d2/f $m/d3/f | sha1sum > sum.$m) & done
                    for job in $(jobs -p); do wait $job || exit 1; done
                    cmp sum.mnt sum.other
                    """
                _ = try await rig.check(script)
                #expect(rig.calls("list") == 2 * 15)
                _ = try await rig.check("\(Rig.program) unmount other")
            }
        }

        @Test func aSecondMountOfOneStateIsRefusedAndSaysWhoHoldsIt() async throws {
            try await Rig.with { rig in
                try await rig.mount()
                let second = try await rig.sh(
                    "mkdir other && \(Rig.program) mount \(rig.options) other",
                    environment: ["ALIYUNFS_REFRESH_TOKEN": rig.emulator.addresses.refreshToken])
                #expect(second.status == 73 && second.errors.contains("mnt"), "\(second)")
            }
        }

        @Test func theForegroundEndsByASignalAndUnmounts() async throws {
            try await Rig.with { rig in
                try rig.emulator.put("/a", .text("x"))
                let script = """
                    \(Rig.program) mount --foreground \(rig.options) mnt & pid=$!
                    for i in $(seq 100); do [ -e mnt/a ] && break; sleep 0.1; done
                    cat mnt/a; kill -TERM $pid; wait $pid; echo " status $?"; ls mnt | wc -l
                    """
                let outcome = try await rig.sh(
                    script, environment: ["ALIYUNFS_REFRESH_TOKEN": rig.emulator.addresses.refreshToken])
                #expect(outcome.output == "x status 0\n0\n", "\(outcome)")
            }
        }
    }
}
