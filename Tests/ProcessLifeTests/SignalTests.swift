import Basics
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import ProcessLife

/// With a real process that is signalled.
@Suite struct SignalTests {
    let work: Workplace
    let time = ManualTime()

    init() throws { work = try Workplace() }

    /// Starts the probe in the background; it is ready when this returns.
    func probe(_ words: String...) async throws -> OtherProcess {
        let program = try Built.program("ProcessLifeProbe")
        let start = BackgroundStart(time: time, limit: .seconds(60))
        let arguments = ["probe", work.path.appending("state").string] + words
        try await start.run(program, arguments, environment: ProcessInfo.processInfo.environment, stop: StopSignal())
        let noted = try work.path.appending("state/lock").readText(atMost: 1_000).split(separator: "\n")
        #expect(noted.last == "/probe")
        return try #require(noted.first.flatMap { pid_t($0) }.flatMap { OtherProcess(pid: $0) })
    }

    /// As its parent, waits for it: no clock is asked.
    func end(of process: OtherProcess) async -> Spawn.End? {
        await Blocking.run(within: .seconds(60), on: time) {
            do throws(Errno) { return try Spawn.wait(for: process.pid) } catch { return nil }
        } ?? nil
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func aSignalEndsItInOrder(signal: Int32) async throws {
        let process = try await probe()
        #expect(process.isRunning)
        kill(process.pid, signal)
        #expect(await end(of: process) == .exited(0))
        #expect(!process.isRunning)
    }

    @Test func aSecondSignalHurries() async throws {
        let process = try await probe("--stubborn")
        kill(process.pid, SIGTERM)
        kill(process.pid, SIGINT)
        #expect(await end(of: process) == .exited(3))
    }

    @Test func aSecondProcessIsToldWhoHoldsTheState() async throws {
        let process = try await probe()
        await #expect(throws: MountFailure.self) { try await probe() }
        do {
            _ = try await probe()
        } catch let failure as MountFailure {
            #expect(failure.status == .cannotCreate)
            #expect(failure.message.contains("is in use by process \(process.pid), which serves /probe; "))
        }
        kill(process.pid, SIGTERM)
        #expect(await end(of: process) == .exited(0))
    }

    @Test func stagesAreReachedOneAfterTheOther() async throws {
        let stop = StopSignal()
        async let first: Void = stop.reached(.stopping)
        #expect(stop.stage == .running)
        stop.request()
        try await first
        #expect(stop.stage == .stopping)
        stop.request()
        stop.request()
        try await stop.reached(.hurrying)
        try await stop.reached(.running)
    }

    @Test func aWaiterCanLeave() async {
        let stop = StopSignal()
        let waiter = Task { try await stop.reached(.stopping) }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
    }
}
