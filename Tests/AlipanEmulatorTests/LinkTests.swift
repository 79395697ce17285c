import Foundation
import Testing

@testable import AlipanEmulator

@Suite struct LinkTests {
    @Test func expiryIsInTheQueryInFourStyles() async throws {
        try await Rig.run { rig async throws in
            let id = try rig.emulator.put("/a", .text("content"))
            let end = rig.emulator.time.now() / 1000 + 900
            for style in [Switches.LinkStyle.oss4, .oss2, .plain, .v1] {
                rig.change { $0.linkStyle = style }
                let url = try await rig.link(id, ["expire_sec": 14_400])
                let q = query(url)
                switch style {
                case .oss4:
                    #expect(q["x-oss-signature-version"]?.hasPrefix("OSS4-") == true)
                    #expect(q["x-oss-expires"] == "900")
                    #expect(q["x-oss-date"] == "20231114T221320Z")
                case .oss2:
                    #expect(q["x-oss-signature-version"] == "OSS2")
                    #expect(q["x-oss-expires"] == String(end))
                case .plain:
                    #expect(q["x-oss-signature-version"] == nil)
                    #expect(q["x-oss-expires"] == String(end))
                case .v1: #expect(q["Expires"] == String(end))
                }
                #expect(try await fetch("GET", url).text == "content")
            }
        }
    }

    @Test func lifeIsClampedAndEnds() async throws {
        try await Rig.run { rig async throws in
            let id = try rig.emulator.put("/a", .text("content"))
            let url = try await rig.link(id, ["expire_sec": 14_400])
            rig.advance(seconds: 899)
            #expect(try await fetch("GET", url).status == 200)
            rig.advance(seconds: 1)
            let late = try await fetch("GET", url)
            #expect(late.status == 403)
            #expect(late.ossCode == "AccessDenied")
            #expect(late.text.contains("Request has expired."))
            #expect(late.text.contains("<ServerTime>"))
            let short = try await rig.link(id, ["expire_sec": 60])
            #expect(query(short)["x-oss-expires"] == "60")
            rig.emulator.expireLinks()
            #expect(try await fetch("GET", short).text.contains("Request has expired."))
        }
    }

    @Test func transferUnderWayOutlivesTheLink() async throws {
        try await Rig.run { rig async throws in
            let id = try rig.emulator.put("/a", .synthetic(size: 40 << 20))
            let url = try await rig.link(id)
            let line = try await Line(url)
            line.send("GET", url)
            try await line.receive(atLeast: 1 << 20)
            rig.advance(seconds: 10_000)
            rig.emulator.expireLinks()
            let reply = try await line.receive()
            try await line.close()
            #expect(reply.body.count == 40 << 20)
            #expect(!reply.isCut)
        }
    }

    @Test func onlyPlainGetIsSigned() async throws {
        try await Rig.run { rig async throws in
            let id = try rig.emulator.put("/a", .text("content"))
            let url = try await rig.link(id)
            #expect(try await fetch("HEAD", url).status == 403)
            for headers in [["x-oss-meta": "1"], ["authorization": "Bearer \(rig.token)"]] {
                let reply = try await fetch("GET", url, headers)
                #expect(reply.status == 403)
                #expect(reply.ossCode == "SignatureDoesNotMatch")
            }
            #expect(try await fetch("GET", url.replacing("expires=900", with: "expires=901")).status == 403)
            #expect(try await fetch("GET", url, ["referer": "https://www.aliyundrive.com/"]).status == 200)
        }
    }

    @Test func listingsCanCarryDirectLinks() async throws {
        try await Rig.run { rig async throws in
            rig.change { $0.listingUrls = true }
            try rig.emulator.put("/a", .text("small"))
            try rig.emulator.put("/b", .synthetic(size: 5 << 20))
            let items = try await rig.list("root", ["order_by": "name"]).items
            #expect(try await fetch("GET", try #require(items[0]["url"] as? String)).text == "small")
            #expect(items[1]["url"] is NSNull)
        }
    }

    @Test func refererCanBeSigned() async throws {
        try await Rig.run { rig async throws in
            rig.change { $0.linkNeedsReferer = true }
            let url = try await rig.link(try rig.emulator.put("/a", .text("x")))
            let missing = try await fetch("GET", url)
            #expect(missing.status == 400)
            #expect(missing.ossCode == "InvalidArgument")
            #expect(try await fetch("GET", url, ["referer": "https://elsewhere/"]).ossCode == "SignatureDoesNotMatch")
            #expect(try await fetch("GET", url, ["referer": "https://www.aliyundrive.com/"]).text == "x")
        }
    }

    @Test func whoCannotBeRead() async throws {
        try await Rig.run { rig async throws in
            let folder = try rig.emulator.mkdir("/d")
            let refused = try await rig.file("getDownloadUrl", ["file_id": folder])
            #expect(refused.status == 400)
            #expect(try refused.code == "InvalidResource.FileTypeFolder")
            let id = try rig.emulator.put("/d/a", .text("x"))
            let url = try await rig.link(id)
            try rig.emulator.trash("/d")
            #expect(try await rig.file("getDownloadUrl", ["file_id": id]).code == "ForbiddenFileInTheRecycleBin")
            try rig.emulator.put("/b", .text("x"))
            try rig.emulator.mark("/b", punishFlag: 103)
            let frozen = try #require(rig.emulator.tree().first { $0.path == "/b" }?.fileId)
            #expect(try await rig.file("getDownloadUrl", ["file_id": frozen]).status == 403)
            _ = try await rig.file("delete", ["file_id": folder])
            #expect(try await fetch("GET", url).ossCode == "NoSuchKey")
        }
    }

    @Test(
        arguments: [
            (nil, nil), ("bytes=2-4", 2...4), ("bytes=0-0", 0...0), ("bytes=9-9", 9...9), ("bytes=7-", 7...9),
            ("bytes=-3", 7...9), ("bytes=-10", 0...9), ("bytes=2-10", nil), ("bytes=10-", nil), ("bytes=10-12", nil),
            ("bytes=4-2", nil), ("bytes=-11", nil), ("bytes=-0", nil), ("bytes=1-2,4-5", nil), ("octets=1-2", nil),
            ("bytes=a-b", nil), ("bytes=-", nil),
        ] as [(String?, ClosedRange<Int>?)])
    func rangeTable(range: String?, expected: ClosedRange<Int>?) async throws {
        try await Rig.run { rig async throws in
            let bytes = Array("0123456789".utf8)
            let url = try await rig.link(try rig.emulator.put("/a", .bytes(bytes)))
            let reply = try await fetch("GET", url, range.map { ["range": $0] } ?? [:])
            guard let expected else {
                #expect(reply.status == 200)
                #expect(reply.body == bytes)
                #expect(reply.headers.first(name: "content-range") == nil)
                return
            }
            #expect(reply.status == 206)
            #expect(reply.body == Array(bytes[expected]))
            let header = "bytes \(expected.lowerBound)-\(expected.upperBound)/10"
            #expect(reply.headers.first(name: "content-range") == header)
            #expect(reply.headers.first(name: "content-length") == String(expected.count))
        }
    }

    @Test func rangesOfTheEmptyObjectAndOf416() async throws {
        try await Rig.run { rig async throws in
            let url = try await rig.link(try rig.emulator.put("/a", .text("")))
            let reply = try await fetch("GET", url, ["range": "bytes=0-0"])
            #expect(reply.status == 200)
            #expect(reply.body.isEmpty)
            rig.change { $0.rangeErrors416 = true }
            let other = try await rig.link(try rig.emulator.put("/b", .text("abc")))
            #expect(try await fetch("GET", other, ["range": "bytes=3-"]).ossCode == "InvalidRange")
        }
    }

    @Test func filesOnDiskAndMadeUpOnesServeTheRightBytes() async throws {
        try await Rig.run { rig async throws in
            let size = 9_000_001
            for modulus in [251, 256] {
                let url = try await rig.link(
                    try rig.emulator.put("/m", .synthetic(size: Int64(size), modulus: modulus)))
                #expect(try await fetch("GET", url).body == pattern(size, modulus: modulus))
                let part = try await fetch("GET", url, ["range": "bytes=8999000-9000000"])
                #expect(part.body == pattern(1001, modulus: modulus, from: 8_999_000))
            }
            var spec = FileSpec()
            (spec.size, spec.seed) = (100_003, 42)
            let url = try await rig.link(try rig.emulator.put("/r", spec))
            let whole = try await fetch("GET", url).body
            let entry = try #require(rig.emulator.tree().first { $0.path == "/r" })
            #expect(Content(bytes: whole).hash?.text == entry.sha1)
            #expect(try await fetch("GET", url, ["range": "bytes=4097-4200"]).body == Array(whole[4097...4200]))
        }
    }

    @Test func livePhotosHaveLinksForTheirParts() async throws {
        try await Rig.run { rig async throws in
            let id = try rig.emulator.putLivePhoto(
                "/x.livp", parts: [("heic", .text("picture")), ("mov", .text("moving picture"))])
            let item = try await rig.file("get", ["file_id": id])
            #expect(try item.json["content_hash"] is NSNull)
            #expect(try item.number("size") != 7 + 14)
            let info = try #require(try item.json["streams_info"] as? [String: [String: Any]])
            #expect(info["mov"]?["size"] as? Int == 14)
            let links = try await rig.file("getDownloadUrl", ["file_id": id])
            #expect(try links.json["url"] is NSNull)
            let urls = try #require(try links.json["streamsUrl"] as? [String: String])
            #expect(try await fetch("GET", urls["heic"] ?? "").text == "picture")
            #expect(try await fetch("GET", urls["mov"] ?? "", ["range": "bytes=0-5"]).text == "moving")
            rig.change {
                $0.livpLinksKey = .streamsUrlSnake
                $0.livpUrl = .empty
            }
            let other = try await rig.file("getDownloadUrl", ["file_id": id])
            #expect(try other.string("url") == "")
            #expect(try other.json["streams_url"] != nil)
        }
    }
}

@Suite struct SlotTests {
    @Test func theFourthBodyIsRefused() async throws {
        try await Rig.run { rig async throws in
            let url = try await rig.link(try rig.emulator.put("/a", .synthetic(size: 64 << 20)))
            let other = try await rig.link(try rig.emulator.put("/b", .text("small")))
            try rig.fault("link", nth: 1, times: 3) { $0.stallAfter = 1000 }
            var lines: [Line] = []
            for _ in 0..<3 {
                let line = try await Line(url)
                line.send("GET", url)
                try await line.receive(atLeast: 1000)
                lines.append(line)
            }
            let fourth = try await fetch("GET", other)
            #expect(fourth.status == 403)
            #expect(fourth.ossCode == "RequestDeniedByCallback")
            #expect(fourth.text.contains("ExceedMaxConcurrency"))
            #expect(rig.emulator.counters.mostOpenBodies == 3)
            try await lines[0].close()
            while rig.emulator.counters.openBodies == 3 { await Task.yield() }
            #expect(try await fetch("GET", other).status == 200)
            for line in lines { try await line.close() }
        }
    }

    @Test func aSlotIsFreeOnceEverythingWasRead() async throws {
        try await Rig.run { rig async throws in
            rig.change { $0.streams = 1 }
            let url = try await rig.link(try rig.emulator.put("/a", .bytes(pattern(70_000))))
            for _ in 0..<50 { #expect(try await fetch("GET", url).status == 200) }
        }
    }

    @Test func aSlotCanLinger() async throws {
        try await Rig.run { rig async throws in
            rig.change {
                $0.streams = 1
                $0.slotLingerMs = 2000
            }
            let url = try await rig.link(try rig.emulator.put("/a", .text("x")))
            #expect(try await fetch("GET", url).status == 200)
            #expect(try await fetch("GET", url).status == 403)
            rig.advance(seconds: 3)
            #expect(try await fetch("GET", url).status == 200)
        }
    }
}

@Suite struct LinkFaultTests {
    @Test func bodiesGoWrongInEveryWay() async throws {
        try await Rig.run { rig async throws in
            let bytes = pattern(300_000)
            let url = try await rig.link(try rig.emulator.put("/a", .bytes(bytes)))
            try rig.fault("link", nth: 1) { $0.resetAfter = 1000 }
            let reset = try await fetch("GET", url)
            #expect(reset.isCut)
            #expect(reset.body.count <= 1000)
            try rig.fault("link", nth: 1) { $0.shortBy = 10 }
            let short = try await fetch("GET", url)
            #expect(short.isCut)
            #expect(short.headers.first(name: "content-length") == "300000")
            #expect(short.body.count == 299_990)
            try rig.fault("link", nth: 1) { $0.wrongContentRange = true }
            let wrong = try await fetch("GET", url, ["range": "bytes=0-9"])
            #expect(wrong.headers.first(name: "content-range") == "bytes 1-10/300000")
            try rig.fault("link", nth: 1) { $0.wholeForRange = true }
            #expect(try await fetch("GET", url, ["range": "bytes=5-9"]).body == bytes)
            try rig.fault("link", nth: 1) { $0.corrupt = true }
            #expect(try await fetch("GET", url).body != bytes)
            try rig.fault("link", nth: 1) {
                $0.status = 503
                $0.body = .xml
                $0.code = "SlowDown"
            }
            #expect(try await fetch("GET", url).ossCode == "SlowDown")
            #expect(try await fetch("GET", url).body == bytes)
            #expect(rig.emulator.counters.openBodies == 0)
        }
    }

    @Test func bodiesStallAndDrip() async throws {
        try await Rig.run { rig async throws in
            let bytes = pattern(5000)
            let url = try await rig.link(try rig.emulator.put("/a", .bytes(bytes)))
            try rig.fault("link", nth: 1) {
                $0.stallAfter = 100
                $0.stallMs = 20
            }
            #expect(try await fetch("GET", url).body == bytes)
            try rig.fault("link", nth: 1) { $0.drip = 100_000 }
            #expect(try await fetch("GET", url).body == bytes)
        }
    }

    @Test func rulesCountRepeatAndRollDice() async throws {
        try await Rig.run { rig async throws in
            func strike(_ rule: FaultRule, of count: Int) async throws -> [Int] {
                rig.emulator.clearFaults()
                try rig.emulator.addFaults([rule])
                var statuses: [Int] = []
                for _ in 0..<count { statuses.append(try await rig.list().status) }
                return statuses
            }
            var action = FaultAction()
            action.status = 503
            var rule = FaultRule(on: ["list"], nth: 2, act: action)
            #expect(try await strike(rule, of: 4) == [200, 503, 200, 200])
            rule.times = 2
            #expect(try await strike(rule, of: 4) == [200, 503, 503, 200])
            rule = FaultRule(on: ["*"], act: action)
            rule.every = 2
            #expect(try await strike(rule, of: 4) == [200, 503, 200, 503])
            rule.every = nil
            rule.probability = 0.5
            let rolled = try await strike(rule, of: 30)
            #expect(Set(rolled) == [200, 503])
            rule = FaultRule(on: ["list"], act: action)
            rule.containing = "nothing has this"
            #expect(try await strike(rule, of: 1) == [200])
            #expect(throws: ControlError.self) { try rig.emulator.addFaults([FaultRule(on: ["lisst"], act: action)]) }
        }
    }

    @Test func networkGoesAndComesBack() async throws {
        try await Rig.run { rig async throws in
            let line = try await Line(rig.api)
            try await rig.emulator.setNetwork(.refused)
            await #expect(throws: (any Error).self) { try await line.receive() }
            await #expect(throws: (any Error).self) { try await rig.list() }
            try await rig.emulator.setNetwork(.up)
            #expect(try await rig.list().status == 200)
            try await rig.emulator.setNetwork(.hanging)
            let accepted = rig.emulator.api.connectionCounts.accepted
            let waiting = Task { try await rig.list().status }
            while rig.emulator.api.connectionCounts.accepted == accepted { await Task.yield() }
            try await rig.emulator.setNetwork(.up)
            await #expect(throws: (any Error).self) { try await waiting.value }
            #expect(try await rig.list().status == 200)
        }
    }

    @Test func answersOfTheAPICanBeGarbageOrLost() async throws {
        try await Rig.run { rig async throws in
            try rig.fault("list") { $0.garbage = true }
            let garbage = try await rig.list()
            #expect(garbage.status == 200)
            #expect(throws: (any Error).self) { try garbage.json }
            try rig.fault("list") { $0.drop = .before }
            await #expect(throws: (any Error).self) { try await rig.list() }
            try rig.fault("list") { $0.shortBy = 5 }
            #expect(try await rig.list().isCut)
        }
    }
}
