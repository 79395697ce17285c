import SystemPackage
import Testing

@testable import Settings

@Suite struct PrecedenceTests {
    static let file = """
        streams = 2
        livp = "mov"
        memory = "256M"
        [default]
        streams = 4
        dir-cache-time = "5m"
        [work]
        streams = 9
        """

    @Test func defaultsAreThoseOfTheTable() throws {
        let settings = try Asking().resolved()
        #expect(settings.profile == "default")
        #expect(settings.mountPoint == "/somewhere/mnt")
        #expect(settings.stateDir == "/home/me/.local/state/aliyunfs/default")
        #expect(settings.apiURL == "https://openapi.alipan.com")
        #expect(settings.renewURL == "https://api.oplist.org/alicloud/renewapi")
        #expect(settings.renewDriver == .qr)
        #expect(settings.drive == .standard)
        #expect(settings.rootFolderID == "root")
        #expect(settings.livp == .jpeg)
        #expect(settings.streams == 3)
        #expect([settings.rateList, settings.rateLink, settings.rateOther] == [4, 1, 15])
        #expect(settings.bwlimitDown == nil)
        #expect(settings.memory == 128 << 20)
        #expect(settings.readAhead == 64 << 20)
        #expect(settings.dirCacheTime == .seconds(60))
        #expect(settings.timeout == .seconds(60))
        #expect(settings.fileMode == 0o644)
        #expect(settings.dirMode == 0o755)
        #expect(settings.logLevel == .info)
    }

    /// The one variable that is not ours alone.
    @Test(arguments: [
        ("/etc/roots.pem", "/etc/roots.pem"), ("roots.pem", "/somewhere/roots.pem"), ("~/r", "/home/me/r"), ("", nil),
    ])
    func rootsToTrust(text: String, path: FilePath?) throws {
        #expect(try Asking.environment("SSL_CERT_FILE", text).resolved().trustedRoots == path)
        #expect(try Asking().resolved().trustedRoots == nil)
    }

    @Test func defaultsOfWriting() throws {
        let settings = try Asking().resolved()
        #expect(settings.removal == .trash)
        #expect(settings.rapidUpload == .on)
        #expect(![settings.readOnly, settings.internalUpload, settings.writeThrough, settings.noOverlay].contains(true))
        #expect(settings.uploadDelay == .seconds(2))
        #expect(settings.uploads == 3)
        #expect(settings.bwlimitUp == nil)
        #expect(settings.spoolSize == nil)
        #expect(settings.cacheMinFree == 1 << 30)
        #expect(settings.drainTimeout == .seconds(300))
    }

    @Test func writingIsSetFromEverySource() throws {
        let file = """
            remove = "delete"
            rapid-upload = "off"
            write-through = true
            cache-min-free = "512M"
            bwlimit-up = "off"
            """
        try withConfiguration(file) { (asking, _) throws in
            var asking = asking
            asking.surroundings.environment = [
                "ALIYUNFS_UPLOAD_DELAY": "0", "ALIYUNFS_NO_OVERLAY": "yes", "ALIYUNFS_SPOOL_SIZE": "20G",
            ]
            asking.request.mountOptions = ["uploads=8,drain_timeout=30s,internal_upload"]
            asking.request.flags = ["bwlimit-up": .word("2M"), "read-only": .truth(true)]
            let settings = try asking.resolved()
            #expect(settings.removal == .delete)
            #expect(settings.rapidUpload == .off)
            #expect(settings.writeThrough && settings.noOverlay && settings.internalUpload && settings.readOnly)
            #expect(settings.cacheMinFree == 512 << 20)
            #expect(settings.uploadDelay == .zero)
            #expect(settings.spoolSize == 20 << 30)
            #expect(settings.uploads == 8)
            #expect(settings.drainTimeout == .seconds(30))
            #expect(settings.bwlimitUp == 2 << 20)
        }
    }

    @Test func everyStrongerSourceWins() throws {
        try withConfiguration(Self.file) { (asking, _) throws in
            var asking = asking
            #expect(try asking.resolved().streams == 4)
            #expect(try asking.resolved().livp == .mov)
            #expect(try asking.resolved().dirCacheTime == .seconds(300))
            asking.surroundings.environment["ALIYUNFS_STREAMS"] = "5"
            #expect(try asking.resolved().streams == 5)
            asking.request.mountOptions = ["streams=6"]
            #expect(try asking.resolved().streams == 6)
            asking.request.flags["streams"] = .word("7")
            #expect(try asking.resolved().streams == 7)
            #expect(try asking.resolved().memory == 256 << 20)
        }
    }

    @Test func aProfileTakesItsOwnTable() throws {
        try withConfiguration(Self.file) { (asking, _) throws in
            var asking = asking
            asking.request.profile = "work"
            #expect(try asking.resolved().streams == 9)
            #expect(try asking.resolved().stateDir == "/home/me/.local/state/aliyunfs/work")
            asking.request.profile = "unheard-of"
            #expect(try asking.resolved().streams == 2)
        }
    }

    @Test func theEnvironmentNamesProfileAndFile() throws {
        try withConfiguration(Self.file) { (asking, path) throws in
            var asking = asking
            asking.request.configurationFile = nil
            asking.surroundings.environment = ["ALIYUNFS_CONFIG": path, "ALIYUNFS_PROFILE": "work"]
            #expect(try asking.resolved().streams == 9)
        }
    }

    @Test func aFlagTakesBackWhatTheEnvironmentTurnedOn() throws {
        var asking = Asking.environment("ALIYUNFS_ALLOW_OTHER", "yes")
        #expect(try asking.resolved().allowOther)
        asking.request.flags["allow-other"] = .truth(false)
        #expect(try !asking.resolved().allowOther)
    }

    @Test func anEmptyVariableIsNotSet() throws {
        #expect(try Asking.environment("ALIYUNFS_STREAMS", "").resolved().streams == 3)
    }

    @Test func rootKeepsItsStateInVar() throws {
        var asking = Asking()
        asking.surroundings.isRoot = true
        asking.request.profile = "nas"
        #expect(try asking.resolved().stateDir == "/var/lib/aliyunfs/nas")
    }

    @Test func xdgVariablesMoveTheState() throws {
        #expect(
            try Asking.environment("XDG_STATE_HOME", "/var/x").resolved().stateDir == "/var/x/aliyunfs/default")
        // The XDG specification: a relative path counts as not set.
        #expect(
            try Asking.environment("XDG_STATE_HOME", "x").resolved().stateDir
                == "/home/me/.local/state/aliyunfs/default")
    }

    @Test func pathsFromWordsStartWhereTheUserStands() throws {
        #expect(try Asking.flag("log-file", "../log").resolved().logFile == "/log")
        #expect(try Asking.flag("log-file", "~/log").resolved().logFile == "/home/me/log")
    }

    @Test func theUmaskShapesModesThatAreNotGiven() throws {
        let settings = try Asking.options("umask=077,dir_mode=0750").resolved()
        #expect(settings.fileMode == 0o600)
        #expect(settings.dirMode == 0o750)
    }

    @Test func standardInputIsATokenSource() throws {
        #expect(try Asking.flag("refresh-token-file", "-").resolved().refreshTokenFile == .standardInput)
        #expect(try Asking.flag("refresh-token-file", "t").resolved().refreshTokenFile == .file("/somewhere/t"))
    }

    @Test func linkHostsComeAsListsOrWithCommas() throws {
        #expect(try Asking.flag("link-hosts", ".Example.org,b.net").resolved().linkHosts == ["example.org", "b.net"])
        try withConfiguration("link-hosts = [\"a.org\", \"b.org\"]") { (asking, _) throws in
            #expect(try asking.resolved().linkHosts == ["a.org", "b.org"])
        }
    }

    @Test func everyRowHasItsOwnNameAndVariable() {
        #expect(Set(Setting.mount.map(\.name)).count == Setting.mount.count)
        #expect(Setting.named("dir-cache-time")?.environmentName == "ALIYUNFS_DIR_CACHE_TIME")
    }
}
