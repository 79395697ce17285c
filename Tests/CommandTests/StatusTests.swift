import Basics
import Foundation
import Testing

@testable import Status

@Suite struct StatusTests {
    static let report = StatusReport(
        healthy: true, mountedAt: 1_000, pid: 4_711, version: "0.1.0", profile: "default",
        login: .init(state: .valid), accountName: "小明", drive: "default",
        budgets: [
            .init(name: "list", perSecond: 4, waiting: 0, sent: 12, throttled: 0, pausedForMs: 0),
            .init(name: "link", perSecond: 0.5, waiting: 3, sent: 7, throttled: 1, pausedForMs: 1_500),
        ],
        streams: .init(open: 1, allowed: 3),
        reads: .init(
            bytesServed: 3 << 30, bytesFetched: 1_536, hits: 5, links: 2, retries: 1, mismatches: 0, memoryUsed: 0,
            memoryLimit: 128 << 20),
        directories: .init(cached: 2, entries: 300, loading: 1),
        kernel: .init(requests: 99, inFlight: 1, interrupted: 2),
        lastFaults: [.init(at: 940, what: "list: 503\n\u{1b}[2J")], advice: [])

    let text = StatusText(now: UnixTime(seconds: 1_060))

    @Test func aHealthyReport() {
        #expect(
            text.lines(of: Self.report, at: "/mnt/x") == [
                "/mnt/x: healthy, mounted 60 s ago (process 4711, aliyunfs 0.1.0)",
                "  login    小明, valid",
                "  drive    default, profile default",
                "  rate     list: 4/s, 12 sent",
                "  rate     link: 0.5/s, 7 sent, 3 waiting, 1 THROTTLED, paused for 2 s",
                "  streams  1 of 3 open",
                "  reads    3 GiB served, 1.5 KiB fetched, 5 from memory, 2 links, 1 retries",
                "  memory   0 B of 128 MiB for reading",
                "  cache    2 folders, 300 entries, 1 being listed",
                "  kernel   99 requests, 1 under way, 2 interrupted",
                "  fault    2 min ago: list: 503??[2J",
            ])
    }

    @Test func whatIsWrongComesFirst() {
        var report = Self.report
        report.healthy = false
        report.login = .init(state: .needed, detail: "RefreshTokenExpired")
        report.advice = ["log in again"]
        let lines = text.lines(of: report, at: "/mnt/x")
        #expect(lines[0].hasPrefix("/mnt/x: NOT WELL, "))
        #expect(lines[1] == "  do       log in again")
        #expect(
            lines[2] == "  login    小明, NEEDED: give a new token with 'aliyunfs mount --refresh-token-file FILE' "
                + "(RefreshTokenExpired)")
    }

    @Test func timesThatMakeNoSenseDoNotTrap() {
        var report = Self.report
        for time in [Double.nan, .infinity, -1e300, 1e300] {
            report.mountedAt = time
            #expect(text.lines(of: report, at: "/m")[0].contains("at an unknown time"))
        }
        report.mountedAt = 5_000
        #expect(text.lines(of: report, at: "/m")[0].contains("0 s ago"))
    }

    @Test func theReportReadsBackAndSpeaksSnakeCase() throws {
        let json = try Self.report.json()
        #expect(try StatusReport(json: json) == Self.report)
        let fields = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
        #expect(
            Set(fields.keys) == [
                "healthy", "mounted_at", "pid", "version", "profile", "login", "account_name", "drive", "budgets",
                "streams", "reads", "directories", "kernel", "last_faults", "advice",
            ])
        let budgets = try #require(fields["budgets"] as? [[String: Any]])
        #expect(Set(budgets[0].keys) == ["name", "per_second", "waiting", "sent", "throttled", "paused_for_ms"])
        let reads = try #require(fields["reads"] as? [String: Any])
        #expect(
            Set(reads.keys) == [
                "bytes_served", "bytes_fetched", "hits", "links", "retries", "mismatches", "memory_used",
                "memory_limit",
            ])
    }

    @Test func aReportMayGrow() throws {
        let json = String(decoding: try Self.report.json(), as: UTF8.self)
        let grown = "{\"new_field\":1," + json.dropFirst()
        #expect(try StatusReport(json: Array(grown.utf8)) == Self.report)
        #expect(throws: (any Error).self) { try StatusReport(json: Array("{}".utf8)) }
    }
}
