import SystemPackage
import Testing

@testable import ProcessLife

@Suite struct MountTableTests {
    static let table = MountTable(
        mountinfo: Array(
            """
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
            30 22 0:26 / /mnt rw shared:2 - tmpfs tmpfs rw
            41 30 0:45 / /mnt/a\\040b\\134c rw,nosuid,nodev,relatime shared:9 master:3 - fuse.aliyunfs aliyunfs:work rw
            42 30 0:46 / /mnt/x ro - fuse.sshfs host: rw
            43 30 0:47 / /mnt/x ro - fuse.aliyunfs aliyunfs rw
            44 22 0:48 / /mnt/\\345\\233\\276 rw - fuse.aliyunfs aliyunfs rw
            broken line
            45 22 0:49 / /late rw -
            """.utf8))

    @Test func oursAreFoundAndUnescaped() {
        #expect(Self.table.entries.count == 6)
        #expect(Self.table.ours.map(\.mountPoint) == ["/mnt/a b\\c", "/mnt/x", "/mnt/图"])
        #expect(Self.table.ours[0].source == "aliyunfs:work")
        #expect(Self.table.ours[0].options == ["rw", "nosuid", "nodev", "relatime"])
        #expect(Self.table.ours[0].minor == 45)
    }

    @Test func theLaterOfTwoIsSeen() {
        #expect(Self.table.mount(at: "/mnt/x")?.type == "fuse.aliyunfs")
        #expect(Self.table.mount(at: "/mnt/y") == nil)
    }

    @Test func aPathFindsItsMount() {
        #expect(Self.table.mount(containing: "/mnt/x/y/z")?.minor == 47)
        #expect(Self.table.mount(containing: "/mnt/xy")?.minor == 26)
        #expect(Self.table.mount(containing: "/home")?.type == "ext4")
        #expect(Self.table.mount(containing: "/mnt/a b\\c/d")?.minor == 45)
    }

    @Test func namesThatAreNoTextSurvive() {
        let table = MountTable(
            mountinfo: Array("1 1 0:5 / /m/".utf8) + [0xff, 0xfe] + Array(" rw - fuse.aliyunfs a rw\n".utf8))
        #expect(table.ours.first?.mountPoint == FilePath(bytes: Array("/m/".utf8) + [0xff, 0xfe]))
    }

    @Test func thisProcessHasMounts() throws {
        #expect(try MountTable.current().mount(at: "/") != nil)
    }
}
