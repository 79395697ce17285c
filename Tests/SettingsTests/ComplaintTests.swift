import Testing

@testable import Settings

/// Every mistake gives exactly one line that names the place and what is allowed.
@Suite struct ComplaintTests {
    @Test(arguments: [
        ("streams", "11", "--streams: '11' is not allowed; use a whole number from 1 to 10"),
        ("streams", "-1", "--streams: '-1' is not allowed; use a whole number from 1 to 10"),
        (
            "streams", "99999999999999999999",
            "--streams: '99999999999999999999' is not allowed; use a whole number from 1 to 10"
        ),
        ("rate-link", "0", "--rate-link: '0' is not allowed; use requests per second from 0.01 to 1000"),
        ("rate-link", "1e3", "--rate-link: '1e3' is not allowed; use requests per second from 0.01 to 1000"),
        ("memory", "1M", "--memory: '1M' is not allowed; use a size such as 64M or 1.5G, from 8M to 1T"),
        ("memory", "12Q", "--memory: '12Q' is not allowed; use a size such as 64M or 1.5G, from 8M to 1T"),
        ("timeout", "0", "--timeout: '0' is not allowed; use a time such as 500ms, 60s, 5m or 1h30m, from 1s to 1h"),
        (
            "timeout", "soon",
            "--timeout: 'soon' is not allowed; use a time such as 500ms, 60s, 5m or 1h30m, from 1s to 1h"
        ),
        ("drive", "both", "--drive: 'both' is not allowed; use one of default, resource, backup, all"),
        ("livp", "JPEG", "--livp: 'JPEG' is not allowed; use one of jpeg, mov, both, zip"),
        ("remove", "bin", "--remove: 'bin' is not allowed; use one of trash, delete"),
        ("rapid-upload", "true", "--rapid-upload: 'true' is not allowed; use one of on, off"),
        ("uploads", "0", "--uploads: '0' is not allowed; use a whole number from 1 to 32"),
        ("spool-size", "1M", "--spool-size: '1M' is not allowed; use a size such as 64M or 1.5G, from 16M to 1024T"),
        (
            "bwlimit-up", "10",
            "--bwlimit-up: '10' is not allowed; use bytes per second such as 500K or 10M (at least 1K), or off"
        ),
        (
            "drain-timeout", "2d",
            "--drain-timeout: '2d' is not allowed; use a time such as 500ms, 60s, 5m or 1h30m, from 0 to 1d"
        ),
        ("file-mode", "888", "--file-mode: '888' is not allowed; use an octal mode in text, from 0 to 0777"),
        ("umask", "1777", "--umask: '1777' is not allowed; use an octal mode in text, from 0 to 0777"),
        ("uid", "4294967295", "--uid: '4294967295' is not allowed; use a number from 0 to 4294967294"),
        ("root-path", "a/b", "--root-path: 'a/b' is not allowed; use an absolute path on the drive"),
        (
            "link-hosts", "a b",
            "--link-hosts: 'a b' is not allowed; use host names such as example.org, separated by commas"
        ),
        (
            "api-url", "http://example.org",
            "--api-url: 'http://example.org' is not allowed; use an address such as https://example.org/path "
                + "(http only for this machine itself)"
        ),
        ("strems", "1", "--strems: unknown option; did you mean --streams?"),
        ("bogus", "1", "--bogus: unknown option; 'aliyunfs help mount' lists what there is"),
        ("livp", "a\nb\u{1b}[31m", "--livp: 'a?b?[31m' is not allowed; use one of jpeg, mov, both, zip"),
    ])
    func flags(name: String, word: String, line: String) {
        #expect(Asking.flag(name, word).complaint() == line)
    }

    @Test(arguments: [
        ("ALIYUNFS_STREAMS", "x", "ALIYUNFS_STREAMS: 'x' is not allowed; use a whole number from 1 to 10"),
        ("ALIYUNFS_READ_AHED", "1", "ALIYUNFS_READ_AHED: unknown option; did you mean ALIYUNFS_READ_AHEAD?"),
        ("ALIYUNFS_READ_ONLY", "perhaps", "ALIYUNFS_READ_ONLY: 'perhaps' is not allowed; use true or false"),
        (
            "ALIYUNFS_PROFILE", "../x",
            "ALIYUNFS_PROFILE: '../x' is not allowed; use letters, digits, '.', '_' and '-', beginning with a letter "
                + "or digit, at most 64"
        ),
    ])
    func variables(name: String, text: String, line: String) {
        #expect(Asking.environment(name, text).complaint() == line)
    }

    @Test(arguments: [
        ("streams = \"3\"", "[default] streams: '3' is not allowed; use a whole number from 1 to 10"),
        ("streams = 0", "[default] streams: 0 is not allowed; use a whole number from 1 to 10"),
        ("streams = 2.5", "[default] streams: 2.5 is not allowed; use a whole number from 1 to 10"),
        ("allow-other = \"yes\"", "[default] allow-other: 'yes' is not allowed; use true or false"),
        ("file-mode = 420", "[default] file-mode: 420 is not allowed; use an octal mode in text, from 0 to 0777"),
        ("livp = [\"jpeg\"]", "[default] livp: ['jpeg'] is not allowed; use one of jpeg, mov, both, zip"),
        ("livp = 2026-01-01", "[default] livp: a date or time is not allowed; use one of jpeg, mov, both, zip"),
        ("drive = { a = 1 }", "[default] drive: a table is not allowed; use one of default, resource, backup, all"),
        (
            "link-hosts = [1]",
            "[default] link-hosts: a list of other things than strings is not allowed; use host names such as "
                + "example.org, separated by commas"
        ),
        (
            "log-file = \"log\"",
            "[default] log-file: 'log' is not allowed; use a path (in the configuration file an absolute one or ~/…)"
        ),
        ("dir_cache_time = 5", "[default] dir_cache_time: unknown option; did you mean dir-cache-time?"),
        ("profile = \"x\"", "[default] profile: unknown option; 'aliyunfs help mount' lists what there is"),
    ])
    func keysOfAProfile(toml: String, line: String) throws {
        try withConfiguration("[default]\n" + toml) { (asking, path) throws in
            #expect(asking.complaint() == "\(path): \(line)")
        }
    }

    @Test func sharedKeys() throws {
        try withConfiguration("stream = 1") { (asking, path) throws in
            #expect(asking.complaint() == "\(path): stream: unknown option; did you mean streams?")
        }
        try withConfiguration("[streams]\n") { (asking, path) throws in
            #expect(asking.complaint() == "\(path): streams: a table is not allowed; use a whole number from 1 to 10")
        }
        try withConfiguration("default = 1") { (asking, path) throws in
            #expect(asking.complaint() == "\(path): default: must be a table of options, written [default]")
        }
    }

    @Test func brokenFiles() throws {
        try withConfiguration("streams = 1\nstreams = = 2") { (asking, path) throws in
            let complaint = asking.complaint()
            #expect(complaint.hasPrefix("\(path): line 2: "))
            #expect(!complaint.contains("\n"))
        }
        var asking = Asking()
        asking.request.configurationFile = "/nowhere/at/all.toml"
        #expect(asking.complaint() == "/nowhere/at/all.toml: cannot be read (no such file or directory)")
        asking.request.configurationFile = "/etc"
        #expect(asking.complaint() == "/etc: cannot be read (is a directory)")
        asking.request.configurationFile = "/dev/zero"
        #expect(asking.complaint() == "/dev/zero: cannot be read (file too large)")
    }

    @Test func anotherProfilesMistakeDoesNotStopThisOne() throws {
        try withConfiguration("[other]\nstreams = 99\n[default]\nstreams = 2") { (asking, _) throws in
            #expect(try asking.resolved().streams == 2)
        }
    }

    @Test func aMistakeThatAStrongerSourceHidesIsToldAllTheSame() throws {
        try withConfiguration("streams = 99") { (asking, path) throws in
            var asking = asking
            asking.request.flags = ["streams": .word("1")]
            #expect(asking.complaint() == "\(path): streams: 99 is not allowed; use a whole number from 1 to 10")
        }
    }

    @Test func optionsThatContradictEachOther() {
        #expect(
            Asking.options("allow_other,allow_root").complaint()
                == "--allow-other and --allow-root exclude each other; give one")
        #expect(
            Asking.options("root_path=/a,root_folder_id=x").complaint()
                == "--root-path and --root-folder-id exclude each other; give one")
        #expect(
            Asking.options("client_id=x").complaint()
                == "--client-id and --client-secret-file belong together; give both or none")
    }

    @Test func aTokenInTheWrongPlaceIsNotRepeated() {
        let token =
            "eyJhbGciOiJSUzI1NiJ9." + String(repeating: "a", count: 80) + "." + String(repeating: "b", count: 80)
        for name in ["refresh-token-file", "livp", "streams"] {
            let complaint = Asking.flag(name, token).complaint()
            #expect(complaint.hasPrefix("--\(name): '(hidden)' is not allowed; use "))
        }
    }

    @Test func aUserWithoutAHome() {
        var asking = Asking.environment("SSL_CERT_FILE", "~/roots.pem")
        asking.surroundings.home = nil
        #expect(
            asking.complaint() == "SSL_CERT_FILE: '~/roots.pem' is not allowed; use the path of a PEM file")
        asking.surroundings.environment = [:]
        #expect(asking.complaint() == "this user has no home directory; name a place with --state-dir")
    }
}
