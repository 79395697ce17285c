import AlipanEmulator
import Foundation
import TestSupport
import Testing

/// All tests on real mounts. One after the other: each wants the machine for itself.
@Suite(.serialized) struct MountTests {}

/// What a command left behind.
struct Outcome {
    var status: Int32
    var output: String
    var errors: String
    var lines: [String] { output.split(separator: "\n").map(String.init) }
}

/// Runs commands as children with a time limit, never on a thread of the cooperative pool.
enum Shell {
    /// Runs `script` with bash; 124 is the status when the limit passed.
    static func run(
        _ script: String, in folder: URL, limit: Int = 120, environment: [String: String] = [:]
    ) async -> Outcome {
        let words = ["timeout", "-k", "5", "\(limit)", "/bin/bash", "-c", "set -o pipefail\n" + script]
        let variables = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("ALIYUNFS_") }.merging(environment) { $1 }
        let outcome = await Child(words, in: folder.path, environment: variables).outcome()
        return Outcome(
            status: outcome.status, output: String(decoding: outcome.output, as: UTF8.self),
            errors: String(decoding: outcome.errors, as: UTF8.self))
    }
}

/// An emulated drive and a folder to mount it at, with everything that the program needs. One for a test.
final class Rig: Sendable {
    let emulator: Emulator
    /// Scratch of this test: `mnt`, `state`, `seed`, `log`.
    let folder: URL
    /// The drive holds its clients to its limits.
    let isLimited: Bool
    /// `aliyunfs` as it was built beside these tests.
    static let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("aliyunfs").path

    var mountPoint: URL { folder.appendingPathComponent("mnt") }
    var root: String { folder.path + "/authority.pem" }
    var log: URL { folder.appendingPathComponent("log") }

    private init(_ emulator: Emulator, _ folder: URL, isLimited: Bool) {
        self.emulator = emulator
        self.folder = folder
        self.isLimited = isLimited
    }

    /// Runs `body` with a fresh drive. Afterwards nothing is left: no mount, no process, no folder. The drive must
    /// not have had to throttle or refuse anything that `body` did not provoke.
    ///
    /// - Parameter isLimited: whether drive and mount keep to the usual limits; of no use where a test is about
    ///   behaviour alone.
    /// - Parameter isEncrypted: whether the drive speaks TLS, with a certificate that only who trusts `root` trusts.
    static func with(
        seed: ((URL) async throws -> Void)? = nil, provokes: Bool = false, isLimited: Bool = true,
        isEncrypted: Bool = false, _ body: (Rig) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("mount-test-\(UUID().uuidString)")
        for name in ["mnt", "seed"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        try await seed?(folder.appendingPathComponent("seed"))
        var configuration = Configuration()
        // An account of its own, so that no test waits for the limits that another has used up.
        configuration.userID = UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
        configuration.seedDirectory = folder.appendingPathComponent("seed").path
        configuration.switches.rateLimits =
            isLimited ? RateLimits(list: 4, link: 1, other: 15, perSecond: true) : .none
        configuration.switches.slotLingerMs = 20
        if isEncrypted {
            let certificate = try await TestAuthority(in: folder.path).certificate()
            configuration.certificate = CertificateFiles(chain: certificate.chain, key: certificate.key)
        }
        let emulator = try await Emulator.start(configuration: configuration)
        let rig = Rig(emulator, folder, isLimited: isLimited)
        let result: Result<Void, any Error>
        do { result = .success(try await body(rig)) } catch { result = .failure(error) }
        try await rig.tearDown(expectsRefusals: provokes)
        try result.get()
    }

    private func tearDown(expectsRefusals: Bool) async throws {
        _ = try await sh("\(Self.program) unmount --force mnt || fusermount3 -u -z mnt || true", limit: 60)
        let mounts = try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)
        #expect(!mounts.contains(folder.lastPathComponent), "still mounted")
        let counters = emulator.counters
        #expect(counters.throttled == 0, "the drive had to throttle: \(counters.endpoints)")
        if !expectsRefusals { #expect(counters.refused == 0, "the drive refused: \(counters.lastRefusals)") }
        #expect(counters.mostOpenBodies <= 3)
        try await emulator.stop()
        if FileManager.default.fileExists(atPath: log.path) {
            let text = try String(contentsOf: log, encoding: .utf8)
            for word in ["Fatal error", "Precondition", "eyJ", "Bearer"] where text.contains(word) {
                Issue.record("the log says “\(word)”:\n\(text.suffix(2000))")
            }
        }
        try FileManager.default.removeItem(at: folder)
        // Where the mounts of this account met (as root; elsewhere it lies beside the state, in the folder).
        let limits = "/run/aliyunfs/limits-" + emulator.addresses.userId
        if FileManager.default.fileExists(atPath: limits) { try FileManager.default.removeItem(atPath: limits) }
    }

    @discardableResult
    func sh(_ script: String, limit: Int = 120, environment: [String: String] = [:]) async throws -> Outcome {
        await Shell.run(script, in: folder, limit: limit, environment: environment)
    }

    /// Runs the script and demands that it succeeds; returns what it printed.
    func check(_ script: String, limit: Int = 120) async throws -> Outcome {
        let outcome = try await sh(script, limit: limit)
        #expect(outcome.status == 0, "\(script)\n\(outcome.output.suffix(2500))\(outcome.errors.suffix(1500))")
        return outcome
    }

    /// The options of a mount of this drive, all but the mount point.
    var options: String {
        "--api-url \(emulator.addresses.apiUrl) --renew-url \(emulator.addresses.renewUrl) "
            + "--state-dir \(folder.path)/state --log-file \(log.path)"
            + (isLimited ? "" : " --rate-list 1000 --rate-link 1000 --rate-other 1000")
    }

    func mount(
        _ more: String = "", token: String? = nil, environment: [String: String] = [:]
    ) async throws {
        let token = token ?? emulator.addresses.refreshToken
        let outcome = try await sh(
            "\(Self.program) mount \(options) \(more) mnt", limit: 60,
            environment: environment.merging(["ALIYUNFS_REFRESH_TOKEN": token]) { $1 })
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        try #require(outcome.status == 0)
    }

    func unmount() async throws { _ = try await check("\(Self.program) unmount mnt", limit: 60) }

    func calls(_ endpoint: String) -> Int { emulator.counters[endpoint].requests }
}
