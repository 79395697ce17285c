import AlipanEmulator
import Foundation
import TestSupport
import Testing

extension MountTests {
    /// A drive that speaks TLS, as the real one does.
    @Suite struct TLS {
        @Test func readsAndWritesThroughTLS() async throws {
            try await Rig.with(isLimited: false, isEncrypted: true) { rig in
                #expect(rig.options.contains("https://"))
                try rig.emulator.put("/a", .synthetic(size: 5_000_000))
                // Relative to where the mount is started, not to where it lives.
                try await rig.mount(environment: ["SSL_CERT_FILE": "authority.pem"])
                let sum = try await rig.check("sha1sum < mnt/a").output.prefix(40).uppercased()
                #expect(rig.stored()["/a"]?.sha1 == sum)
                _ = try await rig.check("""
                    mkdir out; head -c 3000001 /dev/urandom > out/b; cp out/b mnt/
                    \(Rig.program) sync mnt; cmp out/b mnt/b; rm mnt/a; \(Rig.program) sync mnt
                    """)
                try await rig.expectOnDrive("out", at: "")
                try await rig.unmount()
                #expect(try await rig.sh("mountpoint -q mnt").status != 0)
            }
        }

        @Test func aDriveThatIsNotTrustedIsNotMounted() async throws {
            try await Rig.with(isEncrypted: true) { rig in
                let stranger = try await TestAuthority(in: rig.folder.path, named: "stranger")
                let wrong = try await rig.sh(
                    "\(Rig.program) mount \(rig.options) mnt", limit: 30,
                    environment: token(rig).merging(["SSL_CERT_FILE": stranger.root]) { $1 })
                #expect(wrong.status == 69, "\(wrong)")
                #expect(
                    wrong.errors == "aliyunfs: asking for the account: the drive's certificate is not trusted "
                        + "(renewing the login at 127.0.0.1: it is signed by nobody who is trusted here, or out of "
                        + "date). Check this machine's clock, proxies that intercept, the package ca-certificates "
                        + "and SSL_CERT_FILE\n")
                let none = try await rig.sh(
                    "\(Rig.program) mount \(rig.options) mnt", limit: 30,
                    environment: token(rig).merging(["SSL_CERT_FILE": rig.log.path]) { $1 })
                #expect(none.status == 64 && none.errors.contains("\(rig.log.path) holds no certificate"), "\(none)")
                #expect(try await rig.sh("mountpoint -q mnt").status != 0)
                #expect(rig.emulator.counters.endpoints.values.allSatisfy { $0.requests == 0 })
            }
        }

        /// As with a drive that cannot be reached, what is known stays there to be looked at.
        @Test func aMountThatWasThereBeforeStartsFromItsDatabase() async throws {
            try await Rig.with(isEncrypted: true) { rig in
                try rig.emulator.put("/d/a", .text("x"))
                try await rig.mount(environment: ["SSL_CERT_FILE": rig.root])
                _ = try await rig.check("ls mnt/d")
                try await rig.unmount()
                let stranger = try await TestAuthority(in: rig.folder.path, named: "stranger")
                try await rig.mount("--timeout 5s", environment: ["SSL_CERT_FILE": stranger.root])
                #expect(try await rig.check("ls mnt/d", limit: 30).lines == ["a"])
                let failed = try await rig.sh("cat mnt/d/a", limit: 30)
                #expect(failed.status == 1 && failed.errors.contains("Network is unreachable"), "\(failed)")
                #expect(try await rig.sh("\(Rig.program) status mnt").output.contains("certificate is not trusted"))
            }
        }

        private func token(_ rig: Rig) -> [String: String] {
            ["ALIYUNFS_REFRESH_TOKEN": rig.emulator.addresses.refreshToken]
        }
    }
}
