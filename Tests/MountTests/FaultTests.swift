import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    /// What goes wrong in the middle of a read is healed, and the reader notices nothing but time.
    @Suite struct Faults {
        static func link(_ change: (inout FaultAction) -> Void, nth: Int? = 1, times: Int? = nil) -> FaultRule {
            var act = FaultAction()
            change(&act)
            return FaultRule(on: ["link"], nth: nth, times: times, act: act)
        }

        static let bodyFaults: [(name: String, rule: FaultRule)] = [
            ("cut", link { $0.resetAfter = 1_500_000 }),
            ("short", link { $0.shortBy = 400_000 }),
            ("429", link { $0.status = 429 }),
            ("500", link { $0.status = 500 }),
            ("503", link { $0.status = 503 }),
            ("HTML", link { ($0.status, $0.body) = (502, .html) }),
            ("dropped", link { $0.drop = .before }),
            ("another range", link { $0.wrongContentRange = true }),
            ("the whole for a range", link({ $0.wholeForRange = true }, nth: 2)),
        ]

        @Test(arguments: bodyFaults.map(\.name))
        func aBodyThatGoesWrongIsHealed(_ name: String) async throws {
            let rule = try #require(Self.bodyFaults.first { $0.name == name }).rule
            try await Rig.with(provokes: true) { rig in
                try rig.emulator.put("/a", .synthetic(size: 8_000_000))
                try await rig.mount()
                try rig.emulator.addFaults([rule])
                let sum = try await rig.check("sha1sum mnt/a | cut -d' ' -f1").lines.first
                #expect(sum?.uppercased() == rig.emulator.tree().first?.sha1)
                #expect(rig.emulator.faultReport.first?.fired == 1, "the fault never struck")
            }
        }

        @Test func aStalledBodyIsGivenUpAndResumed() async throws {
            try await Rig.with(provokes: true) { rig in
                try rig.emulator.put("/a", .synthetic(size: 3_000_000))
                try await rig.mount()
                try rig.emulator.addFaults([Self.link { ($0.stallAfter, $0.stallMs) = (700_000, 300_000) }])
                let sum = try await rig.check("sha1sum mnt/a | cut -d' ' -f1", limit: 60).lines.first
                #expect(sum?.uppercased() == rig.emulator.tree().first?.sha1)
            }
        }

        @Test func aLinkThatExpiresIsRenewed() async throws {
            try await Rig.with(provokes: true) { rig in
                try rig.emulator.put("/a", .synthetic(size: 60_000_000))
                try await rig.mount()
                _ = try await rig.check("head -c 100000 mnt/a > /dev/null")
                rig.emulator.expireLinks()
                let sum = try await rig.check("sha1sum mnt/a | cut -d' ' -f1").lines.first
                #expect(sum?.uppercased() == rig.emulator.tree().first?.sha1)
                #expect(rig.calls("getDownloadUrl") == 2)
            }
        }

        @Test func corruptBytesAreFetchedAgain() async throws {
            try await Rig.with(provokes: true) { rig in
                try rig.emulator.put("/a", .synthetic(size: 200_000))
                try await rig.mount()
                try rig.emulator.addFaults([Self.link { $0.corrupt = true }])
                // The first reader may have been given wrong bytes before the whole was known; the next is not.
                _ = try await rig.sh("cat mnt/a > /dev/null")
                let read = "sha1sum mnt/a | cut -d' ' -f1"
                let expected = try #require(rig.emulator.tree().first?.sha1)
                let isRight = "s=$(\(read)); [ ${s^^} = \(expected) ] && exit 0"
                _ = try await rig.check("for i in $(seq 50); do \(isRight); sleep 0.1; done; exit 1")
                let status = try await rig.sh("\(Rig.program) status --json mnt")
                #expect(status.output.contains("\"mismatches\":1") || status.output.contains("\"mismatches\" : 1"))
            }
        }

        @Test(arguments: ["429", "500", "503", "HTML", "garbage", "dropped"])
        func aListingThatGoesWrongIsAskedForAgain(_ name: String) async throws {
            try await Rig.with(provokes: true) { rig in
                try rig.emulator.put("/d/a", .text("x"))
                try await rig.mount()
                var act = FaultAction()
                switch name {
                case "429": (act.status, act.code, act.headers) = (429, "TooManyRequests", ["x-retry-after": "300"])
                case "HTML": (act.status, act.body) = (502, .html)
                case "garbage": act.garbage = true
                case "dropped": act.drop = .before
                default: act.status = Int(name)
                }
                try rig.emulator.addFaults([FaultRule(on: ["list"], nth: 1, act: act)])
                let outcome = try await rig.sh("ls mnt/d")
                // Garbage is an answer, not a fault of the line: it is an error, and the next try asks anew.
                if name == "garbage", outcome.status != 0 {
                    _ = try await rig.check("sleep 3; ls mnt/d")
                } else {
                    #expect(outcome.output == "a\n", "\(outcome.errors)")
                }
            }
        }

        @Test func theTokenExpiresAndRotatesInTheMiddle() async throws {
            try await Rig.with(provokes: true) { rig in
                for name in ["a", "b"] { try rig.emulator.put("/\(name)/f", .synthetic(size: 1_000_000)) }
                try await rig.mount()
                _ = try await rig.check("sha1sum mnt/a/f")
                let renewals = rig.calls("renew")
                rig.emulator.expireAccessTokens()
                let sums = try await rig.check("cat mnt/b/f | sha1sum; cat mnt/a/f | sha1sum").lines
                #expect(sums[0] == sums[1])
                #expect(rig.calls("renew") == renewals + 1)
                let mode = try await rig.check("stat -c %a state state/token.json")
                #expect(mode.lines == ["700", "600"])
            }
        }

        @Test func aDeadLoginLeavesWhatIsCachedReadable() async throws {
            try await Rig.with(provokes: true) { rig in
                try rig.emulator.put("/a", .text("cached"))
                try rig.emulator.put("/b/c", .text("not yet"))
                let secret = rig.folder.appendingPathComponent("secret")
                try Data(rig.emulator.addresses.clientSecret.utf8).write(to: secret)
                let app = "--client-id \(rig.emulator.addresses.clientId) --client-secret-file \(secret.path)"
                try await rig.mount("--timeout 10s \(app)")
                _ = try await rig.check("cat mnt/a")
                rig.emulator.expireRefreshTokens()
                rig.emulator.expireAccessTokens()
                let refused = try await rig.sh("ls mnt/b", limit: 30)
                #expect(refused.status != 0 && refused.errors.contains("Permission denied"), "\(refused)")
                #expect(try await rig.check("cat mnt/a; ls mnt").output == "cacheda\nb\n")
                let status = try await rig.sh("\(Rig.program) status mnt")
                #expect(status.status == 1 && status.output.contains("login"))
                let before = rig.calls("accessToken")
                _ = try await rig.sh("ls mnt/b")
                #expect(rig.calls("accessToken") == before)
            }
        }
    }
}
