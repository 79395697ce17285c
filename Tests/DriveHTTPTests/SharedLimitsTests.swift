import Basics
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import DriveHTTP

/// Two mounts on one directory: separate open files, as in two processes.
@Suite struct SharedLimitsTests {
    private let scratch = Scratch()
    private let time = ManualTime()

    private func gate(_ rate: Double = 4, _ kind: RequestClass = .list) -> RequestGate {
        RequestGate(kind, perSecond: rate, limits: SharedLimits(directory: scratch.path), time: time)
    }

    private func turn(_ gate: RequestGate) async throws -> RequestGate.Turn {
        try await gate.turn(.foreground, until: time.now() + .seconds(60))
    }

    @Test func twoMountsShareOneBudget() async throws {
        let (one, two) = (gate(), gate())
        for gate in [one, two, one, two] { try await turn(gate).sent() }
        let fifth = Task { try await turn(one) }
        await time.sleepers(atLeast: 2)
        #expect(one.budget().waiting == 1)
        time.advance(by: .milliseconds(1_499))
        await time.sleepers(atLeast: 2)
        #expect(one.budget().waiting == 1)
        time.advance(by: .milliseconds(1))
        _ = try await fifth.value
        #expect(one.budget().sent == 2 && two.budget().sent == 2)
    }

    @Test func classesAreSeparate() async throws {
        let (list, link) = (gate(1, .list), gate(1, .link))
        try await turn(list).sent()
        try await turn(link).sent()
    }

    @Test func anAnswerFreesItsSlotASecondLater() async throws {
        let gate = gate(1)
        let first = try await turn(gate)
        first.sent()
        time.advance(by: .milliseconds(100))
        let second = Task { try await turn(gate) }
        await time.sleepers(atLeast: 2)
        first.answered()
        time.advance(by: .milliseconds(999))
        await time.sleepers(atLeast: 2)
        #expect(gate.budget().waiting == 1)
        time.advance(by: .milliseconds(1))
        _ = try await second.value
    }

    @Test func aTurnThatWasNotUsedGoesToTheNext() async throws {
        let gate = gate(1)
        try await turn(gate).failed()
        try await turn(gate).failed()
    }

    @Test func apauseHoldsForAllMounts() async throws {
        let (one, two) = (gate(), gate())
        let until = one.throttled(after: .seconds(5), jitter: 0)
        #expect(until == time.now() + .seconds(5))
        #expect(two.budget().pausedUntil == until)
        let waiter = Task { try await turn(two) }
        await time.sleepers(atLeast: 2)
        #expect(two.budget().waiting == 1)
        time.advance(by: .seconds(5))
        _ = try await waiter.value
        #expect(one.budget().throttled == 1 && two.budget().pausedUntil == nil)
    }

    /// A place that cannot reserve room, as on a full disk. The descriptor is closed once: closed again, the number may
    /// be that of another thread's file.
    @Test func aFileThatCannotBeMadeClosesNothingOfOthers() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    let other = open("/dev/null", O_RDONLY | O_CLOEXEC)
                    #expect(other >= 0 && close(other) == 0)
                }
            }
            for _ in 0..<5_000 { #expect(throws: FileFault.self) { try SharedFile(path: "/dev/null", length: 100) } }
            group.cancelAll()
        }
    }

    @Test(arguments: [Data(), Data("rubbish".utf8), Data(repeating: 0xFF, count: 9_000)])
    func aDamagedFileIsHealed(content: Data) async throws {
        try content.write(to: URL(fileURLWithPath: scratch.path + "/limits"))
        let gate = gate(1)
        try await turn(gate).sent()
        let other = self.gate(1)
        #expect(other.budget().waiting == 0)
        let waiter = Task { try await turn(other) }
        await time.sleepers(atLeast: 2)
        #expect(other.budget().waiting == 1)
        waiter.cancel()
    }

    @Test func withoutADirectoryTheLimitsStillHold() async throws {
        let limits = SharedLimits(directory: scratch.path + "/missing")
        #expect(limits.fault != nil)
        let gate = RequestGate(.link, perSecond: 1, limits: limits, time: time)
        try await turn(gate).sent()
        let waiter = Task { try await turn(gate) }
        await time.sleepers(atLeast: 2)
        #expect(gate.budget().waiting == 1)
        waiter.cancel()
    }

    @Test func theFileHoldsNothingForOthers() throws {
        _ = SharedLimits(directory: scratch.path)
        let mode = try FileManager.default.attributesOfItem(atPath: scratch.path + "/limits")[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }
}
