import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    /// The commands around what the drive does not have yet.
    @Suite struct CommandWrites {
        /// Nothing is uploaded while a test looks, unless it is waited for.
        static let late = "--upload-delay 1h"
        static let slow = "--upload-delay 100ms --bwlimit-up 20K"

        static func text(_ path: String, _ rig: Rig) throws -> String {
            String(decoding: try rig.emulator.bytes(path), as: UTF8.self)
        }

        static func pid(_ rig: Rig) async throws -> String {
            try await rig.check(
                "getfattr --only-values -n user.aliyun.status mnt | grep -o '\"pid\":[0-9]*' | cut -d: -f2").lines[0]
        }

        @Test func syncWaitsForWhatWasWrittenOpenFilesIncluded() async throws {
            try await Rig.with { rig in
                try await rig.mount(Self.late)
                _ = try await rig.check(
                    "echo one > mnt/one; exec 5> mnt/open; echo part >&5; \(Rig.program) sync mnt/open")
                #expect(try Self.text("/open", rig) == "part\n")
                #expect(!rig.emulator.tree().contains { $0.path == "/one" })
                let json = try await rig.check("\(Rig.program) sync --json mnt")
                #expect(json.output.contains("\"is_complete\" : true"))
                #expect(try Self.text("/one", rig) == "one\n")
                #expect(try await rig.check("\(Rig.program) uploads list --mount mnt").output
                    .hasSuffix(": nothing waits, the drive has everything\n"))
            }
        }

        @Test func syncOfAFolderLeavesTheOthersAlone() async throws {
            try await Rig.with { rig in
                try await rig.mount(Self.late)
                _ = try await rig.check(
                    """
                    mkdir -p mnt/d/e; echo in > mnt/d/e/f; ln -s f mnt/d/l; echo out > mnt/g
                    \(Rig.program) sync mnt/d
                    """)
                #expect(try Self.text("/d/e/f", rig) == "in\n")
                #expect(!rig.emulator.tree().contains { $0.path == "/g" })
                // After a remount the kernel knows none of the folders.
                _ = try await rig.check("echo more > mnt/d/e/h; \(Rig.program) unmount --force mnt")
                try await rig.mount(Self.late)
                let list = try await rig.check("\(Rig.program) uploads list --mount mnt")
                #expect(list.output.contains("queued  d/e/h  "))
                _ = try await rig.check("\(Rig.program) sync mnt/d")
                #expect(try Self.text("/d/e/h", rig) == "more\n")
                #expect(!rig.emulator.tree().contains { $0.path == "/g" })
            }
        }

        @Test func nobodyIsHeldUpWhileASyncWaitsAndItCanBeInterrupted() async throws {
            try await Rig.with { rig in
                try await rig.mount(Self.slow)
                let script = """
                    head -c 3000000 /dev/urandom > mnt/big
                    env --default-signal \(Rig.program) sync mnt & sync=$!
                    sleep 1
                    timeout 5 sh -c 'echo x > mnt/x && mkdir mnt/d && chmod 700 mnt && mv mnt/x mnt/d/y' || exit 3
                    timeout 5 \(Rig.program) status mnt | grep 'uploading  big' > found || exit 4
                    kill -INT $sync; wait $sync
                    """
                #expect(try await rig.sh(script, limit: 30).status == 130)
            }
        }

        @Test func whatIsRefusedIsToldAndTriedAgain() async throws {
            try await Rig.with(provokes: true) { rig in
                try await rig.mount("--upload-delay 0")
                var act = FaultAction()
                (act.status, act.code, act.message) = (400, "InvalidParameter.Whatever", "not this one")
                try rig.emulator.addFaults([FaultRule(on: ["create"], act: act)])
                let sync = try await rig.sh("echo a > mnt/a; \(Rig.program) sync mnt")
                #expect(sync.status == 1)
                #expect(sync.errors.contains("not this one"))
                let status = try await rig.sh("\(Rig.program) status mnt")
                #expect(status.status == 1)
                #expect(status.output.contains("NOT WELL"))
                #expect(status.output.contains("FAILED  a"))
                let unmount = try await rig.sh("\(Rig.program) unmount mnt")
                #expect(unmount.status == 1)
                #expect(unmount.output == "1 change stays in the journal and goes on at the next mount: a\n")
                #expect(unmount.errors.contains("not this one"))
                rig.emulator.clearFaults()
                try await rig.mount("--upload-delay 0")
                let retry = try await rig.check("\(Rig.program) uploads retry --mount mnt")
                #expect(retry.output.contains("is tried again"))
                _ = try await rig.check("\(Rig.program) sync mnt && \(Rig.program) status mnt")
                #expect(try Self.text("/a", rig) == "a\n")
            }
        }

        @Test func whatIsCancelledShowsAsTheDriveHasIt() async throws {
            try await Rig.with { rig in
                try rig.emulator.put("/old", .text("0123456789"))
                try rig.emulator.put("/cut", .text("0123456789"))
                try await rig.mount(Self.late)
                _ = try await rig.check(
                    """
                    echo new > mnt/new; printf XX | dd of=mnt/old bs=1 seek=4 conv=notrunc status=none
                    cat mnt/old; echo short > mnt/cut; mv mnt/cut mnt/moved
                    """)
                _ = try await rig.check("\(Rig.program) unmount --force mnt")
                try await rig.mount(Self.late)
                #expect(try await rig.check("cat mnt/old mnt/moved").output == "0123XX6789short\n")
                let lines = try await rig.check("\(Rig.program) uploads list --mount mnt").lines.dropFirst()
                #expect(lines.count == 3)
                let ids = lines.compactMap { $0.split(separator: " ").first }.joined(separator: " ")
                let cancel = try await rig.check("\(Rig.program) uploads cancel --mount mnt \(ids)")
                let loss = "old: the unsent version of 10 B is lost; the drive's version shows again"
                #expect(cancel.output.contains(loss))
                #expect(cancel.output.contains("new: the new file of 4 B is removed; the drive has never had it"))
                _ = try await rig.check("\(Rig.program) sync mnt")
                #expect(try await rig.check("ls mnt; cat mnt/old mnt/moved").output
                    == "moved\nold\n01234567890123456789")
                #expect(rig.emulator.tree().filter { !$0.trashed }.map(\.path) == ["/moved", "/old"])
                #expect(rig.emulator.counters["create"].requests == 0)
                let gone = try await rig.sh("\(Rig.program) uploads cancel --mount mnt 999")
                #expect(gone.status == 1)
                #expect(gone.errors == "aliyunfs: 999: no such change is waiting; 'aliyunfs uploads' lists them\n")
            }
        }

        @Test func whatIsOpenIsNotCancelled() async throws {
            try await Rig.with { rig in
                try rig.emulator.put("/a", .text("0123456789"))
                try await rig.mount(Self.late)
                let outcome = try await rig.sh(
                    """
                    exec 5<> mnt/a; echo X >&5
                    id=$(\(Rig.program) uploads list --mount mnt | tail -1 | awk '{print $1}')
                    \(Rig.program) uploads cancel --mount mnt $id
                    """)
                #expect(outcome.status == 1)
                #expect(outcome.errors.contains("some program has the file open; close it first"))
                #expect(try await rig.check("cat mnt/a").output == "X\n23456789")
            }
        }

        @Test func unmountWaitsAndSaysWhatStays() async throws {
            try await Rig.with { rig in
                try await rig.mount(Self.slow)
                _ = try await rig.check("head -c 600000 /dev/urandom > mnt/big; sha1sum < mnt/big > sum")
                let outcome = try await rig.check("\(Rig.program) unmount --drain-timeout 1s mnt", limit: 20)
                #expect(outcome.output == "1 change stays in the journal and goes on at the next mount: big\n")
                #expect(outcome.errors.contains("waiting for 1 change, for 1s at most"))
                let list = try await rig.check("\(Rig.program) uploads list --state-dir state")
                #expect(list.output.contains("(not mounted): 1 change"))
                _ = try await rig.check(
                    "\(Rig.program) uploads export --state-dir state out; sha1sum < out/big | diff - sum")
                try await rig.mount("--upload-delay 0")
                #expect(try await rig.check("\(Rig.program) unmount mnt").output == "")
                let sum = try String(contentsOf: rig.folder.appendingPathComponent("sum"), encoding: .utf8)
                #expect(rig.emulator.tree().first?.sha1 == sum.prefix(40).uppercased())
            }
        }

        @Test func aMountThatIsToldToEndSendsFirst() async throws {
            try await Rig.with { rig in
                try await rig.mount("--upload-delay 1h --bwlimit-up 100K")
                _ = try await rig.check("head -c 150000 /dev/zero > mnt/a; echo b > mnt/b")
                let pid = try await Self.pid(rig)
                _ = try await rig.check(
                    """
                    kill -TERM \(pid)
                    for i in $(seq 200); do kill -0 \(pid) 2> /dev/null || exit 0; sleep 0.1; done; exit 1
                    """)
                #expect(rig.emulator.tree().map(\.size) == [150_000, 2])
            }
        }

        @Test func aSecondSignalHurries() async throws {
            try await Rig.with { rig in
                try await rig.mount(Self.slow)
                _ = try await rig.check("head -c 3000000 /dev/urandom > mnt/a")
                let pid = try await Self.pid(rig)
                _ = try await rig.check(
                    """
                    kill -TERM \(pid); sleep 1; kill -0 \(pid) || exit 2; kill -TERM \(pid)
                    for i in $(seq 100); do kill -0 \(pid) 2> /dev/null || exit 0; sleep 0.1; done; exit 1
                    """, limit: 20)
                #expect(try await rig.check("\(Rig.program) uploads list --state-dir state").output.contains("  a  "))
            }
        }

        @Test func refreshShowsWhatOthersDid() async throws {
            try await Rig.with { rig in
                try rig.emulator.put("/d/e/a", .text("1"))
                try await rig.mount("--read-only --dir-cache-time 1h")
                #expect(try await rig.check("cat mnt/d/e/a; ls mnt/d/e").output == "1a\n")
                try rig.emulator.put("/d/e/b", .text("2"))
                try rig.emulator.put("/d/c", .text("3"))
                #expect(try await rig.check("ls mnt/d mnt/d/e; echo no > mnt/x || echo refused").output
                    == "mnt/d:\ne\n\nmnt/d/e:\na\nrefused\n")
                _ = try await rig.check("\(Rig.program) refresh mnt/d")
                #expect(try await rig.check("ls mnt/d mnt/d/e").output == "mnt/d:\nc\ne\n\nmnt/d/e:\na\n")
                try rig.emulator.put("/d/e/a", .text("changed"))
                _ = try await rig.check("\(Rig.program) refresh --recursive mnt")
                #expect(try await rig.check("cat mnt/d/e/a; ls mnt/d/e").output == "changeda\nb\n")
            }
        }

        @Test func attributesAreCarriedToAnotherMachine() async throws {
            try await Rig.with { rig in
                try await rig.mount("--upload-delay 0")
                let look = "stat -c '%n %a %y' f d; readlink l; getfattr --only-values -n user.k f"
                let before = try await rig.check(
                    """
                    cd mnt; mkdir d; echo x > f; ln -s some/where l; chmod 640 f; chmod 711 d; setfattr -n user.k -v v f
                    touch -d '2001-02-03 04:05:06.123456789' f d; \(Rig.program) sync .; \(look)
                    """)
                _ = try await rig.check(
                    "\(Rig.program) unmount mnt; \(Rig.program) meta export --state-dir state > meta; mv state before")
                _ = try await rig.check("\(Rig.program) meta import --state-dir state meta")
                _ = try await rig.check("cp before/token.json state/")
                try await rig.mount()
                #expect(try await rig.check("cd mnt; \(look)").output == before.output)
                let held = try await rig.sh("\(Rig.program) meta import --state-dir state meta")
                #expect(held.status == 73)
                #expect(held.errors.contains("is in use by process"))
            }
        }

        @Test(.enabled(if: geteuid() == 0, "needs root")) func onlyTheOwnerMayAsk() async throws {
            try await Rig.with { rig in
                try await rig.mount("--allow-other")
                let outcome = try await rig.sh(
                    """
                    chmod 755 .
                    setpriv --reuid 65534 --regid 65534 --clear-groups getfattr -n user.aliyun.request.changes.0 mnt
                    """)
                #expect(outcome.errors.contains("Operation not permitted"), "\(outcome)")
            }
        }
    }
}
