import Basics
import Drive
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import DriveHTTP

/// Calls of the API from end to end, against a scripted service.
@Suite struct CallTests {
    private static let file = HTTPAnswer.json(#"{"file_id":"f1","name":"n","drive_id":"11"}"#)

    @Test func sendsWhatTheContractAsks() async throws {
        let bench = try Bench { _, _ in .success(.json(#"{"items":[{"file_id":"x","name":"n"}],"next_marker":"m2"}"#)) }
        let page = try await bench.drive.list(
            ObjectID(drive: DriveID("11"), file: FileID("d")), marker: "m1", .foreground)
        #expect(page.next == "m2" && page.files.map(\.parent) == [FileID("d")])
        let call = try #require(bench.transport.asked.first)
        #expect(call.method == .post && call.url == "https://api.example/adrive/v1.0/openFile/list")
        let fields = HTTPFields(call.headers)
        #expect(fields["authorization"] == "Bearer access-0" && fields["user-agent"] == "aliyunfs")
        #expect(fields["content-type"] == "application/json")
        let body = try JSONSerialization.jsonObject(with: Data(try #require(call.body))) as? NSDictionary
        #expect(
            body == [
                "drive_id": "11", "parent_file_id": "d", "limit": 100, "marker": "m1", "order_by": "name",
                "order_direction": "ASC",
            ])
    }

    @Test func passingFaultsAreRetried() async throws {
        let bench = try Bench { _, number in
            switch number {
            case 0: .success(.json("<html>oops</html>", status: 502))
            case 1: .failure(.lost("reset"))
            case 2: .success(.json("no json"))
            case 3: .failure(.unreachable("refused"))
            default: .success(Self.file)
            }
        }
        #expect(try await bench.drive.file(Bench.id, .foreground).name == "n")
        #expect(bench.transport.asked.count == 5)
        #expect(bench.drive.health().lastFaults.count == 4)
    }

    @Test func faultsThatStayAreToldAsTheyAre() async throws {
        let five = try Bench { _, _ in .success(.json("Bad Gateway", status: 502)) }
        let refusal = Refusal(status: 502, code: "", message: "Bad Gateway")
        #expect(await failure { try await five.drive.file(Bench.id, .foreground) } == .serverFailure(refusal))
        #expect(five.transport.asked.count == RetryPolicy.mostTries)
        let nobody = try Bench { _, _ in .failure(.unreachable("no route")) }
        #expect(await failure { try await nobody.drive.file(Bench.id, .foreground) } == .unreachable("no route"))
        #expect(nobody.transport.asked.count == RetryPolicy.mostUnreachable)
        let odd = try Bench { _, _ in .success(.json(#"{"personal_space_info":null}"#)) }
        let oddity = await failure { try await odd.drive.space(.foreground) }
        guard case .malformedAnswer = oddity else {
            Issue.record("an odd answer is malformed")
            return
        }
    }

    /// Another try would meet the same certificate; a change was certainly not made.
    @Test func whoIsNotTrustedIsAskedOnce() async throws {
        let bench = try Bench { _, _ in .failure(.untrusted("api.example: it is for another name")) }
        let expected = DriveError.untrusted("api.example: it is for another name")
        #expect(await failure { try await bench.drive.file(Bench.id, .foreground) } == expected)
        #expect(bench.transport.asked.count == 1)
        #expect(await failure { try await bench.drive.rename(Bench.id, to: "n", .refuse, .foreground) } == expected)
        #expect(bench.transport.asked.count == 2)
        #expect(bench.drive.health().lastFaults.count == 2)
    }

    @Test func finalRefusalsAreNotRepeated() async throws {
        let bench = try Bench { _, _ in .success(.json(#"{"code":"NotFound.FileId","message":"x"}"#, status: 404)) }
        let expected = DriveError.notFound(Refusal(status: 404, code: "NotFound.FileId", message: "x"))
        #expect(await failure { try await bench.drive.file(Bench.id, .foreground) } == expected)
        #expect(bench.transport.asked.count == 1)
    }

    @Test func aRefusedTokenIsRenewedAndTheCallRepeatedOnce() async throws {
        let bench = try Bench { call, _ in
            HTTPFields(call.headers)["authorization"] == "Bearer access-0"
                ? .success(.json(#"{"code":"AccessTokenInvalid","message":""}"#, status: 401)) : .success(Self.file)
        }
        _ = try await bench.drive.file(Bench.id, .foreground)
        _ = try await bench.drive.file(Bench.id, .foreground)
        #expect(bench.transport.count(of: "renew.example") == 1 && bench.transport.count(of: "api.example") == 3)
        #expect(bench.drive.health().login == .valid)
    }

    @Test func aServiceThatRefusesEveryTokenCausesNoStorm() async throws {
        let bench = try Bench { _, _ in .success(.json(#"{"code":"AccessTokenInvalid","message":""}"#, status: 401)) }
        for _ in 0..<20 { #expect(await failure { try await bench.drive.file(Bench.id, .foreground) } != nil) }
        #expect(bench.transport.count(of: "renew.example") == 1)
        #expect(bench.transport.count(of: "api.example") == 2)
    }

    @Test func throttlingIsWaitedOut() async throws {
        let bench = try Bench { call, number in
            number < 3
                ? .success(.json(#"{"code":"TooManyRequests"}"#, status: 429, [("x-retry-after", "2000")]))
                : .success(Self.file)
        }
        let start = bench.time.now()
        _ = try await bench.drive.file(Bench.id, .foreground)
        #expect(bench.time.now() - start >= .seconds(6))
        let other = try #require(bench.drive.health().budgets.first { $0.name == "other" })
        #expect(other.throttled == 3 && other.sent == 4)
    }

    @Test func throttlingWithoutEndMeetsTheDeadline() async throws {
        let bench = try Bench { _, _ in .success(.json("", status: 429)) }
        let start = bench.time.now()
        #expect(await failure { try await bench.drive.file(Bench.id, .foreground) } == .deadlinePassed)
        #expect(bench.time.now() - start <= .seconds(92))
        // 1, 2, 4, 8, 16 s with jitter: no storm.
        #expect(bench.transport.asked.count <= 7)
    }

    @Test func batchesAreMatchedById() async throws {
        let bench = try Bench { _, _ in
            .success(.json(#"[{"file_id":"b","name":"B"},{"file_id":"x","name":"X"},{"code":"NotFound.FileId"}]"#))
        }
        let ids = ["a", "b"].map { ObjectID(drive: DriveID("11"), file: FileID($0)) }
        let files = try await bench.drive.files(ids, .background)
        #expect(files.count == 1 && files[ids[1]]?.name == "B")
        #expect(try await bench.drive.files([], .background).isEmpty)
        #expect(bench.transport.asked.count == 1)
    }

    @Test func linksExpireByTheServersClock() async throws {
        // The server is an hour ahead of this machine; the link lives ten minutes more.
        let now = WireTime(iso8601: "2023-11-14T22:13:20Z")!.unix.seconds
        let bench = try Bench { _, _ in
            .success(
                .json(
                    #"{"url":"https://a.aliyundrive.net/x?Expires=\#(now + 3_600 + 600)"}"#, status: 200,
                    [("Date", "Tue, 14 Nov 2023 23:13:20 GMT")]))
        }
        let links = try await bench.drive.downloadLinks(for: Bench.id, .foreground)
        #expect(try #require(links.whole).expires == bench.time.now() + .seconds(600))
    }

    @Test func theUserIsAskedForWhereTheDrivesDoNotTell() async throws {
        let bench = try Bench { call, _ in
            call.url.hasSuffix("/oauth/users/info")
                ? .success(.json(#"{"id":"u1","name":"N"}"#))
                : .success(.json(#"{"default_drive_id":"7","backup_drive_id":"8"}"#))
        }
        let account = try await bench.drive.account(.foreground)
        #expect(account == AccountInfo(userID: "u1", name: "N", defaultDrive: DriveID("7"), backupDrive: DriveID("8")))
        #expect(bench.transport.asked.last?.method == .get && bench.transport.asked.last?.body == nil)
    }

    @Test func emptyIdsAreNeverSent() async throws {
        let bench = try Bench { _, _ in .success(Self.file) }
        let nowhere = ObjectID(drive: DriveID(""), file: .root)
        #expect(await failure { try await bench.drive.list(nowhere, marker: nil, .foreground) } != nil)
        #expect(await failure { try await bench.drive.file(nowhere, .foreground) } != nil)
        #expect(await failure { try await bench.drive.file(atPath: "/", in: DriveID("1"), .foreground) } != nil)
        #expect(bench.transport.asked.isEmpty)
    }

    @Test func aCancelledCallEnds() async throws {
        let bench = try Bench { _, _ in .failure(.cancelled) }
        #expect(await failure { try await bench.drive.file(Bench.id, .foreground) } == .cancelled)
    }

    @Test func aFrozenAccountIsLeftAlone() async throws {
        let bench = try Bench { _, number in
            number == 0
                ? .success(.json(#"{"code":"UserNotAllowedAccessResource","message":"x"}"#, status: 403))
                : .success(Self.file)
        }
        let frozen = DriveError.accountRestricted(
            Refusal(status: 403, code: "UserNotAllowedAccessResource", message: "x"))
        for _ in 0..<10 { #expect(await failure { try await bench.drive.file(Bench.id, .background) } == frozen) }
        for _ in 0..<10 { #expect(await failure { try await bench.drive.file(Bench.id, .foreground) } == frozen) }
        #expect(bench.transport.asked.count == 1)
        bench.time.manual.advance(by: Restriction.foreground)
        #expect(await failure { try await bench.drive.file(Bench.id, .background) } == frozen)
        _ = try await bench.drive.file(Bench.id, .foreground)
        // It answered: all is well again.
        _ = try await bench.drive.file(Bench.id, .background)
    }

    @Test func configurationsAreChecked() {
        let good = DriveHTTPConfiguration(
            apiURL: "https://openapi.alipan.com/", renewal: .ownApp(clientID: "a", clientSecret: "b"), tokenPath: "/t",
            limitsDirectory: Scratch().path)
        #expect((try? good.checked())?.apiURL == "https://openapi.alipan.com")
        let spoilers: [(inout DriveHTTPConfiguration) -> Void] = [
            { $0.apiURL = "openapi.alipan.com" }, { $0.apiURL = "ftp://x" }, { $0.apiURL = "" }, { $0.streams = 0 },
            { $0.streams = 11 }, { $0.rates.link = 0 }, { $0.rates.list = .infinity }, { $0.userAgent = "" },
            { $0.userAgent = "a\nb" }, { $0.renewal = .ownApp(clientID: "", clientSecret: "x") },
            { $0.renewal = .online(url: "x", driver: "y") }, { $0.timeout = .zero }, { $0.tokenPath = "" },
        ]
        for spoil in spoilers {
            var bad = good
            spoil(&bad)
            #expect(throws: DriveError.self) { try bad.checked() }
        }
    }
}
