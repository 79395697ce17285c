import Testing

@testable import Settings

@Suite struct MountOptionTests {
    @Test func fstabsOwnWordsAreLetThrough() throws {
        let settings = try Asking.options(
            "rw,_netdev,nofail,x-systemd.automount,x-systemd.idle-timeout=5min,user=me,defaults,comment=a"
        ).resolved()
        #expect(settings.fuseOptions == [])
        #expect(!settings.readOnly)
    }

    @Test func fuseIsToldItsOwn() throws {
        let settings = try Asking.options("nosuid,noatime", "nodev,ro").resolved()
        #expect(settings.fuseOptions == ["nosuid", "noatime", "nodev"])
        #expect(settings.readOnly)
    }

    @Test func ourOwnWorkWithEitherKindOfLine() throws {
        let settings = try Asking.options("drive=resource,allow_other,dir-cache-time=5m,read_ahead=0").resolved()
        #expect(settings.drive == .resource)
        #expect(settings.allowOther)
        #expect(settings.dirCacheTime == .seconds(300))
        #expect(settings.readAhead == 0)
    }

    @Test func aCommaInAValueIsEscaped() throws {
        #expect(try Asking.options("link_hosts=a.org\\,b.org").resolved().linkHosts == ["a.org", "b.org"])
    }

    @Test(arguments: [
        ("allow_othr", "-o allow_othr: unknown option; did you mean allow_other?"),
        ("drive", "-o drive: a value is missing; write drive=default|resource|backup|all"),
        ("streams=0", "-o streams: '0' is not allowed; use a whole number from 1 to 10"),
        ("allow_other=maybe", "-o allow_other: 'maybe' is not allowed; use true or false"),
        ("noatime=1", "-o noatime: unknown option; 'aliyunfs help mount' lists what there is"),
    ])
    func mistakes(option: String, line: String) {
        #expect(Asking.options(option).complaint() == line)
    }

    @Test func mount8CallsItsHelper() throws {
        let invocation = try MountInvocation(["nas", "/mnt/a b", "-sv", "-o", "rw,allow_other", "-t", "aliyunfs"])
        #expect(invocation.profile == "nas")
        #expect(invocation.mountPoint == "/mnt/a b")
        #expect(invocation.options == ["rw,allow_other"])
        #expect(!invocation.isRehearsal)
        #expect(try MountInvocation(["nas", "/mnt", "-f"]).isRehearsal)
        #expect(try MountInvocation(["-oro", "nas", "/mnt"]).options == ["ro"])
    }

    @Test(arguments: [["nas"], ["nas", "/mnt", "more"], ["nas", "/mnt", "-o"], ["nas", "/mnt", "--streams"]])
    func mount8CalledWrongly(arguments: [String]) {
        #expect(throws: SettingsError.self) { try MountInvocation(arguments) }
    }
}
