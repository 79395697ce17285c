import AlipanEmulator
import Foundation
import Testing

extension MountTests {
    /// Each gives one clear line and the right exit status; nothing is mounted, nothing hangs.
    @Suite struct BadInput {
        func refused(
            _ rig: Rig, _ options: String, token: String?, at place: String = "mnt", status: Int32, says words: String
        ) async throws {
            var environment: [String: String] = [:]
            if let token { environment["ALIYUNFS_REFRESH_TOKEN"] = token }
            let outcome = try await rig.sh(
                "\(Rig.program) mount \(options) \(place)", limit: 100, environment: environment)
            #expect(outcome.status == status, "\(outcome)")
            #expect(outcome.errors.contains(words), "\(outcome)")
            #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
            #expect(try await rig.sh("mountpoint -q mnt").status != 0)
        }

        @Test func tokensThatAreNone() async throws {
            try await Rig.with { rig in
                try await refused(rig, rig.options, token: nil, status: 77, says: "token")
                try await refused(rig, rig.options, token: "", status: 77, says: "token")
                try await refused(rig, rig.options, token: "not-a-token", status: 77, says: "three parts")
            }
        }

        @Test func aTokenThatIsDead() async throws {
            try await Rig.with(provokes: true) { rig in
                let secret = rig.folder.appendingPathComponent("secret")
                try Data(rig.emulator.addresses.clientSecret.utf8).write(to: secret)
                rig.emulator.expireRefreshTokens()
                let app = "--client-id \(rig.emulator.addresses.clientId) --client-secret-file \(secret.path)"
                try await refused(
                    rig, "\(rig.options) \(app)", token: rig.emulator.addresses.refreshToken, status: 77, says: "login")
            }
        }

        @Test func aDriveThatCannotBeReached() async throws {
            try await Rig.with { rig in
                let options = rig.options.replacingOccurrences(
                    of: "--api-url \(rig.emulator.addresses.apiUrl)", with: "--api-url http://127.0.0.1:9")
                try await refused(
                    rig, options + " --timeout 5s", token: rig.emulator.addresses.refreshToken, status: 69,
                    says: "cannot be reached")
            }
        }

        @Test func garbageInsteadOfAnswers() async throws {
            try await Rig.with(provokes: true) { rig in
                var act = FaultAction()
                act.garbage = true
                try rig.emulator.addFaults([FaultRule(on: ["getDriveInfo"], act: act)])
                try await refused(
                    rig, rig.options + " --timeout 5s", token: rig.emulator.addresses.refreshToken, status: 69,
                    says: "drive")
            }
        }

        @Test func mountPointsThatAreNone() async throws {
            try await Rig.with { rig in
                let token = rig.emulator.addresses.refreshToken
                try await refused(rig, rig.options, token: token, at: "nowhere", status: 73, says: "nowhere")
                _ = try await rig.check("echo > file")
                try await refused(rig, rig.options, token: token, at: "file", status: 73, says: "file")
            }
        }

        @Test func aRootFolderThatIsNotThere() async throws {
            try await Rig.with(provokes: true) { rig in
                let token = rig.emulator.addresses.refreshToken
                try await refused(
                    rig, rig.options + " --root-path /no/such", token: token, status: 64, says: "no folder “no”")
                try await refused(
                    rig, rig.options + " --root-folder-id " + String(repeating: "0", count: 40), token: token,
                    status: 69, says: "root folder")
            }
        }

        /// `ALIYUNFS_TEST_ENTRIES` sets how many (100,000), a multiple of 100.
        @Test func aVeryLargeFolder() async throws {
            let count = ProcessInfo.processInfo.environment["ALIYUNFS_TEST_ENTRIES"].flatMap { Int($0) } ?? 100_000
            try await Rig.with { rig in
                rig.emulator.change { $0.rateLimits = .none }
                try rig.emulator.putMany("/big", count: count)
                // On a slow machine this may take longer than a listing lives.
                try await rig.mount("--rate-list 1000 --dir-cache-time 1h")
                let names = try await rig.check("ls -U mnt/big > names; sort -u names | wc -l", limit: 1200)
                #expect(names.lines == ["\(count)"])
                #expect(try await rig.check("stat -c %s mnt/big/$(sort names | tail -1)").lines == ["0"])
                #expect(rig.calls("list") == 1 + count / 100)
            }
        }
    }
}
