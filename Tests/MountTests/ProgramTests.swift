import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    /// Ordinary programs, each with its own way of writing. What they made is compared on the drive, and used once more
    /// after a remount.
    @Suite struct Programs {
        @Test func gitClonesCommitsAndPacks() async throws {
            try await Rig.with(isLimited: false) { rig in
                let identity = "GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0=n "
                    + "GIT_CONFIG_KEY_1=user.email GIT_CONFIG_VALUE_1=a@b"
                let check = "git fsck --strict && [ -z \"$(git status --short)\" ]"
                _ = try await rig.check("""
                    export \(identity); git init -q src && cd src
                    for i in $(seq 5); do
                        mkdir -p d$i; for j in $(seq 5); do echo "$i $j" > d$i/f$j; done
                        ln -sf d$i/f1 link; git add -A; git commit -qm $i
                    done
                    """)
                try await rig.mount()
                _ = try await rig.check("""
                    export \(identity); git clone -q file://$PWD/src mnt/repo && cd mnt/repo
                    \(check); echo more >> d1/f1; git commit -qam more; branch=$(git branch --show-current)
                    git checkout -q -b b HEAD~3; git rebase -q $branch; git gc -q; \(check)
                    git mv d2 moved; git commit -qm moved; git stash list
                    """)
                try await rig.drained()
                try await rig.expectOnDrive("mnt/repo", at: "/repo")
                try await rig.remount()
                _ = try await rig.check("cd mnt/repo; \(check); [ -f moved/f1 ]")
            }
        }

        @Test(arguments: ["delete", "truncate", "persist", "wal"])
        func sqliteKeepsItsDatabase(journal: String) async throws {
            try await Rig.with(isLimited: false) { rig in
                try await rig.mount()
                _ = try await rig.check("""
                    cd mnt; sqlite3 db "PRAGMA journal_mode=\(journal); CREATE TABLE t(a INTEGER, b BLOB);
                        INSERT INTO t VALUES(1, randomblob(3000))"
                    for i in $(seq 8); do
                        sqlite3 db "BEGIN; INSERT INTO t SELECT a + 1, randomblob(3000) FROM t LIMIT 20; COMMIT"
                    done
                    sqlite3 db "BEGIN; DELETE FROM t; ROLLBACK; DELETE FROM t WHERE a = 3; VACUUM"
                    """)
                let ask = "sqlite3 db 'SELECT count(*), sum(a), sum(length(b)) FROM t; PRAGMA integrity_check'"
                let before = try await rig.check("cd mnt; \(ask)").output
                try await rig.drained()
                try await rig.expectOnDrive("mnt", at: "")
                try await rig.remount()
                #expect(try await rig.check("cd mnt; \(ask)").output == before)
                #expect(before.hasSuffix("\nok\n"))
            }
        }

        @Test func editorsReplaceWhatTheyEdit() async throws {
            try await Rig.with(isLimited: false) { rig in
                try rig.emulator.put("/a", .text("one\n"))
                try await rig.mount()
                for (word, next, options) in [
                    ("one", "two", "set nobackup"), ("two", "three", "set backupcopy=yes"),
                    ("three", "four", "set nowritebackup"), ("four", "five", "set backup"),
                ] {
                    let edit = "vim -es -u NONE -i NONE -c '\(options) backupskip=' -c '%s/\(word)/\(next)/' -c wq a"
                    #expect(try await rig.check("cd mnt; \(edit); cat a").output == next + "\n")
                    try await rig.drained()
                    let sum = try await rig.check("sha1sum < mnt/a").output.prefix(40).uppercased()
                    #expect(rig.stored()["/a"]?.sha1 == sum)
                }
                _ = try await rig.check("cd mnt; sed -i s/five/six/ a; grep -qx six a; ls -A > ../names")
                try await rig.drained()
                #expect(try await rig.check("cat names").lines == ["a", "a~"])
                #expect(Set(rig.stored().keys) == ["/a", "/a~"])
            }
        }

        @Test func archivesArePackedAndUnpacked() async throws {
            try await Rig.with(isLimited: false) { rig in
                _ = try await rig.check("""
                    mkdir -p src/a/b/c; for i in $(seq 30); do head -c $((i * 500)) /dev/urandom > src/a/f$i; done
                    cp src/a/f3 src/a/b/c; ln -s f3 src/a/l; chmod 700 src/a/f4
                    touch -d '2005-06-07 08:09:10' src/a/* src/a
                    tar cf t.tar -C src .; (cd src; zip -qry ../z.zip .)
                    """)
                try await rig.mount()
                _ = try await rig.check("""
                    cd mnt; mkdir tar zip; tar xpf ../t.tar -C tar; tar df ../t.tar -C tar
                    unzip -q ../z.zip -d zip; diff -r --no-dereference ../src zip
                    rsync -rltpi ../src/ tar/ | diff /dev/null -
                    tar cf new.tar -C tar .; tar df new.tar -C ../src; zip -qry new.zip zip; unzip -tq new.zip
                    """)
                try await rig.drained()
                try await rig.expectOnDrive("mnt", at: "")
                _ = try await rig.check(
                    "cd mnt; cp -a tar copy; rm -r zip; cp -p --preserve=all new.tar again.tar; mv tar moved")
                try await rig.drained()
                try await rig.expectOnDrive("mnt", at: "")
                try await rig.remount()
                _ = try await rig.check(
                    "tar df t.tar -C mnt/moved; tar df t.tar -C mnt/copy; cmp mnt/new.tar mnt/again.tar")
            }
        }

        /// By the programs that users have for it, once on a stored file and once on the same in an ordinary directory.
        @Test func filesAreChangedInPlace() async throws {
            try await Rig.with(isLimited: false) { rig in
                try rig.emulator.put("/stored", .synthetic(size: 300_000))
                try await rig.mount()
                let script = """
                    seq 5000 | dd of=stored bs=1000 seek=50 count=20 conv=notrunc iflag=fullblock status=none
                    truncate -s 200000 stored; truncate -s 250000 stored; fallocate -p -o 5000 -l 9000 stored
                    fallocate -l 100000 room; fallocate -z -o 70000 -l 300 stored; fallocate -n -o 250000 -l 5000 stored
                    python3 -c '
                    import mmap
                    for name in "stored", "room":
                        with open(name, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
                            memory[12345:12349] = b"here"
                            memory[-4:] = b"last"
                            assert memory.find(b"last") == len(memory) - 4
                            memory.flush()
                    '
                    """
                _ = try await rig.check("mkdir plain; cp mnt/stored plain/stored")
                for place in ["mnt", "plain"] { _ = try await rig.check("set -e; cd \(place)\n\(script)") }
                _ = try await rig.check("diff -r plain mnt; [ $(stat -c %s mnt/stored) = 250000 ]")
                try await rig.drained()
                try await rig.expectOnDrive("plain", at: "")
                try await rig.remount()
                _ = try await rig.check("diff -r plain mnt")
            }
        }

        @Test func manyProcessesAppendToOneFile() async throws {
            try await Rig.with(isLimited: false) { rig in
                try await rig.mount()
                let writers = (1...4).map { "(for i in $(seq 100); do echo \"\($0) $i\" >> mnt/log; done) & p\($0)=$!" }
                _ = try await rig.check(writers.joined(separator: "\n") + "\nwait $p1 $p2 $p3 $p4")
                #expect(try await rig.check("sort -u mnt/log | wc -l; wc -l < mnt/log").lines == ["400", "400"])
                try await rig.drained()
                try await rig.expectOnDrive("mnt", at: "")
            }
        }
    }
}
